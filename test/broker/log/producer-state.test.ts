import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeProducerSnapshot, restoreProducerSnapshot } from '../../../src/broker/log/producer-snapshot.ts'
import { ProducerState } from '../../../src/broker/log/producer-state.ts'
import { ErrorCode, ProtocolError } from '../../../src/protocol/errors.ts'
import { type BatchHeader, buildControlBatch, readBatchHeader } from '../../../src/protocol/records/index.ts'
import { appendBatch, fakeClock, numbered, openLog, START_MS, temporaryFolder } from './support.ts'

const MAX_SEQUENCE = 2147483647

function sent(baseSequence: number, count: number, producerEpoch = 0, transactional = false): Uint8Array {
  return numbered('k', count, { producerId: 7, producerEpoch, baseSequence, transactional })
}

function code(error: unknown): number {
  assert.ok(error instanceof ProtocolError, String(error))
  return error.code
}

/** Appends and gives the base offset, or the negated error code. */
async function outcome(append: Promise<{ baseOffset: number }>): Promise<number> {
  try {
    return (await append).baseOffset
  } catch (error) {
    return -code(error)
  }
}

const CLIENT = { origin: 'client', requireFlush: false } as const
const OUT_OF_ORDER = -ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
const FENCED = -ErrorCode.INVALID_PRODUCER_EPOCH

test('a repeat of one of the last five batches gets the old offsets and appends nothing', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  for (let i = 0; i < 6; i++) await appendBatch(log, sent(i * 2, 2))
  const repeat = (i: number) => outcome(log.append(sent(i * 2, 2), CLIENT))
  for (let i = 1; i < 6; i++) assert.equal(await repeat(i), i * 2)
  assert.equal(await repeat(0), OUT_OF_ORDER)
  assert.equal(log.logEndOffset, 12)
  const { lastOffset, logAppendTime } = await log.append(sent(10, 2), CLIENT)
  assert.deepEqual([lastOffset, logAppendTime], [11, START_MS])
  await log.close()
})

test('a repeat that comes while the original is still being written is not acknowledged before it', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  const order: string[] = []
  const first = log.append(sent(0, 1), { origin: 'client', requireFlush: true }).then(({ baseOffset }) => {
    order.push(`original ${baseOffset} visible to ${log.highWatermark}`)
  })
  const second = log.append(sent(0, 1), { origin: 'client', requireFlush: true }).then(({ baseOffset }) => {
    order.push(`repeat ${baseOffset} visible to ${log.highWatermark}`)
  })
  await Promise.all([first, second])
  assert.deepEqual(order, ['original 0 visible to 1', 'repeat 0 visible to 1'])
  await log.close()
})

test('a gap, an old epoch and a new epoch that does not begin with 0 are refused', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  assert.equal(await outcome(log.append(sent(41, 1, 3), CLIENT)), 0, 'an unknown producer may begin anywhere')
  assert.equal(await outcome(log.append(sent(43, 1, 3), CLIENT)), OUT_OF_ORDER)
  assert.equal(await outcome(log.append(sent(42, 1, 2), CLIENT)), FENCED)
  assert.equal(await outcome(log.append(sent(42, 1, 4), CLIENT)), OUT_OF_ORDER)
  assert.equal(await outcome(log.append(sent(0, 1, 4), CLIENT)), 1)
  assert.equal(await outcome(log.append(sent(41, 1, 3), CLIENT)), FENCED)
  await log.close()
})

test('sequences go on with 0 after the largest, also in the middle of a batch', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  assert.equal(await outcome(log.append(sent(MAX_SEQUENCE - 1, 1), CLIENT)), 0)
  assert.equal(await outcome(log.append(sent(MAX_SEQUENCE, 3), CLIENT)), 1)
  assert.equal(await outcome(log.append(sent(MAX_SEQUENCE, 3), CLIENT)), 1, 'repeat over the wrap')
  assert.equal(await outcome(log.append(sent(1, 1), CLIENT)), OUT_OF_ORDER)
  assert.equal(await outcome(log.append(sent(2, 1), CLIENT)), 4)
  await log.close()
})

test('after a restart the last batch is still known, by the snapshot or from the log itself', async (t) => {
  const folder = await temporaryFolder(t)
  let log = await openLog(folder)
  await appendBatch(log, sent(MAX_SEQUENCE, 3))
  await log.close()
  for (const isClean of [true, false, false]) {
    log = await openLog(folder, {}, { isClean })
    assert.equal(await outcome(log.append(sent(MAX_SEQUENCE, 3), CLIENT)), 0)
    assert.equal(await outcome(log.append(sent(5, 1), CLIENT)), OUT_OF_ORDER)
    await log.close()
  }
})

test('a silent producer is forgotten after a while, unless its transaction is open', async (t) => {
  const clock = fakeClock()
  const log = await openLog(await temporaryFolder(t), {}, { now: clock.now, producerIdExpirationMs: 1000 })
  await appendBatch(log, sent(0, 1))
  await appendBatch(log, numbered('t', 1, { producerId: 8, producerEpoch: 0, baseSequence: 0, transactional: true }))
  clock.ms += 999
  log.expireProducers()
  assert.equal(log.activeProducers().length, 2)
  clock.ms += 1
  log.expireProducers()
  assert.deepEqual(
    log.activeProducers().map(({ producerId }) => producerId),
    [8],
  )
  await log.close()
})

test('records outside of an open transaction are refused, and markers of an old coordinator too', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  const end = (coordinatorEpoch: number, producerEpoch = 0) =>
    log.append(
      buildControlBatch({ type: 'commit', producerId: 7, producerEpoch, coordinatorEpoch, timestamp: START_MS }),
      { origin: 'coordinator', requireFlush: false },
    )
  await appendBatch(log, sent(0, 1, 0, true))
  assert.equal(await outcome(log.append(sent(1, 1), CLIENT)), -ErrorCode.INVALID_TXN_STATE)
  assert.equal(await outcome(end(5)), 1)
  assert.equal(await outcome(end(4)), -ErrorCode.TRANSACTION_COORDINATOR_FENCED)
  assert.equal(await outcome(log.append(sent(1, 1), CLIENT)), 2)
  assert.equal(await outcome(end(5, 1)), 3)
  assert.equal(await outcome(log.append(sent(1, 1, 1), CLIENT)), OUT_OF_ORDER, 'a new epoch begins with 0')
  assert.equal(await outcome(log.append(sent(0, 1, 1), CLIENT)), 4)
  await log.close()
})

/** The rules of idempotence, written down a second time and as plainly as possible. */
class Model {
  epoch = -1
  known: { first: number; count: number; offset: number }[] = []
  next = -1
  offset = 0

  append(epoch: number, first: number, count: number): number {
    const repeated =
      epoch === this.epoch && this.known.slice(-5).find((batch) => batch.first === first && batch.count === count)
    if (repeated) return repeated.offset
    if (epoch < this.epoch) return FENCED
    if (this.epoch !== -1 && first !== (epoch > this.epoch ? 0 : this.next)) return OUT_OF_ORDER
    if (epoch > this.epoch) this.known = []
    this.epoch = epoch
    this.next = (first + count) % (MAX_SEQUENCE + 1)
    this.known.push({ first, count, offset: this.offset })
    this.offset += count
    return this.offset - count
  }
}

test('any sequence of epochs, sequences and restarts is answered as the rules say', async (t) => {
  const folder = await temporaryFolder(t)
  let run = 0
  const step = fc.record({
    epoch: fc.integer({ min: 0, max: 2 }),
    // Relative to what would be right, so that all rules get their share.
    shift: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -6, max: 2 })),
    count: fc.integer({ min: 1, max: 3 }),
  })
  const start = fc.constantFrom(0, 5, MAX_SEQUENCE - 4)
  await fc.assert(
    fc.asyncProperty(start, fc.array(step, { maxLength: 25 }), async (begin, steps) => {
      const log = await openLog(`${folder}/${run++}`)
      const model = new Model()
      for (const { epoch, shift, count } of steps) {
        const right = model.epoch === -1 ? begin : epoch > model.epoch ? 0 : model.next
        const first = (right + shift + MAX_SEQUENCE + 1) % (MAX_SEQUENCE + 1)
        assert.equal(await outcome(log.append(sent(first, count, epoch), CLIENT)), model.append(epoch, first, count))
      }
      await log.close()
    }),
    { numRuns: 60 },
  )
})

test('a snapshot gives back what was stored, and nothing at all when it is damaged', () => {
  const header = (batch: Uint8Array, baseOffset: number): BatchHeader => {
    const read = readBatchHeader(batch, 0)
    return { ...read, baseOffset, lastOffset: baseOffset + read.lastOffsetDelta }
  }
  const state = new ProducerState()
  state.append(header(sent(MAX_SEQUENCE, 3), 100), null, START_MS)
  state.append(
    header(numbered('k', 2, { producerId: 9, producerEpoch: 3, baseSequence: 4, transactional: true }), 103),
    null,
    START_MS,
  )
  const bytes = encodeProducerSnapshot(state)
  const restored = new ProducerState()
  assert.equal(restoreProducerSnapshot(bytes, restored, START_MS), true)
  assert.deepEqual([...restored.entries()], [...state.entries()])
  assert.equal(restored.firstOpenOffset, 103)
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Uint8Array.from(bytes)
    damaged[at] = (damaged[at] as number) ^ 4
    assert.equal(restoreProducerSnapshot(damaged, new ProducerState(), START_MS), false, `byte ${at}`)
  }
})
