import type pg from 'pg'
import type { ObjectFolder } from '../rig/object-folder.ts'

export interface Comparison {
  readonly rows: number
  /** Records in the objects, older versions of a row and repetitions included. */
  readonly records: number
  readonly missing: number
  readonly differing: number
  /** Rows in the objects that the table does not have. */
  readonly unknown: number
  /** A few of what is wrong, for the terminal. */
  readonly examples: readonly string[]
}

/** The table as the objects should show it: timestamps in milliseconds, amounts as numbers. */
const statement = `
SELECT id::float8, customer_id, customer, city, status, amount::float8 AS amount, quantity, paid, note,
       floor(extract(epoch FROM ordered_at) * 1000)::float8 AS ordered_at,
       floor(extract(epoch FROM updated_at) * 1000)::float8 AS updated_at
  FROM orders`

/** Compares the newest record of each row with the table, field by field. */
export async function compareWithTable(client: pg.Client, folder: ObjectFolder): Promise<Comparison> {
  const newest = new Map<number, Record<string, unknown>>()
  let records = 0
  for await (const record of folder.records()) {
    records++
    newest.set(record['id'] as number, record)
  }
  const { rows } = await client.query<Record<string, unknown>>(statement)
  const examples: string[] = []
  let missing = 0
  let differing = 0
  for (const row of rows) {
    const record = newest.get(row['id'] as number)
    newest.delete(row['id'] as number)
    if (!record) {
      missing++
      if (examples.length < 5) examples.push(`row ${String(row['id'])} is in no object`)
      continue
    }
    const field = Object.keys(row).find((name) => row[name] !== record[name])
    if (field !== undefined || Object.keys(record).length !== Object.keys(row).length) {
      differing++
      if (examples.length < 5)
        examples.push(
          `row ${String(row['id'])}: ${field ?? 'fields'} is ${String(record[field ?? ''])}, not ${String(row[field ?? ''])}`,
        )
    }
  }
  for (const id of newest.keys())
    if (examples.length < 5) examples.push(`objects hold a row ${id} that the table does not have`)
  return { rows: rows.length, records, missing, differing, unknown: newest.size, examples }
}
