import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordBatchBuilder } from '../../../src/protocol/records/index.ts'

test('a small batch does not hold on to a large memory, a full one is not copied', () => {
  const small = new RecordBatchBuilder({ initialCapacity: 100_000 })
  small.append({ timestamp: 0, key: null, value: Buffer.from('x') })
  const smallBatch = small.build()
  assert.equal(smallBatch.buffer.byteLength, smallBatch.length)

  const full = new RecordBatchBuilder({ initialCapacity: 100_000 })
  full.append({ timestamp: 0, key: null, value: Buffer.alloc(50_000) })
  const memory = full.out.bytes.buffer
  assert.equal(full.build().buffer, memory)
})

test('the size of a builder is the size of its uncompressed batch', () => {
  const builder = new RecordBatchBuilder()
  assert.equal(builder.sizeInBytes, 61)
  builder.append({
    timestamp: 0,
    key: Buffer.from('key'),
    value: Buffer.alloc(500),
    headers: [{ key: 'h', value: null }],
  })
  assert.equal(builder.sizeInBytes, builder.build().length)
})

test('calls in the wrong order are refused', () => {
  const builder = new RecordBatchBuilder()
  assert.throws(() => builder.build(), /without records/)
  assert.throws(() => builder.endRecord(), /without beginRecord/)
  assert.throws(() => builder.cancelRecord(), /without beginRecord/)
  builder.beginRecord(0, null)
  assert.throws(() => builder.beginRecord(0, null), /in progress/)
  assert.throws(() => builder.append({ timestamp: 0, key: null, value: null }), /in progress/)
  assert.throws(() => builder.build(), /in progress/)
  builder.endRecordNullValue()
  builder.build()
  assert.throws(() => builder.build(), /twice/)
})
