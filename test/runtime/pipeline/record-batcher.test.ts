import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type OpenBatch, RecordBatcher } from '../../../src/runtime/pipeline/record-batcher.ts'
import { SubmittedRecords } from '../../../src/runtime/tasks/submitted-records.ts'

const LINGER_MS = 5

interface Played {
  readonly batcher: RecordBatcher
  /** How many records each batch had that was sent. */
  readonly sent: number[]
  readonly failed: OpenBatch[]
  /** Appends records of the same partition. */
  readonly add: (records: number) => void
  /** Lets whatever was begun wait long enough. */
  readonly linger: () => void
  /** The broker answers for the first batch that it has not answered for. */
  readonly answer: (error?: Error) => Promise<void>
}

function play(t: TestContext, maxInFlight?: number): Played {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: number[] = []
  const failed: OpenBatch[] = []
  const answers: PromiseWithResolvers<{ baseOffset: number }>[] = []
  const batcher = new RecordBatcher({
    targetBytes: 1000,
    largestBytes: 10_000,
    lingerMs: LINGER_MS,
    compression: 'none',
    maxInFlight,
    onStored: () => {},
    onFailed: (batch) => failed.push(batch),
    send: (_topic, _partition, builder) => {
      sent.push(builder.count)
      const answer = Promise.withResolvers<{ baseOffset: number }>()
      answers.push(answer)
      return answer.promise
    },
  })
  const submission = new SubmittedRecords().open({})
  const record = { topic: 't', partition: 0, key: null, value: Buffer.from('x'), headers: undefined, timestamp: 1 }
  return {
    batcher,
    sent,
    failed,
    add: (records) => {
      for (let i = 0; i < records; i++) batcher.append(record, 2, submission)
    },
    linger: () => t.mock.timers.tick(LINGER_MS),
    answer: async (error) => {
      const answer = answers.shift()
      if (error === undefined) answer?.resolve({ baseOffset: 0 })
      else answer?.reject(error)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('while a broker has as many batches of a partition as it may, the next one grows, and goes with the first answer', async (t) => {
  const { batcher, sent, failed, add, linger, answer } = play(t, 2)
  for (const records of [1, 2, 3, 4]) {
    add(records)
    linger()
  }
  assert.deepEqual(sent, [1, 2])
  await answer()
  assert.deepEqual(sent, [1, 2, 7])
  add(5)
  linger()
  assert.deepEqual(sent, [1, 2, 7])
  await answer(new Error('refused'))
  assert.deepEqual([sent, failed.length], [[1, 2, 7, 5], 1])
  await answer()
  await answer()
  await batcher.settled()
  assert.equal(batcher.unsettledBytes, 0)
})

test('what has not waited long enough does not go with an answer', async (t) => {
  const { sent, add, linger, answer } = play(t, 1)
  add(1)
  linger()
  add(2)
  await answer()
  assert.deepEqual(sent, [1])
  linger()
  assert.deepEqual(sent, [1, 2])
})

test('a full batch is sent whatever is on its way, and so is everything when it is asked for', (t) => {
  const { batcher, sent, add, linger } = play(t, 1)
  add(1)
  linger()
  while (sent.length === 1) add(1)
  add(3)
  linger()
  assert.equal(sent.length, 2)
  batcher.flush()
  assert.deepEqual(sent.slice(2), [3])
})

test('partitions do not wait for each other, and what was dropped does not go with a late answer', async (t) => {
  const { batcher, sent, add, linger, answer } = play(t)
  for (let i = 0; i < 7; i++) {
    add(1)
    linger()
  }
  assert.equal(sent.length, 5)
  const submission = new SubmittedRecords().open({})
  const other = { topic: 't', partition: 1, key: null, value: null, headers: undefined, timestamp: 1 }
  batcher.append(other, 2, submission)
  linger()
  assert.equal(sent.length, 6)
  batcher.close()
  await answer()
  assert.equal(sent.length, 6)
})
