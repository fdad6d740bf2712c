import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildControlBatch,
  controlTypeOf,
  coordinatorEpochOf,
  decodeBatch,
} from '../../../src/protocol/records/index.ts'

test('a control batch ends a transaction in the layout that every client reads', () => {
  for (const [type, number] of [
    ['abort', 0],
    ['commit', 1],
  ] as const) {
    const marker = { type, producerId: 9, producerEpoch: 2, coordinatorEpoch: 65537, timestamp: 1234 }
    const columns = decodeBatch(buildControlBatch(marker), 0, { verifyCrc: true })
    const { header } = columns
    assert.equal(header.attributes, 0x30)
    assert.ok(header.isControl && header.isTransactional)
    assert.deepEqual(
      [header.producerId, header.producerEpoch, header.baseSequence, header.recordsCount, header.lastOffsetDelta],
      [9, 2, -1, 1, 0],
    )
    assert.deepEqual([header.baseTimestamp, header.maxTimestamp, columns.timestamps[0]], [1234, 1234, 1234])
    assert.deepEqual(columns.key(0), Buffer.from([0, 0, 0, number]))
    assert.deepEqual(columns.value(0), Buffer.from([0, 0, 0, 1, 0, 1]))
    assert.equal(controlTypeOf(columns.key(0)), type)
    assert.equal(coordinatorEpochOf(columns.value(0)), 65537)
  }
})

test('control records that end no transaction have no type', () => {
  assert.equal(controlTypeOf(Buffer.from([0, 0, 0, 2])), null)
  assert.equal(controlTypeOf(Buffer.from([0])), null)
  assert.equal(controlTypeOf(null), null)
  assert.equal(coordinatorEpochOf(null), -1)
})
