import {
  type CellReader,
  date,
  decimal,
  type Field,
  GrowableBytes,
  primitive,
  type RowBatch,
  rowRecord,
  type Schema,
  scanJson,
  struct,
  timestamp,
  utf8Text,
  writeBytes,
  writeJsonDecimal,
  writeJsonString,
} from '../../src/connect/index.ts'
import { jsonConverter } from '../../src/converters/index.ts'

// Guards src/converters/json/row-writer.ts and src/connect/json/scan.ts: one JSON line a figure. Rows have 10 columns and
// lie as the text of `COPY` does; ratios are to what one would write with objects and JSON.stringify or JSON.parse.
// Run: node bench/micro/json-converter.ts [rows]

const rows = Number(process.argv[2] ?? 200_000)
const ROWS_PER_BATCH = 1000

const verbatim: CellReader = {
  value: (bytes, start, end) => Number(utf8Text(bytes, start, end)),
  writeJson: writeBytes,
}
const text: CellReader = { value: utf8Text, writeJson: writeJsonString }
const truth: CellReader = {
  value: (bytes, start) => bytes[start] === 0x74,
  writeJson(out, bytes, start) {
    writeBytes(out, bytes[start] === 0x74 ? trueText : falseText)
  },
}
const trueText = Buffer.from('true')
const falseText = Buffer.from('false')
const money: CellReader = {
  value: utf8Text,
  writeJson(out, bytes, start, end, decimals) {
    if (decimals === 'NUMERIC') writeBytes(out, bytes, start, end)
    else writeJsonDecimal(out, bytes, start, end, 2)
  },
}

const columns: readonly [string, Schema, CellReader, (row: number) => string | null][] = [
  ['id', primitive('INT64'), verbatim, (row) => String(1_000_000 + row)],
  ['customer_id', primitive('INT32'), verbatim, (row) => String(row % 7919)],
  ['status', primitive('STRING'), text, (row) => (row % 3 === 0 ? 'shipped' : 'pending')],
  ['amount', decimal(2), money, (row) => `${row % 999}.${10 + (row % 90)}`],
  ['note', primitive('STRING', { optional: true }), text, (row) => (row % 4 === 0 ? null : `said "quick", row ${row}`)],
  ['email', primitive('STRING'), text, (row) => `customer${row % 5000}@example.org`],
  ['is_paid', primitive('BOOLEAN'), truth, (row) => (row % 2 === 0 ? 't' : 'f')],
  ['day', date(), verbatim, (row) => String(19_000 + (row % 1000))],
  ['created_at', timestamp(), verbatim, (row) => String(1_764_000_000_000 + row * 17)],
  ['updated_at', timestamp(), verbatim, (row) => String(1_764_000_000_123 + row * 19)],
]

function makeBatch(): RowBatch {
  const cells = Array.from({ length: ROWS_PER_BATCH }, (_row, row) => columns.map(([, , , make]) => make(row))).flat()
  const encoded = cells.map((cell) => (cell === null ? null : Buffer.from(cell)))
  const starts = new Int32Array(cells.length)
  const ends = new Int32Array(cells.length)
  let position = 0
  for (const [i, bytes] of encoded.entries()) {
    starts[i] = bytes === null ? -1 : position
    position += bytes?.length ?? 0
    ends[i] = position
  }
  const value = {
    schema: struct(columns.map(([name, schema]): Field => ({ name, schema }))),
    columns: columns.map(([, , reader], cell) => ({ kind: 'cell', cell, reader }) as const),
  }
  return {
    plan: { topic: 'orders', kafkaPartition: null, key: null, value, timestamp: null },
    bytes: Buffer.concat(encoded.filter((bytes) => bytes !== null)),
    starts,
    ends,
    rows: ROWS_PER_BATCH,
    cellsPerRow: columns.length,
    sourcePartition: {},
    sourceOffset: null,
  }
}

/** Runs `work` on all rows, batch by batch, until it is warm and then for the figure; the best of five, in rows/s. */
function measure(work: () => void): number {
  const batches = Math.ceil(rows / ROWS_PER_BATCH / 5)
  let best = 0
  for (let slice = 0; slice < 7; slice++) {
    const start = performance.now()
    for (let i = 0; i < batches; i++) work()
    const rate = (batches * ROWS_PER_BATCH * 1000) / (performance.now() - start)
    if (slice > 1) best = Math.max(best, rate)
  }
  return best
}

function report(name: string, value: number, unit: string, ratio?: { value: number; of: string }): void {
  const rounded = Math.round(value)
  console.log(
    JSON.stringify({
      name,
      value: rounded,
      unit,
      ...(ratio && { ratio: Number(ratio.value.toFixed(2)), of: ratio.of }),
    }),
  )
}

const batch = makeBatch()
const out = new GrowableBytes(1 << 20)
const encoder = new TextEncoder()

const byObjects = measure(() => {
  for (let row = 0; row < batch.rows; row++) encoder.encode(JSON.stringify(rowRecord(batch, row).value))
})
report('rows as objects and JSON.stringify', byObjects, 'rows/s')

for (const [name, props] of [
  ['rows to JSON', { 'schemas.enable': 'false' }],
  ['rows to JSON with their schema', { 'schemas.enable': 'true' }],
] as const) {
  const write = jsonConverter.create(jsonConverter.config.parse(props), 'value').rowWriter?.('orders', batch.plan.value)
  if (!write) throw new Error('the plan has no row writer')
  const rate = measure(() => {
    out.reset()
    for (let row = 0; row < batch.rows; row++) write(out, batch, row)
  })
  report(name, rate, 'rows/s', { value: rate / byObjects, of: 'objects and JSON.stringify' })
}

const ordinary = jsonConverter.create(jsonConverter.config.parse({ 'schemas.enable': 'false' }), 'value')
const ordinaryRate = measure(() => {
  for (let row = 0; row < batch.rows; row++) {
    const { valueSchema, value } = rowRecord(batch, row)
    ordinary.fromConnectData('orders', valueSchema ?? null, value)
  }
})
report('rows to JSON on the ordinary path', ordinaryRate, 'rows/s', {
  value: ordinaryRate / byObjects,
  of: 'objects and JSON.stringify',
})

const values = Array.from({ length: ROWS_PER_BATCH }, (_row, row) =>
  Buffer.from(JSON.stringify(rowRecord(batch, row).value)),
)
const stored = Buffer.concat(values)
const ends = Int32Array.from(values, (value) => value.length)
for (let i = 1; i < ends.length; i++) ends[i] = (ends[i] ?? 0) + (ends[i - 1] ?? 0)

const parsed = measure(() => {
  for (let i = 0, start = 0; i < ROWS_PER_BATCH; start = ends[i++] as number)
    JSON.parse(stored.toString('utf8', start, ends[i]))
})
report('values checked by JSON.parse', parsed, 'records/s')
const scanned = measure(() => {
  for (let i = 0, start = 0; i < ROWS_PER_BATCH; start = ends[i++] as number)
    if (scanJson(stored, start, ends[i] as number) !== 1) throw new Error('not compact JSON')
})
report('values checked by scanJson', scanned, 'records/s', { value: scanned / parsed, of: 'JSON.parse' })
report('bytes checked by scanJson', (scanned * stored.length) / ROWS_PER_BATCH / 1e6, 'MB/s')
