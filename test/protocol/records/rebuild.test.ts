import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  decodeBatch,
  RecordBatchBuilder,
  rebuildBatch,
  stampBatch,
  stampLogAppendTime,
} from '../../../src/protocol/records/index.ts'
import { compression, records } from './arbitraries.ts'

const stamp = { producerId: 77, producerEpoch: 3, baseSequence: 12, transactional: true }

describe('a rebuilt batch', () => {
  test('holds the kept records unchanged, at their offsets, under the header it had', () => {
    const mask = fc.array(fc.boolean(), { minLength: 80, maxLength: 80 })
    const horizon = fc.option(fc.integer({ min: 0, max: 2 ** 42 }), { nil: undefined })
    fc.assert(
      fc.property(records, compression, mask, horizon, (inputs, type, keep, deleteHorizon) => {
        const kept = Array.from(inputs.keys()).filter((i) => keep[i] === true)
        fc.pre(kept.length > 0)
        const builder = new RecordBatchBuilder({ compression: type })
        for (const input of inputs) builder.append(input)
        const batch = builder.build(stamp)
        stampBatch(batch, 0, { baseOffset: 5000, partitionLeaderEpoch: 4 })
        const before = decodeBatch(batch, 0)
        const options = deleteHorizon === undefined ? {} : { deleteHorizon }
        const rebuilt = rebuildBatch(before, (i) => keep[i] === true, options)
        const after = decodeBatch(rebuilt, 0, { verifyCrc: true })

        assert.equal(after.count, kept.length)
        for (const [now, i] of kept.entries()) {
          assert.equal(after.offsets[now], 5000 + i)
          assert.equal(after.timestamps[now], inputs[i]?.timestamp)
          assert.deepEqual(after.key(now), before.key(i))
          assert.deepEqual(after.value(now), before.value(i))
          assert.deepEqual(after.headers(now), before.headers(i))
        }
        const { header } = after
        assert.equal(header.baseOffset, 5000)
        assert.equal(header.lastOffset, before.header.lastOffset)
        assert.equal(header.partitionLeaderEpoch, 4)
        assert.equal(header.compression, type)
        assert.equal(header.producerId, 77)
        assert.equal(header.producerEpoch, 3)
        assert.equal(header.baseSequence, 12)
        assert.equal(header.isTransactional, true)
        assert.equal(header.maxTimestamp, Math.max(...kept.map((i) => inputs[i]?.timestamp as number)))
        assert.equal(header.hasDeleteHorizon, deleteHorizon !== undefined)
        if (deleteHorizon !== undefined) assert.equal(header.baseTimestamp, deleteHorizon)
      }),
      { numRuns: 100 },
    )
  })

  test('may be empty and still carries its offsets and sequence', () => {
    const builder = new RecordBatchBuilder({ compression: 'zstd' })
    for (let i = 0; i < 10; i++) builder.append({ timestamp: 100 + i, key: null, value: null })
    const before = decodeBatch(builder.build(stamp), 0)
    const after = decodeBatch(
      rebuildBatch(before, () => false),
      0,
      { verifyCrc: true },
    )
    assert.equal(after.count, 0)
    assert.equal(after.header.sizeInBytes, 61)
    assert.equal(after.header.lastOffset, 9)
    assert.equal(after.header.baseSequence, 12)
    assert.equal(after.header.maxTimestamp, 109)
    assert.equal(after.header.compression, 'none')
    assert.equal(after.header.isTransactional, true)
  })

  test('keeps a delete horizon it had, and the log append time', () => {
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < 3; i++) builder.append({ timestamp: i, key: Buffer.from('k'), value: null })
    const batch = builder.build()
    stampLogAppendTime(batch, 0, 9000)
    const once = decodeBatch(
      rebuildBatch(decodeBatch(batch, 0), (i) => i > 0, { deleteHorizon: 123_456 }),
      0,
    )
    const twice = decodeBatch(
      rebuildBatch(once, (i) => i > 0),
      0,
      { verifyCrc: true },
    )
    assert.equal(twice.header.hasDeleteHorizon, true)
    assert.equal(twice.header.baseTimestamp, 123_456)
    assert.equal(twice.header.timestampType, 'LogAppendTime')
    assert.deepEqual(Array.from(twice.timestamps), [9000])
    assert.deepEqual(Array.from(twice.offsets), [2])
  })
})
