import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Limit } from '../../src/base/limit.ts'

test('no more than so many run at a time, in the order of their calls, whatever becomes of them', async () => {
  const limit = new Limit(2)
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
