import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  batchSizeAt,
  CorruptRecordError,
  decodeBatch,
  iterateBatches,
  RecordBatchBuilder,
  readBatchHeader,
  stampBatch,
  stampLogAppendTime,
  verifyBatchCrc,
} from '../../../src/protocol/records/index.ts'

function batchOf(...values: string[]): Uint8Array {
  const builder = new RecordBatchBuilder()
  for (const [i, value] of values.entries())
    builder.append({ timestamp: 1000 + i, key: null, value: Buffer.from(value) })
  return builder.build()
}

describe('a batch header', () => {
  test('has the layout of magic 2', () => {
    const batch = Buffer.from(batchOf('a', 'b'))
    assert.equal(batch.readBigInt64BE(0), 0n)
    assert.equal(batch.readInt32BE(8), batch.length - 12)
    assert.equal(batch.readInt32BE(12), -1)
    assert.equal(batch.readInt8(16), 2)
    assert.equal(batch.readInt16BE(21), 0)
    assert.equal(batch.readInt32BE(23), 1)
    assert.equal(batch.readBigInt64BE(27), 1000n)
    assert.equal(batch.readBigInt64BE(35), 1001n)
    assert.equal(batch.readBigInt64BE(43), -1n)
    assert.equal(batch.readInt16BE(51), -1)
    assert.equal(batch.readInt32BE(53), -1)
    assert.equal(batch.readInt32BE(57), 2)
    // length 7, attributes, timestamp delta, offset delta, null key, one byte of value, no headers
    assert.equal(batch.subarray(61).toString('hex'), `0e000000010261000e00020201026200`)
  })

  test('can be stamped without touching the CRC, and reads back', () => {
    const batch = batchOf('a', 'b', 'c')
    stampBatch(batch, 0, { baseOffset: 2 ** 40 + 5, partitionLeaderEpoch: 9 })
    assert.ok(verifyBatchCrc(batch, 0))
    const header = readBatchHeader(batch, 0)
    assert.equal(header.baseOffset, 2 ** 40 + 5)
    assert.equal(header.lastOffset, 2 ** 40 + 7)
    assert.equal(header.partitionLeaderEpoch, 9)
    assert.deepEqual(Array.from(decodeBatch(batch, 0).offsets), [2 ** 40 + 5, 2 ** 40 + 6, 2 ** 40 + 7])
  })

  test('with log append time gives that time to every record, under a valid CRC', () => {
    const batch = batchOf('a', 'b')
    stampLogAppendTime(batch, 0, 5_000_000_000_000)
    assert.ok(verifyBatchCrc(batch, 0))
    const columns = decodeBatch(batch, 0)
    assert.equal(columns.header.timestampType, 'LogAppendTime')
    assert.deepEqual(Array.from(columns.timestamps), [5_000_000_000_000, 5_000_000_000_000])
  })

  test('notices every flipped bit that the CRC covers', () => {
    const batch = batchOf('abc')
    for (let at = 17; at < batch.length; at++) {
      batch[at] = (batch[at] as number) ^ 0x10
      assert.equal(verifyBatchCrc(batch, 0), false, `byte ${at}`)
      batch[at] = (batch[at] as number) ^ 0x10
    }
    assert.ok(verifyBatchCrc(batch, 0))
    assert.equal(verifyBatchCrc(batch.subarray(0, batch.length - 1), 0), false)
    assert.equal(verifyBatchCrc(batch.subarray(0, 20), 0), false)
  })

  test('names the format when it is an old one, and what is missing when it is cut', () => {
    const old = Uint8Array.from(batchOf('abc'))
    old[16] = 1
    assert.throws(() => readBatchHeader(old, 0), { name: 'CorruptRecordError', reason: 'magic' })
    assert.throws(() => readBatchHeader(old.subarray(0, 40), 0), { reason: 'magic' })
    assert.throws(() => readBatchHeader(batchOf('abc').subarray(0, 60), 0), { reason: 'truncated' })
  })
})

describe('a run of batches', () => {
  const first = batchOf('a')
  const second = batchOf('b', 'c')
  const both = Buffer.concat([first, second])

  test('is walked up to a cut tail, wherever the cut is', () => {
    for (let length = 0; length <= both.length; length++) {
      const positions = Array.from(iterateBatches(both.subarray(0, length)), (header) => header.position)
      const expected = length === both.length ? [0, first.length] : length >= first.length ? [0] : []
      assert.deepEqual(positions, expected, `${length} bytes`)
    }
  })

  test('knows the size of each, and −1 for a cut one', () => {
    assert.equal(batchSizeAt(both, 0), first.length)
    assert.equal(batchSizeAt(both, first.length), second.length)
    assert.equal(batchSizeAt(both, both.length), -1)
    assert.equal(batchSizeAt(both.subarray(0, both.length - 1), first.length), -1)
  })

  test('with a length that no batch has is corrupt, not endless', () => {
    for (const length of [48, 0, -1, -2147483648]) {
      const broken = Buffer.from(both)
      broken.writeInt32BE(length, 8)
      assert.throws(() => batchSizeAt(broken, 0), CorruptRecordError)
      assert.throws(() => Array.from(iterateBatches(broken)), CorruptRecordError)
    }
  })
})
