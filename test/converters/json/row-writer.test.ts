import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GrowableBytes, primitive, rowRecord } from '../../../src/connect/index.ts'
import type { RowBatch } from '../../../src/connect/index.ts'
import { jsonConverter } from '../../../src/converters/index.ts'
import { randomBatch } from '../../support/row-batches.ts'

const settings = fc.record({
  'schemas.enable': fc.constantFrom('true', 'false'),
  'decimal.format': fc.constantFrom('base64', 'NUMERIC'),
  'replace.null.with.default': fc.constantFrom('true', 'false'),
})

test('the fast path writes the same bytes as the ordinary path, for random schemas, settings and rows', () => {
  fc.assert(
    fc.property(randomBatch, settings, (batch, props) => {
      const converter = jsonConverter.create(jsonConverter.config.parse(props), 'value')
      const write = converter.rowWriter?.('orders', batch.plan.value) ?? null
      for (let row = 0; row < batch.rows; row++) {
        const { valueSchema, value } = rowRecord(batch, row)
        const expected = converter.fromConnectData('orders', valueSchema ?? null, value)
        assert.ok(write)
        const out = new GrowableBytes(8)
        write(out, batch, row)
        assert.equal(Buffer.from(out.copy()).toString(), Buffer.from(expected ?? []).toString())
      }
    }),
    { numRuns: 500 },
  )
})

const oneCell = (schema = primitive('INT32')): RowBatch => ({
  plan: {
    topic: 't',
    kafkaPartition: null,
    key: null,
    timestamp: null,
    value: {
      schema,
      columns: [
        {
          kind: 'cell',
          cell: 0,
          reader: {
            value: (bytes, start, end) => Number(Buffer.from(bytes.subarray(start, end)).toString()),
            writeJson(out, bytes, start, end) {
              for (let i = start; i < end; i++) {
                out.reserve(1)
                out.bytes[out.position++] = bytes[i] ?? 0
              }
            },
          },
        },
      ],
    },
  },
  bytes: Buffer.from('42'),
  starts: Int32Array.of(0, -1),
  ends: Int32Array.of(2, 0),
  rows: 2,
  cellsPerRow: 1,
  sourcePartition: {},
  sourceOffset: null,
})

test('a plan of a single value is written as that value', () => {
  const batch = oneCell()
  for (const [enable, expected] of [
    ['false', '42'],
    ['true', '{"schema":{"type":"int32","optional":false},"payload":42}'],
  ] as const) {
    const converter = jsonConverter.create(jsonConverter.config.parse({ 'schemas.enable': enable }), 'key')
    const out = new GrowableBytes()
    converter.rowWriter?.('t', batch.plan.value)?.(out, batch, 0)
    assert.equal(Buffer.from(out.copy()).toString(), expected)
  }
})

test('a null cell of a required column is an error of that row', () => {
  const batch = oneCell()
  const converter = jsonConverter.create(jsonConverter.config.parse({}), 'value')
  const write = converter.rowWriter?.('t', batch.plan.value)
  assert.throws(() => write?.(new GrowableBytes(), batch, 1), /null value for a value that is required/)
})

test('a constant that its schema does not allow leaves the rows to the ordinary path', () => {
  const converter = jsonConverter.create(jsonConverter.config.parse({}), 'value')
  const plan = { schema: primitive('INT32'), columns: [{ kind: 'constant', value: 'text' }] } as const
  assert.equal(converter.rowWriter?.('t', plan), null)
})
