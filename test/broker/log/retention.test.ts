import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import type { LogConfig, PartitionLog } from '../../../src/broker/log/index.ts'
import { appendBatch, fakeClock, numbered, openLog, readAll, START_MS, temporaryFolder } from './support.ts'

const SEGMENT = 1000

/** Fills whole segments; the n-th segment's records are of the n-th hour. */
async function fill(log: PartitionLog, segments: number): Promise<number[]> {
  while (log.segments.length < segments || (log.segments.at(-1)?.size ?? 0) < SEGMENT / 2) {
    await appendBatch(log, numbered('k', 2, { timestamp: START_MS + log.segments.length * 3600000 }))
  }
  return log.segments.map(({ baseOffset }) => baseOffset)
}

async function filled(folder: string, config: Partial<LogConfig>, segments = 4) {
  const clock = fakeClock()
  const changes: number[] = []
  const log: PartitionLog = await openLog(
    folder,
    { segmentBytes: SEGMENT, messageTimestampAfterMaxMs: 1e12, ...config },
    {
      now: clock.now,
      onStartOffsetChanged: () => {
        changes.push(log.logStartOffset)
        return Promise.resolve()
      },
    },
  )
  return { log, clock, changes, bases: await fill(log, segments) }
}

test('segments whose newest record is older than retention.ms go, whole ones only', async (t) => {
  const { log, clock, changes, bases } = await filled(await temporaryFolder(t), { retentionMs: 3600000 })
  const newest = log.segments.map(({ maxTimestamp }) => maxTimestamp)
  clock.ms = (newest[1] as number) + 3600000
  assert.equal(await log.applyRetention(), 1)
  assert.equal(log.logStartOffset, bases[1])
  clock.ms += 1
  assert.equal(await log.applyRetention(), 1)
  assert.equal(log.logStartOffset, bases[2])
  assert.deepEqual(changes, [bases[1], bases[2]])
  assert.equal((await readAll(log))[0]?.offset, bases[2])
  await log.close()
})

test('when everything is too old the active segment goes too, and offsets go on', async (t) => {
  const folder = await temporaryFolder(t)
  const { log, clock } = await filled(folder, { retentionMs: 1000 })
  const end = log.logEndOffset
  clock.ms += 1e9
  assert.equal(await log.applyRetention(), 4)
  assert.deepEqual([log.logStartOffset, log.logEndOffset, log.sizeInBytes], [end, end, 0])
  assert.equal(await log.applyRetention(), 0, 'an empty log has nothing to remove')
  // The checkpoint of the log start may be lost with a crash: the segment's name has to do.
  await log.close()
  const again = await openLog(folder)
  assert.equal(await appendBatch(again, numbered('k', 1)), end)
  await again.close()
})

test('the oldest segments go while what is left is at least retention.bytes', async (t) => {
  const { log, bases } = await filled(await temporaryFolder(t), { retentionMs: -1, retentionBytes: 2 * SEGMENT })
  const sizes = log.segments.map(({ size }) => size)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let expected = 0
  for (let rest = total; rest - (sizes[expected] as number) >= 2 * SEGMENT; ) rest -= sizes[expected++] as number
  assert.ok(expected > 0)
  assert.equal(await log.applyRetention(), expected)
  assert.equal(log.logStartOffset, bases[expected])
  await log.close()
})

test('segments below the log start go even from a topic that keeps everything', async (t) => {
  const { log, bases } = await filled(await temporaryFolder(t), { retentionMs: 1, delete: false, compact: true })
  await log.deleteRecordsBefore((bases[2] as number) + 1)
  assert.equal(log.logStartOffset, (bases[2] as number) + 1)
  assert.equal(await log.applyRetention(), 2)
  assert.equal(log.logStartOffset, (bases[2] as number) + 1)
  await log.close()
})

test('files get the suffix .deleted at once and go after the delay; a reader in between is served', async (t) => {
  // The delay is over when the test says so, however long renaming takes.
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const folder = await temporaryFolder(t)
  const { log, clock } = await filled(folder, { retentionMs: 1000, fileDeleteDelayMs: 50 })
  const reading = log.read(0, 1e6, { minOneBatch: true, isolation: 'read_uncommitted' })
  clock.ms += 1e9
  await log.applyRetention()
  assert.ok((await reading).records.length > 0)
  t.mock.timers.tick(49)
  const names = await readdir(log.folder)
  assert.equal(names.filter((name) => name.endsWith('.log.deleted')).length, 4)
  assert.equal(names.filter((name) => name.endsWith('.log')).length, 1)
  t.mock.timers.tick(1)
  const deadline = Date.now() + 5000
  while ((await readdir(log.folder)).some((name) => name.endsWith('.deleted'))) assert.ok(Date.now() < deadline)
  await log.close()
})

test('a segment is rolled when it is full, when its records are old, and when an index is full', async (t) => {
  const clock = fakeClock()
  const log = await openLog(
    await temporaryFolder(t),
    { segmentMs: 1000, segmentIndexBytes: 24, indexIntervalBytes: 0, messageTimestampAfterMaxMs: 1e12 },
    { now: clock.now },
  )
  await appendBatch(log, numbered('k', 1))
  await appendBatch(log, numbered('k', 1, { timestamp: START_MS + 1000 }))
  assert.equal(log.segments.length, 1)
  await appendBatch(log, numbered('k', 1, { timestamp: START_MS + 1001 }))
  assert.equal(log.segments.length, 2, 'by time')
  for (let i = 0; i < 2; i++) await appendBatch(log, numbered('k', 1, { timestamp: START_MS + 1001 }))
  assert.equal(log.segments.length, 2)
  await appendBatch(log, numbered('k', 1, { timestamp: START_MS + 1001 }))
  await appendBatch(log, numbered('k', 1, { timestamp: START_MS + 1001 }))
  assert.equal(log.segments.length, 3, 'by index')
  await log.close()
})
