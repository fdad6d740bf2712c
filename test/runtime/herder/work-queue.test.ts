import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { QueueWatch } from '../../../src/runtime/herder/queue-watch.ts'
import { describeStage, WorkQueue } from '../../../src/runtime/herder/work-queue.ts'

test('testRequestProcessingOrder: jobs run one at a time, in the order in which they were given, whatever becomes of them', async () => {
  const queue = new WorkQueue()
  const log: string[] = []
  const first = Promise.withResolvers<void>()
  const job = (name: string, until?: Promise<void>) => async () => {
    log.push(`${name} begins`)
    await until
    log.push(`${name} ends`)
  }
  const given = [
    queue.run('the first', job('first', first.promise)),
    queue.run('the second', async () => {
      await job('second')()
      throw new Error('broken')
    }),
    queue.run('the third', job('third')),
  ]
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(log, ['first begins'])
  assert.match(describeStage(queue.stage), /^ The worker is currently the first, which began at \S+Z\.$/)
  first.resolve()
  const ends = await Promise.allSettled(given)
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(
    log,
    ['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  )
  assert.match(describeStage(queue.stage), /^ The last operation the worker completed was the third, /)
})

/** A clock that stands still but for what the test lets pass, and what it lets the process sleep. */
function playedClock(t: TestContext): { pass: (ms: number) => void; sleep: (ms: number) => void } {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let time = 0
  t.mock.method(performance, 'now', () => time)
  return {
    pass: (ms) => {
      time += ms
      t.mock.timers.tick(ms)
    },
    sleep: (ms) => {
      time += ms
    },
  }
}

test('a process that stood still has not left its jobs undone', async (t) => {
  const { pass, sleep } = playedClock(t)
  let overdue = 0
  const queue = new WorkQueue()
  queue.watchBy(new QueueWatch(1_000, () => overdue++))
  const job = Promise.withResolvers<void>()
  const given = queue.run('a job', () => job.promise)
  pass(500)
  sleep(60_000)
  pass(500)
  assert.equal(overdue, 0)
  pass(999)
  assert.equal(overdue, 0)
  pass(1)
  assert.equal(overdue, 1)
  job.resolve()
  await given
})

test('a queue that does not come to a job in time says so once, until it has caught up', async (t) => {
  const { pass } = playedClock(t)
  let overdue = 0
  const watch = new QueueWatch(1_000, () => overdue++)
  const queue = new WorkQueue()
  queue.watchBy(watch)
  const jobs = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const given = jobs.map((job) => queue.run('a job', () => job.promise))
  // Every single one is quick enough, but the last has to wait for too long.
  for (const job of jobs.slice(0, 2)) {
    pass(400)
    job.resolve()
    await Promise.resolve()
  }
  await Promise.all(given.slice(0, 2))
  assert.equal(overdue, 0)
  pass(200)
  assert.equal(overdue, 1)
  pass(5_000)
  assert.equal(overdue, 1)
  watch.resume()
  pass(999)
  assert.equal(overdue, 1)
  pass(1)
  assert.equal(overdue, 2)
  jobs[2]?.resolve()
  await Promise.all(given)
  watch.resume()
  pass(10_000)
  assert.equal(overdue, 2)
})
