import type pg from 'pg'
import type { Random } from './random.ts'

/** What a row looks like in the topic and in the objects. */
export interface Row {
  readonly id: number
  /** How often the row was changed. */
  readonly rev: number
  readonly content: string
}

/** The content of a row follows from its id and revision, so that a mixed-up one shows. */
export function contentOf(id: number, rev: number): string {
  return `row ${id} in revision ${rev}: Zoë says "hi"\tand leaves`
}

const CONTENT = `'row ' || id || ' in revision ' || rev || ': Zoë says "hi"' || E'\\t' || 'and leaves'`

/** A table that has grown to this many rows grows slowly from then on, so that a round on a busy machine ends. */
const FAST_UP_TO = 12_000

/**
 * A table that rows are added to, and if asked for changed in, while a source reads it. One connection writes, statement
 * by statement, so that ids appear in their order: a polling source promises nothing else.
 */
export class GrowingTable {
  readonly name: string
  readonly hasUpdates: boolean
  readonly #client: pg.Client
  #rows = 0
  #isStopping = false
  #running: Promise<void> = Promise.resolve()
  #slowestMs = 0

  constructor(client: pg.Client, name: string, hasUpdates: boolean) {
    this.#client = client
    this.name = name
    this.hasUpdates = hasUpdates
  }

  get rows(): number {
    return this.#rows
  }

  /** The statement that took longest: a source that reads by time misses rows of one slower than its delay. */
  get slowestMs(): number {
    return this.#slowestMs
  }

  async create(rows: number): Promise<void> {
    await this.#client.query(
      `CREATE TABLE ${this.name} (
         id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
         rev integer NOT NULL DEFAULT 0,
         updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
         content text GENERATED ALWAYS AS (${CONTENT}) STORED
       )`,
    )
    await this.#client.query(`CREATE INDEX ON ${this.name} (updated_at, id)`)
    await this.insert(rows)
  }

  async insert(rows: number): Promise<void> {
    await this.#timed(`INSERT INTO ${this.name} (rev) SELECT 0 FROM generate_series(1, ${rows})`)
    this.#rows += rows
  }

  /** Adds and changes rows in the background until `stop`. */
  grow(random: Random): void {
    this.#running = this.#grow(random)
    // Told by `stop`.
    this.#running.catch(() => undefined)
  }

  /** Rejects if writing failed. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#running
  }

  /** Every row as it is now. */
  async current(): Promise<Row[]> {
    const { rows } = await this.#client.query<{ id: string; rev: number; content: string }>(
      `SELECT id, rev, content FROM ${this.name} ORDER BY id`,
    )
    return rows.map(({ id, rev, content }) => ({ id: Number(id), rev, content }))
  }

  async #grow(random: Random): Promise<void> {
    while (!this.#isStopping) {
      await this.insert(random.between(1, this.#rows < FAST_UP_TO ? 150 : 5))
      if (this.hasUpdates && random.chance(0.5)) {
        const first = random.between(1, this.#rows)
        await this.#timed(
          `UPDATE ${this.name} SET rev = rev + 1, updated_at = clock_timestamp()
            WHERE id BETWEEN ${first} AND ${first + random.between(0, 100)}`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, random.between(0, 60)))
    }
  }

  async #timed(statement: string): Promise<void> {
    const startedAt = performance.now()
    await this.#client.query(statement)
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt)
  }
}
