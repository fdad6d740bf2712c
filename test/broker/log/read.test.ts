import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ErrorCode, ProtocolError } from '../../../src/protocol/errors.ts'
import { buildControlBatch, iterateBatches } from '../../../src/protocol/records/index.ts'
import {
  appendBatch,
  batchOf,
  keysOf,
  numbered,
  openLog,
  readAll,
  readFrom,
  recordsIn,
  START_MS,
  temporaryFolder,
} from './support.ts'

const UNCOMMITTED = { minOneBatch: true, isolation: 'read_uncommitted' } as const
const COMMITTED = { minOneBatch: true, isolation: 'read_committed' } as const

function offsetsIn(bytes: Uint8Array): number[] {
  return [...iterateBatches(bytes)].map(({ baseOffset }) => baseOffset)
}

test('a read begins with the batch that holds the offset and gives whole batches up to the limit', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  const size = numbered('k', 4).length
  for (let i = 0; i < 5; i++) await appendBatch(log, numbered('k', 4))
  const read = async (offset: number, maxBytes: number) =>
    offsetsIn((await log.read(offset, maxBytes, UNCOMMITTED)).records)
  assert.deepEqual(await read(0, size), [0])
  assert.deepEqual(await read(0, 2 * size + 60), [0, 4])
  assert.deepEqual(await read(6, 2 * size), [4, 8])
  assert.deepEqual(await read(7, 1e6), [4, 8, 12, 16])
  assert.deepEqual(await read(20, 1e6), [])
  await log.close()
})

test('the first batch comes whole however large it is, unless the caller does not want that', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  const large = batchOf([{ value: 'x'.repeat(300000) }])
  await appendBatch(log, large)
  await appendBatch(log, numbered('k', 1))
  const { records } = await log.read(0, 10, UNCOMMITTED)
  assert.equal(records.length, large.length)
  const limited = await log.read(0, 10, { ...UNCOMMITTED, minOneBatch: false })
  assert.equal(limited.records.length, 0)
  assert.deepEqual(offsetsIn((await log.read(1, 10, UNCOMMITTED)).records), [1])
  await log.close()
})

test('an offset outside of the log is OFFSET_OUT_OF_RANGE, its end is empty', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  await appendBatch(log, numbered('k', 3))
  await log.deleteRecordsBefore(1)
  for (const offset of [-1, 0, 4]) {
    await assert.rejects(
      log.read(offset, 1000, UNCOMMITTED),
      (error) => error instanceof ProtocolError && error.code === ErrorCode.OFFSET_OUT_OF_RANGE,
    )
  }
  assert.equal((await log.read(3, 1000, UNCOMMITTED)).records.length, 0)
  assert.equal((await log.read(3, 1000, UNCOMMITTED)).abortedTransactions, null)
  await log.close()
})

test('every offset of a log of many segments is found, whatever the limit', async (t) => {
  const log = await openLog(await temporaryFolder(t), { segmentBytes: 3000, indexIntervalBytes: 200 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 5000 }),
      async (counts, maxBytes) => {
        for (const count of counts) await appendBatch(log, numbered('k', count))
        const from = Math.floor(log.logEndOffset / 2)
        const records = await readFrom(log, from, maxBytes)
        assert.deepEqual(
          records.map(({ offset }) => offset),
          Array.from({ length: log.logEndOffset - from }, (_, i) => from + i),
        )
      },
    ),
    { numRuns: 30 },
  )
  assert.ok(log.segments.length > 5)
  await log.close()
})

test('readers are told of new records once these can be read', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  const seen: number[] = []
  const stop = log.onAppend(() => seen.push(log.highWatermark))
  await appendBatch(log, numbered('a', 2), true)
  assert.deepEqual(seen, [2])
  stop()
  await appendBatch(log, numbered('b', 2))
  assert.deepEqual(seen, [2])
  assert.deepEqual(await keysOf(log), ['a-0', 'a-1', 'b-0', 'b-1'])
  await log.close()
})

function transactional(prefix: string, count: number, producerId: number, baseSequence: number): Uint8Array {
  return numbered(prefix, count, { producerId, producerEpoch: 0, baseSequence, transactional: true })
}

function marker(type: 'commit' | 'abort', producerId: number): Uint8Array {
  return buildControlBatch({ type, producerId, producerEpoch: 0, coordinatorEpoch: 1, timestamp: START_MS })
}

test('read_committed ends at the first open transaction and lists the aborted ones', async (t) => {
  const folder = await temporaryFolder(t)
  let log = await openLog(folder)
  const end = (batch: Uint8Array) => log.append(batch, { origin: 'coordinator', requireFlush: false })
  await appendBatch(log, transactional('a', 2, 1, 0)) // 0, 1: aborted at 5
  await appendBatch(log, transactional('b', 2, 2, 0)) // 2, 3: committed at 6
  await appendBatch(log, numbered('c', 1)) // 4
  assert.equal(log.lastStableOffset, 0)
  await end(marker('abort', 1))
  assert.equal(log.lastStableOffset, 2)
  await end(marker('commit', 2))
  assert.equal(log.lastStableOffset, 7)
  await appendBatch(log, transactional('d', 1, 1, 2)) // 7: open
  await appendBatch(log, numbered('e', 1)) // 8
  assert.equal(log.lastStableOffset, 7)
  const check = async () => {
    const { records, abortedTransactions } = await log.read(0, 1e6, COMMITTED)
    assert.deepEqual(offsetsIn(records), [0, 2, 4, 5, 6])
    assert.deepEqual(abortedTransactions, [{ producerId: 1, firstOffset: 0 }])
    assert.deepEqual((await log.read(6, 1e6, COMMITTED)).abortedTransactions, [])
    assert.deepEqual((await log.read(1, 1, COMMITTED)).abortedTransactions, [{ producerId: 1, firstOffset: 0 }])
    assert.equal((await log.read(7, 1e6, COMMITTED)).records.length, 0)
    assert.equal((await readAll(log)).length, 7)
  }
  await check()
  await log.close()
  log = await openLog(folder, {}, { isClean: true, recoveryPoint: 9 })
  await check()
  await log.close()
  // Without the mark of a clean stop the transaction index is built again.
  log = await openLog(folder)
  await check()
  await log.append(marker('abort', 1), { origin: 'coordinator', requireFlush: false })
  assert.equal(log.lastStableOffset, log.highWatermark)
  assert.deepEqual((await log.read(0, 1e6, COMMITTED)).abortedTransactions, [
    { producerId: 1, firstOffset: 0 },
    { producerId: 1, firstOffset: 7 },
  ])
  await log.close()
})

test('records of an earlier batch are part of what is read, for the reader to drop', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  await appendBatch(log, numbered('k', 3))
  const { records } = await log.read(2, 1000, UNCOMMITTED)
  assert.deepEqual(
    recordsIn(records).map(({ offset }) => offset),
    [0, 1, 2],
  )
  await log.close()
})
