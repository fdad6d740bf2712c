import { booleanReader, decimalReader, integerReader } from '../../connectors/postgres/cells/numbers.ts'
import { timestampReader } from '../../connectors/postgres/cells/temporal.ts'
import { textReader } from '../../connectors/postgres/cells/text.ts'
import { CopyRows } from '../../connectors/postgres/wire/copy-rows.ts'
import {
  type CellReader,
  decimal,
  type Field,
  primitive,
  type RowBatch,
  type Schema,
  struct,
  timestamp,
} from '../../src/connect/index.ts'
import { jsonConverter } from '../../src/converters/index.ts'
import { RecordBatchBuilder } from '../../src/protocol/records/encode.ts'

// Guards connectors/postgres/wire/copy-rows.ts, connectors/postgres/cells and src/converters/json/row-writer.ts: rows like
// those of bench/rig/orders.ts as COPY gives them, tokenised, then written as JSON into record batches. One JSON line a
// figure, in rows/s. Run: node bench/micro/copy-rows.ts [rows]

const rows = Number(process.argv[2] ?? 1_000_000)
const ROWS_PER_CHUNK = 500
const BATCH_BYTES = 1_000_000

const text = primitive('STRING')
const time = timestampReader({ proleptic: false, zone: null })
const columns: readonly [string, Schema, CellReader, (row: number) => string][] = [
  ['id', primitive('INT64'), integerReader, (row) => String(500_000 + row)],
  ['customer_id', primitive('INT32'), integerReader, (row) => String(1000 + ((row * 7919) % 90_000))],
  ['customer', text, textReader, (row) => (row % 2 === 0 ? 'José Andersson' : 'Mehmet Nakamura')],
  ['city', text, textReader, (row) => (row % 3 === 0 ? 'Genève' : 'Nairobi')],
  ['status', text, textReader, (row) => (row % 3 === 0 ? 'shipped' : 'packed')],
  ['amount', decimal(2), decimalReader('amount', 2, false), (row) => `${(row * 104_729) % 10_000}.${10 + (row % 90)}`],
  ['quantity', primitive('INT32'), integerReader, (row) => String(1 + (row % 9))],
  ['paid', primitive('BOOLEAN'), booleanReader, (row) => (row % 5 === 0 ? 'f' : 't')],
  ['note', primitive('STRING', { optional: true }), textReader, (row) => note(row)],
  ['ordered_at', timestamp(), time, (row) => `2026-0${1 + (row % 8)}-1${row % 9} 0${row % 9}:17:3${row % 9}+00`],
  ['updated_at', timestamp(), time, (row) => `2026-11-25 12:47:${10 + (row % 50)}.${100_000 + row * 37}+00`],
]

function note(row: number): string {
  return row % 3 !== 0 ? '\\N' : row % 2 === 0 ? 'call "before" delivery' : 'fragile: glass\\tinside'
}

/** CopyData messages, a row each. */
function chunk(): Buffer {
  const messages = Array.from({ length: ROWS_PER_CHUNK }, (_none, row) => {
    const line = Buffer.from(`${columns.map(([, , , cell]) => cell(row)).join('\t')}\n`)
    const message = Buffer.alloc(5 + line.length, line)
    message[0] = 0x64
    message.writeInt32BE(4 + line.length, 1)
    line.copy(message, 5)
    return message
  })
  return Buffer.concat(messages)
}

const bytes = chunk()
const cells = new CopyRows(columns.length)
const value = {
  schema: struct(columns.map(([name, schema]): Field => ({ name, schema }))),
  columns: columns.map(([, , reader], cell) => ({ kind: 'cell', cell, reader }) as const),
}
const plan = { topic: 'orders', kafkaPartition: null, key: null, value, timestamp: null }
const converter = jsonConverter.create(jsonConverter.config.parse({ 'schemas.enable': 'false' }), 'value')
const write = converter.rowWriter?.('orders', value)
if (!write) throw new Error('the plan has no row writer')

/** Rows per second of CPU time, the best of five slices. */
function measure(name: string, work: () => void): void {
  const runs = Math.ceil(rows / ROWS_PER_CHUNK / 5)
  let best = 0
  for (let slice = 0; slice < 7; slice++) {
    const before = process.cpuUsage()
    for (let i = 0; i < runs; i++) work()
    const { user, system } = process.cpuUsage(before)
    if (slice > 1) best = Math.max(best, (runs * ROWS_PER_CHUNK * 1e6) / (user + system))
  }
  console.log(JSON.stringify({ name, value: Math.round(best), unit: 'rows/s' }))
}

const tokenize = (): void => cells.tokenize({ bytes, start: 0, end: bytes.length })
let memory: Uint8Array | undefined
let builder = new RecordBatchBuilder({ initialCapacity: BATCH_BYTES * 1.1 })
const writeRows = (): void => {
  const { starts, ends } = cells
  const sourceOffset = null
  const cellsPerRow = columns.length
  const batch: RowBatch = {
    plan,
    bytes,
    starts,
    ends,
    rows: cells.rows,
    cellsPerRow,
    sourcePartition: {},
    sourceOffset,
  }
  for (let row = 0; row < batch.rows; row++) {
    builder.beginRecord(1_764_000_000_000, null)
    write(builder.out, batch, row)
    builder.endRecord()
    if (builder.sizeInBytes < BATCH_BYTES) continue
    memory = builder.out.bytes
    builder = new RecordBatchBuilder({ memory })
  }
}

measure('COPY rows tokenised', tokenize)
measure('rows written as JSON into record batches', writeRows)
measure('both', () => {
  tokenize()
  writeRows()
})
