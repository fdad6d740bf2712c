import fc from 'fast-check'
import type { CellReader, Column, Field, RowBatch, RowPlan, Schema } from '../../src/connect/index.ts'
import {
  date,
  decimal,
  primitive,
  struct,
  timestamp,
  utf8Text,
  writeBytes,
  writeJsonBase64,
  writeJsonDecimal,
  writeJsonDouble,
  writeJsonString,
} from '../../src/connect/index.ts'

/** A kind of column for random batches: its schema, how values become cells, and how cells are read. */
interface ColumnKind {
  readonly schema: (options: { optional: boolean }) => Schema
  readonly value: fc.Arbitrary<unknown>
  toBytes(value: unknown): Uint8Array
  readonly reader: CellReader
}

const text = (value: unknown): Uint8Array => Buffer.from(String(value))

const plain = (read: (text: string) => unknown): CellReader => ({
  value: (bytes, start, end) => read(utf8Text(bytes, start, end)),
  writeJson: (out, bytes, start, end) => writeBytes(out, bytes, start, end),
})

const integer = (read: string): number | bigint => {
  const number = Number(read)
  return Number.isSafeInteger(number) ? number : BigInt(read)
}

const kinds: readonly ColumnKind[] = [
  {
    schema: (options) => primitive('STRING', options),
    value: fc.string({ unit: fc.constantFrom('a', 'Z', '"', '\\', '\n', '\u0001', 'é', '€', '😀', ' ') }),
    toBytes: text,
    reader: { value: utf8Text, writeJson: writeJsonString },
  },
  { schema: (options) => primitive('INT32', options), value: fc.integer(), toBytes: text, reader: plain(Number) },
  {
    schema: (options) => primitive('INT64', options),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    toBytes: text,
    reader: plain(integer),
  },
  {
    schema: (options) => primitive('BOOLEAN', options),
    value: fc.boolean(),
    toBytes: text,
    reader: plain((read) => read === 'true'),
  },
  {
    schema: (options) => primitive('FLOAT64', options),
    value: fc.double(),
    toBytes: text,
    reader: {
      value: (bytes, start, end) => Number(utf8Text(bytes, start, end)),
      writeJson: (out, bytes, start, end) => writeJsonDouble(out, Number(utf8Text(bytes, start, end))),
    },
  },
  {
    schema: (options) => date(options),
    value: fc.integer({ min: -9999, max: 99999 }),
    toBytes: text,
    reader: plain(Number),
  },
  { schema: (options) => timestamp(options), value: fc.maxSafeInteger(), toBytes: text, reader: plain(Number) },
  {
    schema: (options) => decimal(2, options),
    value: fc.integer({ min: -99_999, max: 99_999 }).map((cents) => (cents / 100).toFixed(2)),
    toBytes: text,
    reader: {
      value: utf8Text,
      writeJson(out, bytes, start, end, decimals) {
        if (decimals === 'NUMERIC') writeBytes(out, bytes, start, end)
        else writeJsonDecimal(out, bytes, start, end, 2)
      },
    },
  },
  {
    schema: (options) => primitive('BYTES', options),
    value: fc.uint8Array(),
    toBytes: (value) => value as Uint8Array,
    reader: { value: (bytes, start, end) => bytes.slice(start, end), writeJson: writeJsonBase64 },
  },
]

interface RandomColumn {
  readonly kind: ColumnKind
  readonly optional: boolean
  readonly constant: boolean
  readonly cells: readonly unknown[]
  readonly fallback: unknown
}

const randomColumn: fc.Arbitrary<RandomColumn> = fc
  .constantFrom(...kinds)
  .chain((kind) =>
    fc
      .record({ optional: fc.boolean(), constant: fc.boolean(), hasDefault: fc.boolean(), fallback: kind.value })
      .chain(({ optional, constant, hasDefault, fallback }) =>
        fc
          .array(optional ? fc.option(kind.value) : kind.value, { minLength: 3, maxLength: 3 })
          .map((cells) => ({ kind, optional, constant, cells, fallback: hasDefault ? fallback : undefined })),
      ),
  )

/** Field names of random plans; more than a plan has columns, so that transforms also name absent fields. */
export const fieldNames = ['id', 'na"me', 'größe', 'b', 'c_d', 'e'] as const

/** Random batches of three rows with up to six columns of all kinds, constants and nulls among them. */
export const randomBatch: fc.Arbitrary<RowBatch> = fc
  .record({
    columns: fc.array(randomColumn, { minLength: 0, maxLength: fieldNames.length }),
    name: fc.option(fc.constant('db.public.t'), { nil: undefined }),
    partition: fc.option(fc.nat({ max: 5 })),
    timestamp: fc.option(fc.nat()),
    keyed: fc.boolean(),
    header: fc.option(fc.integer()),
  })
  .map(({ columns, name, partition, timestamp: time, keyed, header }) => {
    const fields: Field[] = []
    const planned: Column[] = []
    let cells = 0
    for (const [i, { kind, optional, constant, cells: values, fallback }] of columns.entries()) {
      const base = kind.schema({ optional })
      fields.push({ name: fieldNames[i] ?? '', schema: fallback === undefined ? base : { ...base, default: fallback } })
      planned.push(
        constant ? { kind: 'constant', value: values[0] } : { kind: 'cell', cell: cells++, reader: kind.reader },
      )
    }
    const rows = columns.map(({ kind, cells: values }) =>
      values.map((value) => (value === null ? null : kind.toBytes(value))),
    )
    const isCell = (_row: unknown, column: number): boolean => planned[column]?.kind === 'cell'
    const value = { schema: struct(fields, name === undefined ? {} : { name }), columns: planned }
    const plan: RowPlan = {
      topic: 'orders',
      kafkaPartition: partition,
      key: keyed ? value : null,
      value,
      timestamp: time,
      ...(header === null ? {} : { headers: [{ key: 'h', schema: primitive('INT32'), value: header }] }),
    }
    return { plan, ...lay(rows.filter(isCell)), sourcePartition: { table: 't' }, sourceOffset: { id: 3 } }
  })

function lay(
  columns: readonly (Uint8Array | null)[][],
): Pick<RowBatch, 'bytes' | 'starts' | 'ends' | 'rows' | 'cellsPerRow'> {
  const starts = new Int32Array(3 * columns.length)
  const ends = new Int32Array(3 * columns.length)
  const parts: Uint8Array[] = []
  let position = 0
  for (let row = 0; row < 3; row++) {
    for (const [cell, values] of columns.entries()) {
      const bytes = values[row] ?? null
      const at = row * columns.length + cell
      starts[at] = bytes === null ? -1 : position
      ends[at] = position + (bytes?.length ?? 0)
      if (bytes !== null) parts.push(bytes)
      position = ends[at] ?? position
    }
  }
  return { bytes: Buffer.concat(parts), starts, ends, rows: 3, cellsPerRow: columns.length }
}
