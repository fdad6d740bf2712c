import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AutomaticRestarts, restartPolicy } from '../../../src/runtime/herder/automatic-restarts.ts'

const policy = { limit: 2, delayMs: 100, delayMaxMs: 1000, resetMs: 60_000 }

function setup(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 })
  const restarts = new AutomaticRestarts()
  let count = 0
  const fail = () => restarts.failed('task c-0', policy, () => count++)
  return { restarts, fail, restarted: () => count, tick: (ms: number) => t.mock.timers.tick(ms) }
}

test('without errors.restart.limit nothing is restarted', () => {
  assert.equal(restartPolicy({}), null)
  assert.equal(restartPolicy({ 'errors.restart.limit': '0' }), null)
  assert.deepEqual(restartPolicy({ 'errors.restart.limit': '-1', 'errors.restart.delay.ms': '5' }), {
    limit: -1,
    delayMs: 5,
    delayMaxMs: 300_000,
    resetMs: 600_000,
  })
})

test('a failure is followed by a restart after the delay, each further one after about twice as long, up to the limit', (t) => {
  const { fail, restarted, tick } = setup(t)
  const first = fail()
  assert.equal(first?.count, 0)
  assert.ok(first?.nextAt !== null && (first?.nextAt ?? 0) >= 1_000_080 && (first?.nextAt ?? 0) <= 1_000_120)
  tick(79)
  assert.equal(restarted(), 0)
  tick(41)
  assert.equal(restarted(), 1)
  assert.equal(fail()?.count, 1)
  tick(159)
  assert.equal(restarted(), 1)
  tick(81)
  assert.equal(restarted(), 2)
  assert.deepEqual(fail(), { count: 2, limit: 2, nextAt: null })
  tick(1_000_000)
  assert.equal(restarted(), 2)
})

test('a failure that is reported twice leads to one restart', (t) => {
  const { fail, restarted, tick } = setup(t)
  fail()
  fail()
  tick(10_000)
  assert.equal(restarted(), 1)
})

test('what a user touches counts anew, and its restart is not due any more', (t) => {
  const { restarts, fail, restarted, tick } = setup(t)
  fail()
  restarts.forget('task c-0')
  tick(10_000)
  assert.equal(restarted(), 0)
  assert.equal(restarts.count('task c-0'), null)
})

test('what ran for the reset time since its last restart counts anew; what ran for less does not', (t) => {
  const { restarts, fail, tick } = setup(t)
  fail()
  tick(200)
  restarts.running('task c-0')
  tick(59_000)
  assert.equal(fail()?.count, 1)
  tick(1000)
  restarts.running('task c-0')
  tick(60_000)
  assert.equal(fail()?.count, 0)
})
