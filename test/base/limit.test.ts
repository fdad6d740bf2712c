import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Limit } from '../../src/base/limit.ts'

test('no more than so many run at a time, in the order of their calls, whatever becomes of them', async () => {
  const limit = new Limit(2, 60_000)
  const begun: number[] = []
  const work = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
  const runs = work.map((each, i) =>
    limit.run(() => {
      begun.push(i)
      return each.promise
    }),
  )
  await new Promise(setImmediate)
  assert.deepEqual(begun, [0, 1])
  work[1]?.reject(new Error('it failed'))
  await assert.rejects(runs[1] ?? Promise.resolve(), /it failed/)
  await new Promise(setImmediate)
  assert.deepEqual(begun, [0, 1, 2])
  for (const [i, each] of work.entries()) each.resolve(i)
  assert.deepEqual(await Promise.all([runs[0], runs[2], runs[3], runs[4]]), [0, 2, 3, 4])
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
  assert.equal(await limit.run(async () => 'free again'), 'free again')
})

test('what takes too long does not hold up the others, and frees no second place when it ends', async (t) => {
  // A machine that is busy for as long would let more begin, rightly.
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const limit = new Limit(1, 5)
  const hanging = Promise.withResolvers<string>()
  const work = Promise.withResolvers<void>()
  const first = limit.run(() => hanging.promise)
  let hasBegun = false
  const second = limit.run(() => {
    hasBegun = true
    // Not counted any more when it ends, as the first.
    return work.promise
  })
  t.mock.timers.tick(5)
  await new Promise(setImmediate)
  assert.ok(hasBegun, 'the second waits for the first')
  hanging.resolve('late')
  assert.equal(await first, 'late')
  t.mock.timers.tick(5)
  await limit.run(() => Promise.resolve())
  work.resolve()
  await second
  const running: number[] = []
  const all = [1, 2].map((each) =>
    limit.run(async () => {
      running.push(each)
      await new Promise(setImmediate)
      assert.deepEqual(running.splice(0), [each])
    }),
  )
  await Promise.all(all)
})
