import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
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
