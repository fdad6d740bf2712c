import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { silentLogger } from '../../../../src/base/logger.ts'
import { defaultLogConfig, type LogConfig, LogManager, type PartitionLog } from '../../../../src/broker/log/index.ts'
import { buildControlBatch, decodeBatch, iterateBatches } from '../../../../src/protocol/records/index.ts'
import {
  appendBatch,
  batchOf,
  type FakeClock,
  fakeClock,
  numbered,
  type ReadRecord,
  readAll,
  START_MS,
  temporaryFolder,
} from '../support.ts'

const CONFIG: LogConfig = {
  ...defaultLogConfig,
  compact: true,
  delete: false,
  segmentBytes: 600,
  minCleanableDirtyRatio: 0.01,
  deleteRetentionMs: 1000,
  messageTimestampAfterMaxMs: 1e12,
}

interface Setup {
  manager: LogManager
  log: PartitionLog
  clock: FakeClock
  folder: string
}

async function setUp(t: TestContext, config: Partial<LogConfig> = {}, dedupeBytes?: number): Promise<Setup> {
  // Hooks run in the order of their registration: the logs are closed before the folder goes.
  const opened: LogManager[] = []
  t.after(() => Promise.all(opened.map((each) => each.close())))
  const folder = await temporaryFolder(t)
  const clock = fakeClock()
  const manager = await openManager(folder, clock, { ...CONFIG, ...config }, dedupeBytes)
  await manager.create('t', 1, 'AAAAAAAAAAAAAAAAAAAAAA', { ...CONFIG, ...config })
  opened.push(manager)
  return { manager, log: manager.get('t', 0) as PartitionLog, clock, folder }
}

function openManager(folder: string, clock: FakeClock, config: LogConfig, dedupeBytes?: number): Promise<LogManager> {
  return LogManager.open({
    logDirs: [folder],
    defaults: config,
    logger: silentLogger,
    now: clock.now,
    ...(dedupeBytes === undefined ? {} : { cleanerDedupeBufferBytes: dedupeBytes }),
  })
}

/** Ends the active segment by filling it with a record of another key. */
async function roll(log: PartitionLog): Promise<void> {
  await appendBatch(log, batchOf([{ key: 'filler', value: 'x'.repeat(CONFIG.segmentBytes - 100) }]))
  await appendBatch(log, batchOf([{ key: 'filler', value: 'y'.repeat(CONFIG.segmentBytes - 100) }]))
}

function withoutFiller(records: readonly ReadRecord[]): string[] {
  return records.filter(({ key }) => key !== 'filler').map(({ offset, key, value }) => `${offset} ${key}=${value}`)
}

test('of each key only the last record stays, at its offset, and segments are merged', async (t) => {
  const { manager, log } = await setUp(t)
  for (let i = 0; i < 40; i++)
    await appendBatch(
      log,
      batchOf([
        { key: `k${i % 3}`, value: `v${i}` },
        { key: 'same', value: `s${i}` },
      ]),
    )
  await roll(log)
  const before = log.segments.length
  assert.ok((await manager.clean()) > 0)
  assert.deepEqual(withoutFiller(await readAll(log)), ['74 k1=v37', '76 k2=v38', '78 k0=v39', '79 same=s39'])
  assert.equal(await manager.clean(), 0, 'there is nothing left to clean')
  // Segments are grouped by the size that they have before a cleaning, so it is the next one that merges.
  await roll(log)
  await manager.clean()
  assert.ok(log.segments.length < before - 2, `${log.segments.length} of ${before} segments`)
  assert.deepEqual(withoutFiller(await readAll(log)), ['74 k1=v37', '76 k2=v38', '78 k0=v39', '79 same=s39'])
})

test('a tombstone stays until its delete horizon, which the first cleaning sets, is over', async (t) => {
  const { manager, log, clock } = await setUp(t)
  await appendBatch(log, batchOf([{ key: 'a', value: '1' }]))
  await appendBatch(log, batchOf([{ key: 'a', value: null }]))
  await roll(log)
  await manager.clean()
  assert.deepEqual(withoutFiller(await readAll(log)), ['1 a=null'])
  const { records } = await log.read(1, 1e6, { minOneBatch: true, isolation: 'read_uncommitted' })
  const batch = decodeBatch(records, 0)
  assert.equal(batch.header.hasDeleteHorizon, true)
  assert.equal(batch.header.baseTimestamp, clock.ms + 1000)
  assert.equal(batch.timestamps[0], START_MS, 'the record keeps its timestamp')
  clock.ms += 999
  await roll(log)
  await manager.clean()
  assert.deepEqual(withoutFiller(await readAll(log)), ['1 a=null'])
  clock.ms += 1
  await roll(log)
  await manager.clean()
  assert.deepEqual(withoutFiller(await readAll(log)), [])
})

test('records younger than min.compaction.lag.ms and the active segment are left alone', async (t) => {
  const { manager, log, clock } = await setUp(t, { minCompactionLagMs: 5000 })
  await appendBatch(log, batchOf([{ key: 'a', value: '1' }]))
  await appendBatch(log, batchOf([{ key: 'a', value: '2' }]))
  await roll(log)
  assert.equal(await manager.clean(), 0)
  clock.ms += 5001
  assert.ok((await manager.clean()) > 0)
  assert.deepEqual(withoutFiller(await readAll(log)), ['1 a=2'])
})

test('aborted records go, and their marker too once nothing is left of them and the horizon is over', async (t) => {
  const { manager, log, clock } = await setUp(t)
  const send = (prefix: string, producerId: number, baseSequence = 0) =>
    appendBatch(log, numbered(prefix, 1, { producerId, producerEpoch: 0, baseSequence, transactional: true }))
  const end = (type: 'abort' | 'commit', producerId: number) =>
    log.append(buildControlBatch({ type, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: START_MS }), {
      origin: 'coordinator',
      requireFlush: false,
    })
  await send('gone', 1)
  await send('kept', 2)
  await end('abort', 1)
  await end('commit', 2)
  // A later batch of each producer, so that these are not the ones that hold the producer's state.
  await send('later1', 1, 1)
  await end('commit', 1)
  await send('later2', 2, 1)
  await end('commit', 2)
  await roll(log)
  await manager.clean()
  assert.deepEqual(withoutFiller(await readAll(log)), [
    '1 kept-0=value of kept-0',
    '4 later1-0=value of later1-0',
    '6 later2-0=value of later2-0',
  ])
  const markers = async () => {
    const offsets: number[] = []
    for (let offset = 0; offset < 8; ) {
      const { records } = await log.read(offset, 1e6, { minOneBatch: true, isolation: 'read_committed' })
      for (const header of iterateBatches(records)) {
        if (header.isControl) offsets.push(header.baseOffset)
        offset = header.lastOffset + 1
      }
    }
    return offsets
  }
  assert.deepEqual(await markers(), [2, 3, 5, 7], 'the first cleaning keeps all markers')
  assert.deepEqual((await log.read(0, 1e6, { minOneBatch: true, isolation: 'read_committed' })).abortedTransactions, [
    { producerId: 1, firstOffset: 0 },
  ])
  await roll(log)
  await manager.clean()
  assert.deepEqual(
    await markers(),
    [2, 3, 5, 7],
    'the second one sees that the aborted data is gone and sets the horizon',
  )
  clock.ms += 1000
  await roll(log)
  await manager.clean()
  assert.deepEqual(await markers(), [3, 5, 7])
})

test('an open transaction keeps everything from its segment on as it is', async (t) => {
  const { manager, log } = await setUp(t)
  await appendBatch(log, numbered('open', 1, { producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true }))
  await appendBatch(log, batchOf([{ key: 'a', value: '1' }]))
  await appendBatch(log, batchOf([{ key: 'a', value: '2' }]))
  await roll(log)
  assert.equal(await manager.clean(), 0)
  assert.equal(withoutFiller(await readAll(log)).length, 3)
})

test('the last batch of an active producer stays, empty, so that a repeat is still recognised after a crash', async (t) => {
  const { manager, log, folder, clock } = await setUp(t)
  const batch = () => numbered('k', 1, { producerId: 5, producerEpoch: 0, baseSequence: 0 })
  await appendBatch(log, batch())
  await appendBatch(log, batchOf([{ key: 'k-0', value: 'newer' }]))
  await roll(log)
  await manager.clean()
  assert.deepEqual(withoutFiller(await readAll(log)), ['1 k-0=newer'])
  await manager.close()
  const again = await openManager(folder, clock, CONFIG)
  const reopened = again.get('t', 0) as PartitionLog
  const end = reopened.logEndOffset
  assert.equal(await appendBatch(reopened, batch()), 0)
  assert.equal(reopened.logEndOffset, end)
  await again.close()
})

const TINY_MAP = 1
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'] as const

test('after any appends and cleanings the last value of each key is there, in order, at its offset', async (t) => {
  const { manager, log, clock } = await setUp(t, { segmentBytes: 400, indexIntervalBytes: 100 }, TINY_MAP)
  const last = new Map<string, ReadRecord>()
  const record = fc.record({
    key: fc.constantFrom(...KEYS),
    value: fc.option(fc.string({ maxLength: 30 }), { freq: 4 }),
  })
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.array(record, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.constant('clean' as const) },
    { weight: 1, arbitrary: fc.constant('wait' as const) },
  )
  const compressions = fc.constantFrom('none', 'gzip', 'lz4', 'snappy', 'zstd')
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), compressions, async (actions, compression) => {
      for (const step of actions) {
        if (step === 'clean') await manager.clean()
        else if (step === 'wait') clock.ms += 600
        else {
          let offset = await appendBatch(
            log,
            batchOf(
              step.map(({ key, value }) => ({ key, value, timestamp: clock.ms })),
              { compression: compression as 'none' },
            ),
          )
          for (const { key, value } of step) last.set(key, { offset: offset++, key, value, timestamp: clock.ms })
        }
      }
      const records = await readAll(log)
      const offsets = records.map(({ offset }) => offset)
      assert.deepEqual(
        offsets,
        [...new Set(offsets)].sort((a, b) => a - b),
      )
      const found = new Map(records.map((entry) => [entry.key as string, entry]))
      for (const [key, entry] of last) {
        // A tombstone may be gone after its time.
        if (entry.value === null && !found.has(key)) continue
        assert.deepEqual(found.get(key), entry)
      }
    }),
    { numRuns: 40 },
  )
  await manager.clean()
  assert.ok((await readAll(log)).length < log.logEndOffset / 2, 'compaction removed a good part')
})

test('a map that is too small for all keys cleans in several rounds', async (t) => {
  const { manager, log } = await setUp(t, { segmentBytes: 20000 }, TINY_MAP)
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 3000; i += 50) {
      await appendBatch(log, batchOf(Array.from({ length: 50 }, (_, n) => ({ key: `k${i + n}`, value: `${round}` }))))
    }
  }
  await appendBatch(log, batchOf([{ key: 'filler', value: 'x'.repeat(19800) }]))
  await appendBatch(log, batchOf([{ key: 'filler', value: 'x'.repeat(19800) }]))
  assert.ok((await manager.clean()) > 1)
  const records = await readAll(log)
  assert.equal(new Set(records.map(({ key }) => key)).size, 3001)
  assert.ok(records.length < 3500, `${records.length} records are left of 6000`)
})
