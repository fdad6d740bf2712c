import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { withDeadline } from '../../../src/base/deadline.ts'
import { partitionKey, SubmittedRecords } from '../../../src/runtime/tasks/submitted-records.ts'

const orders = { table: 'orders' }

test('only the contiguous stored prefix of a source partition is committable', () => {
  const submitted = new SubmittedRecords()
  const [first, second, third] = [1, 2, 3].map((position) => {
    const submission = submitted.open(orders)
    submission.add(10)
    submission.seal({ position })
    return submission
  })
  second?.acknowledge(10)
  assert.deepEqual(submitted.takeCommittable(), [])
  first?.acknowledge(4)
  assert.deepEqual(submitted.takeCommittable(), [])
  first?.acknowledge(6)
  assert.deepEqual(submitted.takeCommittable(), [{ partition: orders, offset: { position: 2 } }])
  assert.deepEqual(submitted.takeCommittable(), [])
  third?.acknowledge(10)
  assert.deepEqual(submitted.takeCommittable(), [{ partition: orders, offset: { position: 3 } }])
  assert.equal(submitted.outstanding, 0)
})

test('source partitions do not hold each other back', () => {
  const submitted = new SubmittedRecords()
  const stuck = submitted.open({ table: 'a' })
  stuck.add(1)
  stuck.seal({ id: 1 })
  const done = submitted.open({ table: 'b' })
  done.add(1)
  done.seal({ id: 2 })
  done.acknowledge(1)
  assert.deepEqual(submitted.takeCommittable(), [{ partition: { table: 'b' }, offset: { id: 2 } }])
})

test('a submission without an offset keeps later ones waiting but commits nothing itself', () => {
  const submitted = new SubmittedRecords()
  const open = submitted.open(orders)
  open.add(2)
  open.seal(null)
  const last = submitted.open(orders)
  last.add(1)
  last.seal({ id: 9 })
  last.acknowledge(1)
  assert.deepEqual(submitted.takeCommittable(), [])
  open.acknowledge(2)
  assert.deepEqual(submitted.takeCommittable(), [{ partition: orders, offset: { id: 9 } }])
})

test('nothing is committable before a submission is sealed', () => {
  const submitted = new SubmittedRecords()
  const open = submitted.open(orders)
  open.add(1)
  open.acknowledge(1)
  assert.deepEqual(submitted.takeCommittable(), [])
  open.seal({ id: 1 })
  assert.equal(submitted.takeCommittable().length, 1)
})

test('draining is reported once everything is stored', async () => {
  const submitted = new SubmittedRecords()
  const open = submitted.open(orders)
  open.add(2)
  let drained = false
  const waiting = submitted.drained().then(() => {
    drained = true
  })
  open.acknowledge(1)
  await Promise.resolve()
  assert.equal(drained, false)
  open.acknowledge(1)
  await waiting
  assert.equal(drained, true)
})

test('whatever the order of acknowledgements, the committed offset never passes an unstored record', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.nat()),
      (sizes, picks) => {
        const submitted = new SubmittedRecords()
        const open = sizes.map((size, index) => {
          const submission = submitted.open(orders)
          submission.add(size)
          submission.seal({ index })
          return { submission, left: size, index }
        })
        let waiting = [...open]
        let committed = -1
        for (const pick of picks) {
          const target = waiting[pick % waiting.length]
          if (!target) break
          target.submission.acknowledge(1)
          target.left--
          waiting = waiting.filter((one) => one.left > 0)
          for (const { offset } of submitted.takeCommittable()) committed = offset['index'] as number
          const firstUnstored = open.findIndex((one) => one.left > 0)
          assert.equal(committed, (firstUnstored === -1 ? open.length : firstUnstored) - 1)
          if (waiting.length === 0) break
        }
      },
    ),
  )
})

test('a source partition is the same whatever the order of its fields', () => {
  assert.equal(partitionKey({ a: 1, b: 'x' }), partitionKey({ b: 'x', a: 1 }))
  assert.notEqual(partitionKey({ a: 1 }), partitionKey({ a: '1' }))
  assert.notEqual(partitionKey({ a: 1 }), partitionKey({ a: 1n }))
})

// Kafka Connect's SubmittedRecordsTest under its names: there a record is submitted, here those of a poll.

const partitions = [{ p: 1 }, { p: 2 }, { p: 3 }] as const

/** One record of a source partition, which will end at `offset`. */
function submit(submitted: SubmittedRecords, partition: object, offset: number | null): { ack(): void } {
  const submission = submitted.open(partition as Record<string, unknown>)
  submission.add(1)
  submission.seal(offset === null ? null : { offset })
  return { ack: () => submission.acknowledge(1) }
}

const committable = (submitted: SubmittedRecords): [unknown, unknown][] =>
  submitted.takeCommittable().map(({ partition, offset }) => [partition['p'], offset['offset']])

test('testNoRecords and testNoCommittedRecords', () => {
  const submitted = new SubmittedRecords()
  assert.deepEqual(committable(submitted), [])
  for (let n = 0; n < 3; n++) for (const partition of partitions) submit(submitted, partition, n)
  for (let n = 0; n < 3; n++) assert.deepEqual(committable(submitted), [])
  assert.equal(submitted.outstanding, 9)
})

test('testSingleAck', () => {
  const submitted = new SubmittedRecords()
  const record = submit(submitted, partitions[0], 1)
  assert.deepEqual(committable(submitted), [])
  record.ack()
  assert.deepEqual(committable(submitted), [[1, 1]])
  assert.deepEqual(committable(submitted), [])
  assert.equal(submitted.outstanding, 0)
})

test('testMultipleAcksAcrossMultiplePartitions', () => {
  const submitted = new SubmittedRecords()
  const [first, second] = [1, 2].map((offset) => submit(submitted, partitions[0], offset))
  const [third, fourth] = [3, 4].map((offset) => submit(submitted, partitions[1], offset))
  second?.ack()
  assert.deepEqual(committable(submitted), [])
  third?.ack()
  assert.deepEqual(committable(submitted), [[2, 3]])
  assert.deepEqual(committable(submitted), [])
  first?.ack()
  fourth?.ack()
  assert.deepEqual(new Set(committable(submitted).map(String)), new Set(['1,2', '2,4']))
  assert.deepEqual(committable(submitted), [])
})

test('testRemoveLastSubmittedRecord and testRemoveNotLastSubmittedRecord: what is given up holds back nothing and commits nothing', () => {
  const submitted = new SubmittedRecords()
  const dropped = submitted.open(partitions[0])
  const next = submit(submitted, partitions[0], 2)
  dropped.seal(null)
  assert.deepEqual(committable(submitted), [])
  next.ack()
  assert.deepEqual(committable(submitted), [[1, 2]])
})

test('testNullPartitionAndOffset: an empty source partition is one like others, without an offset nothing is committed', () => {
  const submitted = new SubmittedRecords()
  submit(submitted, {}, null).ack()
  assert.deepEqual(committable(submitted), [])
  submit(submitted, {}, 5).ack()
  assert.deepEqual(committable(submitted), [[undefined, 5]])
})

test('testAwaitMessagesNoneSubmitted, …AfterAllAcknowledged, …AfterAllRemoved', async () => {
  const submitted = new SubmittedRecords()
  await submitted.drained()
  const record = submit(submitted, partitions[0], 1)
  record.ack()
  await submitted.drained()
  submitted.open(partitions[1]).seal(null)
  await submitted.drained()
})

test('testAwaitMessagesTimesOut and testAwaitMessagesReturnsAfterAsynchronousAck', async () => {
  const submitted = new SubmittedRecords()
  const [first, second] = [1, 2].map((offset) => submit(submitted, partitions[offset - 1] ?? {}, offset))
  await assert.rejects(withDeadline(submitted.drained(), 5, 'waiting'), /did not finish within 5 ms/)
  const drained = submitted.drained()
  first?.ack()
  assert.equal(submitted.outstanding, 1)
  second?.ack()
  await drained
})
