import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { HeartbeatClock } from '../../../src/client/group/heartbeat-clock.ts'

test('each is called once an interval, the first time no later than that, until it is ended', (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const clock = new HeartbeatClock()
  let [a, b] = [0, 0]
  const endA = clock.every(400, () => a++)
  mock.timers.tick(150)
  const endB = clock.every(400, () => b++)
  mock.timers.tick(250)
  assert.deepEqual([a, b], [1, 0])
  mock.timers.tick(150)
  assert.deepEqual([a, b], [1, 1])
  mock.timers.tick(4000)
  assert.deepEqual([a, b], [11, 11])
  endA()
  endA()
  mock.timers.tick(400)
  assert.deepEqual([a, b], [11, 12])
  endB()
  mock.timers.tick(4000)
  assert.deepEqual([a, b], [11, 12])
})

test('those of one interval are called together, whenever within a part of it they began', (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => mock.timers.reset())
  const clock = new HeartbeatClock()
  const calls: string[] = []
  clock.every(400, () => calls.push('a'))
  mock.timers.tick(99)
  clock.every(400, () => calls.push('b'))
  clock.every(4000, () => calls.push('slow'))
  mock.timers.tick(300)
  assert.deepEqual(calls, [])
  mock.timers.tick(1)
  assert.deepEqual(calls, ['a', 'b'])
})
