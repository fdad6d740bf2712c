import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PlayedWorker, source, task } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// A worker that is given very many tasks at once.

const COUNT = 1000
const MOST = 256

/** A worker that is to start all of them, and whose tasks start when they are let. */
async function start(
  t: TestContext,
): Promise<{ played: PlayedWorker; begun: number[]; most: () => number; go: () => void }> {
  const played = await PlayedWorker.start({
    before: (configs) => configs.giveConnector('c1', source({ 'tasks.max': String(COUNT) }), COUNT),
  })
  const allowed = Promise.withResolvers<void>()
  t.after(async () => {
    allowed.resolve()
    await played.stop()
  })
  const begun: number[] = []
  let [running, most] = [0, 0]
  const startTask = played.runner.startTask.bind(played.runner)
  played.runner.startTask = async (...args) => {
    begun.push(args[0].task)
    most = Math.max(most, ++running)
    await allowed.promise
    await startTask(...args)
    running--
  }
  const tasks = Array.from({ length: COUNT }, (_, number) => task('c1', number))
  await played.follow({ assigned: { connectors: [], tasks } })
  return { played, begun, most: () => most, go: () => allowed.resolve() }
}

test('not all of very many tasks start at the same time, but all start', async (t) => {
  const { played, begun, most, go } = await start(t)
  await eventually(() => begun.length === MOST, 'the first starts')
  await played.settle()
  assert.equal(begun.length, MOST)
  go()
  await eventually(() => played.runner.tasks.size === COUNT, 'all tasks')
  assert.equal(most(), MOST)
  assert.deepEqual(
    begun,
    Array.from({ length: COUNT }, (_, number) => number),
  )
})

test('tasks that are taken away while they wait for their start are not started', async (t) => {
  const { played, begun, go } = await start(t)
  await eventually(() => begun.length === MOST, 'the first starts')
  played.configs.give({ type: 'connector', connector: 'c1', properties: null })
  await played.settle()
  go()
  await played.settle()
  assert.equal(begun.length, MOST)
})

test('tasks whose starts hang hold up the others for seconds only', async (t) => {
  const { played, begun } = await start(t)
  await eventually(() => begun.length === 2 * MOST, 'the next starts')
  await played.settle()
  assert.ok(begun.length < COUNT, 'all starts at once')
})
