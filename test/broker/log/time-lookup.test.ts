import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compressionTypes } from '../../../src/protocol/records/index.ts'
import { appendBatch, batchOf, openLog, START_MS, temporaryFolder } from './support.ts'

for (const compression of compressionTypes) {
  test(`a look-up by time finds the first record inside a batch of ${compression}`, async (t) => {
    const log = await openLog(await temporaryFolder(t))
    for (let batch = 0; batch < 20; batch++) {
      const records = Array.from({ length: 10 }, (_, i) => ({ timestamp: START_MS + batch * 100 + i * 10 }))
      await appendBatch(log, batchOf(records, { compression }))
    }
    assert.deepEqual(await log.offsetForTimestamp(START_MS - 1), { offset: 0, timestamp: START_MS })
    assert.deepEqual(await log.offsetForTimestamp(START_MS + 731), { offset: 74, timestamp: START_MS + 740 })
    assert.deepEqual(await log.offsetForTimestamp(START_MS + 1990), { offset: 199, timestamp: START_MS + 1990 })
    assert.equal(await log.offsetForTimestamp(START_MS + 1991), null)
    assert.deepEqual(await log.maxTimestampOffset(), { offset: 199, timestamp: START_MS + 1990 })
    await log.close()
  })
}

test('look-ups by time agree with a scan of all records, in any order of timestamps and over segments', async (t) => {
  const log = await openLog(await temporaryFolder(t), { segmentBytes: 1500, indexIntervalBytes: 150 })
  const timestamps: number[] = []
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 1100 }),
      async (deltas, target) => {
        await appendBatch(log, batchOf(deltas.map((delta) => ({ timestamp: START_MS + delta }))))
        timestamps.push(...deltas.map((delta) => START_MS + delta))
        const expected = timestamps.findIndex((timestamp) => timestamp >= START_MS + target)
        const found = await log.offsetForTimestamp(START_MS + target)
        assert.equal(found?.offset ?? -1, expected)
        const max = Math.max(...timestamps)
        assert.deepEqual(await log.maxTimestampOffset(), { offset: timestamps.indexOf(max), timestamp: max })
      },
    ),
    { numRuns: 60 },
  )
  assert.ok(log.segments.length > 3)
  await log.close()
})

test('an empty log has no record for any time, and none before the log start is found', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  assert.equal(await log.offsetForTimestamp(0), null)
  assert.equal(await log.maxTimestampOffset(), null)
  await appendBatch(log, batchOf([{ timestamp: START_MS }, { timestamp: START_MS + 1 }]))
  await log.deleteRecordsBefore(1)
  assert.deepEqual(await log.offsetForTimestamp(0), { offset: 1, timestamp: START_MS + 1 })
  await log.close()
})

test('the largest timestamp is that of a record that can still be read', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  await appendBatch(log, batchOf([9, 3, 7, 7].map((delta) => ({ timestamp: START_MS + delta }))))
  await appendBatch(log, batchOf([5, 6].map((delta) => ({ timestamp: START_MS + delta }))))
  assert.deepEqual(await log.maxTimestampOffset(), { offset: 0, timestamp: START_MS + 9 })
  await log.deleteRecordsBefore(1)
  assert.deepEqual(await log.maxTimestampOffset(), { offset: 2, timestamp: START_MS + 7 })
  await log.deleteRecordsBefore(4)
  assert.deepEqual(await log.maxTimestampOffset(), { offset: 5, timestamp: START_MS + 6 })
  await log.deleteRecordsBefore(6)
  assert.equal(await log.maxTimestampOffset(), null)
  await log.close()
})
