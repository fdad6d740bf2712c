import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Work } from '../../../src/runtime/group/work.ts'
import { PlayedWorker, type PlayedWorkerOptions, leaderUrl, source, task } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: what a worker does with its assignments.

const C1: Work = { connectors: ['c1'], tasks: [] }
const BOTH: Work = { connectors: ['c1'], tasks: [task('c1', 1)] }

/** A worker for which connector c1 with its three tasks is configured. */
async function start(t: TestContext, options: PlayedWorkerOptions = {}): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({
    before: (configs) => configs.giveConnector('c1', source({ 'tasks.max': '3' }), 3),
    ...options,
  })
  t.after(() => played.stop())
  return played
}

/** From now on stops of tasks end only when they are let go. */
function holdStops({ runner }: PlayedWorker): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stopTasks = runner.stopTasks.bind(runner)
  runner.stopTasks = async (ids) => {
    await stopTasks(ids)
    await promise
  }
  return resolve
}

async function statesOf({ herder }: PlayedWorker): Promise<(string | undefined)[]> {
  const { connector, tasks } = await herder.connectorStatus('c1')
  return [connector.state, tasks.find(({ id }) => id === 1)?.state]
}

async function assertRebalances(played: PlayedWorker, completed: number, epoch: number): Promise<void> {
  const metrics = await played.rebalanceMetrics()
  assert.equal(metrics['completed-rebalances-total'], completed)
  assert.equal(metrics['epoch'], epoch)
  assert.equal(metrics['rebalancing'], 0)
  assert.equal(metrics['leader-name'], completed === 0 ? '' : leaderUrl)
  for (const name of ['rebalance-max-time-ms', 'rebalance-avg-time-ms'])
    assert.equal(Number.isNaN(metrics[name]), completed === 0, name)
  assert.equal(metrics['time-since-last-rebalance-ms'] === Infinity, completed === 0)
}

for (const protocol of ['eager', 'compatible', 'sessioned'] as const) {
  test(`testJoinAssignment (${protocol}): what is assigned is started, and the connector is asked for its tasks`, async (t) => {
    const played = await start(t, { protocol })
    await assertRebalances(played, 0, -1)
    await played.follow({ assigned: BOTH })
    await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
    await assertRebalances(played, 1, 1)
    await played.settle()
    // The tasks are the ones that are configured already: nothing is written, and the leader is not asked for anything.
    assert.deepEqual(played.configs.keys(), [])
  })
}

test('testRebalance: with the eager protocol all is stopped, and what is assigned again started anew', async (t) => {
  const played = await start(t, { protocol: 'eager' })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  await assertRebalances(played, 1, 1)
  await played.follow({ assigned: C1 })
  await played.untilCalls('stop c1', 'stop c1-1', 'start c1', 'taskConfigs c1')
  await assertRebalances(played, 2, 2)
})

test('testIncrementalCooperativeRebalanceForNewMember: it begins with nothing, and starts what the next round brings', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  await played.follow()
  await assertRebalances(played, 1, 1)
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  await assertRebalances(played, 2, 2)
})

test('testIncrementalCooperativeRebalanceForExistingMember: it stops what is revoked, joins again, and keeps the rest', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  await played.follow({ assigned: { connectors: ['c1'], tasks: [task('c1', 1), task('c1', 2)] } })
  await played.untilCalls('start c1', 'start c1-1', 'start c1-2', 'taskConfigs c1')
  await played.follow({ revoked: BOTH })
  await played.untilCalls('stop c1', 'stop c1-1')
  assert.deepEqual(played.rejoins, ['revoked work was stopped'])
  assert.deepEqual(played.claimed(), { connectors: [], tasks: [task('c1', 2)] })
  await played.follow()
  await assertRebalances(played, 3, 3)
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  const { connector, tasks } = await played.herder.connectorStatus('c1')
  assert.deepEqual([connector.state, ...tasks.map(({ state }) => state)], ['UNASSIGNED', 'UNASSIGNED', 'RUNNING'])
})

test('testIncrementalCooperativeRebalanceWithDelay: it works by the assignment, and joins again when the delay is over', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  await played.follow({ assigned: { connectors: [], tasks: [task('c1', 2)] }, delayMs: 300 })
  await played.untilCalls('start c1-2')
  assert.deepEqual(played.rejoins, [])
  await eventually(() => played.rejoins.length === 1, 'joining again')
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  await assertRebalances(played, 2, 2)
})

test('testPollDurationOnSlowConnectorOperations: a delay counts from the assignment, however long starts take', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  const hold = Promise.withResolvers<void>()
  const { runner } = played
  const startConnector = runner.startConnector.bind(runner)
  runner.startConnector = async (...args) => {
    await hold.promise
    await startConnector(...args)
  }
  await played.follow({ assigned: BOTH, delayMs: 100 })
  await eventually(() => played.rejoins.length === 1, 'joining again while the connector still starts')
  hold.resolve()
  await played.follow()
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
})

test('testRebalanceFailedConnector: a connector that does not start again is not asked for its tasks', async (t) => {
  const played = await start(t, { protocol: 'eager' })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  const { runner } = played
  runner.startConnector = async (name) => {
    runner.calls.push(`start ${name}`)
    throw new Error('not today')
  }
  await played.follow({ assigned: C1 })
  await played.untilCalls('stop c1', 'stop c1-1', 'start c1')
  await played.settle()
  assert.deepEqual(runner.calls, [])
  assert.equal((await played.herder.connectorStatus('c1')).connector.state, 'FAILED')
  await assertRebalances(played, 2, 2)
})

test('testRevoke: what is revoked and then assigned again is started again', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  await played.follow({ revoked: C1 })
  await played.untilCalls('stop c1')
  assert.deepEqual(played.rejoins, ['revoked work was stopped'])
  await played.follow({ assigned: C1 })
  await played.untilCalls('start c1', 'taskConfigs c1')
})

test('testIncompleteRebalanceBeforeRevoke: a round that came to nothing in between changes nothing of that', async (t) => {
  const played = await start(t, { protocol: 'compatible', props: { 'scheduled.rebalance.max.delay.ms': '5000' } })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  await played.follow({ configOffset: played.configOffset() + 1 })
  assert.deepEqual(played.leaves, ['taking too long to read the log'])
  played.configs.giveTargetState('c1', 'STARTED')
  await eventually(() => played.rejoins.length === 1, 'joining again')
  await played.follow({ revoked: C1 })
  await played.untilCalls('stop c1')
  await played.follow({ assigned: C1 })
  await played.untilCalls('start c1', 'taskConfigs c1')
})

test('testHaltCleansUpWorker: what runs is stopped, the group left, the topics closed', async (t) => {
  const played = await start(t)
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  await played.stop()
  assert.deepEqual(new Set(played.runner.calls), new Set(['stop c1', 'stop c1-1', 'stop']))
  assert.ok(played.hasLeft)
  assert.ok(played.configs.isStopped)
  assert.ok(played.statuses.isStopped)
  await assert.rejects(played.herder.restartConnector('c1', { includeTasks: false, onlyFailed: false }))
})

test('a worker that hangs leaves, and stops at once what others get at once', async (t) => {
  const props = { 'rebalance.timeout.ms': '100', 'scheduled.rebalance.max.delay.ms': '0' }
  const played = await start(t, { protocol: 'compatible', props })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  const { runner } = played
  const letGo = holdStops(played)
  const restart = played.herder.restartTask(task('c1', 1))
  await eventually(() => played.leaves.length === 1, 'leaving')
  const warning = played.logged('worker poll timeout has expired')
  assert.match(warning?.msg ?? '', /The last known action being performed by the worker is : restarting task c1-1/)
  await played.untilCalls('stop c1', 'stop c1-1')
  assert.deepEqual(played.claimed(), { connectors: [], tasks: [] })
  letGo()
  await restart
  await eventually(() => played.rejoins.includes('worker poll timeout has expired.'), 'joining again')
  // The restart that had begun before does not bring back what was given up.
  await played.settle()
  assert.deepEqual(runner.calls, [])
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
})

test('what a worker that lost its membership stops at last does not seem unassigned when others run it', async (t) => {
  const played = await start(t, { protocol: 'compatible', props: { 'scheduled.rebalance.max.delay.ms': '0' } })
  await played.follow({ assigned: { connectors: ['c1'], tasks: [task('c1', 1), task('c1', 2)] } })
  await played.untilCalls('start c1', 'start c1-1', 'start c1-2', 'taskConfigs c1')
  const letGo = holdStops(played)
  const restart = played.herder.restartTask(task('c1', 2))
  await played.untilCalls('stop c1-2')
  const lost = played.lose()
  // It is a member again, in the generation in which another one got its work.
  const back = played.follow()
  await eventually(async () => (await played.rebalanceMetrics())['epoch'] === 2, 'generation 2')
  const running = '{"state":"RUNNING","trace":null,"worker_id":"other:8083","generation":2}'
  for (const key of ['status-connector-c1', 'status-task-c1-1']) played.statuses.foreign(key, running)
  letGo()
  await Promise.all([restart, lost, back])
  assert.ok(played.runner.calls.includes('stop c1'))
  assert.deepEqual(await statesOf(played), ['RUNNING', 'RUNNING'])
})

test('what a worker gave up and got again before it had stopped does not seem unassigned', async (t) => {
  const played = await start(t, { protocol: 'compatible', props: { 'scheduled.rebalance.max.delay.ms': '20' } })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  const letGo = holdStops(played)
  await played.lose()
  await played.untilCalls('stop c1', 'stop c1-1')
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'taskConfigs c1')
  letGo()
  await played.untilCalls('start c1-1')
  await played.settle()
  assert.deepEqual(await statesOf(played), ['RUNNING', 'RUNNING'])
})

test('what is assigned while the plugins cannot be listed is started as soon as they can be', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  const { runner } = played
  const plugins = runner.plugins.bind(runner)
  let failures = 2
  runner.plugins = async () => {
    if (failures-- > 0) throw new Error('The thread that worked on this did not answer')
    return plugins()
  }
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  assert.ok(played.logged('Could not find out which plugins there are; trying again'))
})

test('a worker that is told to stop before it could stop what was taken from it says nothing of errors', async (t) => {
  const played = await start(t, { protocol: 'compatible', props: { 'scheduled.rebalance.max.delay.ms': '0' } })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  const letGo = holdStops(played)
  const restart = played.herder.restartTask(task('c1', 1))
  await played.untilCalls('stop c1-1')
  const lost = played.lose()
  const stopped = played.stop()
  letGo()
  await Promise.all([restart, lost, stopped])
  assert.ok(played.hasLeft)
  assert.deepEqual([...played.runner.connectors.keys(), ...played.runner.tasks.keys()], [])
})

for (const protocol of ['eager', 'compatible'] as const) {
  test(`a worker that stops joins no rebalance (${protocol}) before what it runs has stopped, or others would begin to run it`, async (t) => {
    const played = await start(t, { protocol })
    await played.follow({ assigned: BOTH })
    await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
    const letGo = holdStops(played)
    const stopped = played.stop()
    await played.untilCalls('stop c1', 'stop c1-1')
    let hasJoined = false
    const round = played.follow().then(() => {
      hasJoined = true
    })
    await turns()
    assert.deepEqual([hasJoined, played.hasLeft], [false, false])
    letGo()
    await Promise.all([stopped, round])
    assert.ok(played.hasLeft)
  })
}

test('what is taken from a worker that has begun to stop stays claimed until it has stopped', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  await played.follow({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  const letGo = holdStops(played)
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
  const round = played.follow({ revoked: BOTH }, answered)
  await turns()
  const stopped = played.stop()
  answer()
  await round
  assert.deepEqual([played.rejoins, played.claimed(), played.hasLeft], [[], BOTH, false])
  letGo()
  await stopped
})

test('a worker that is told to stop while it stops what was taken from it does not join again before it has left', async (t) => {
  const played = await start(t, { protocol: 'compatible' })
  await played.follow({ assigned: { connectors: ['c1'], tasks: [task('c1', 1), task('c1', 2)] } })
  await played.untilCalls('start c1', 'start c1-1', 'start c1-2', 'taskConfigs c1')
  const letGo = holdStops(played)
  const restart = played.herder.restartTask(task('c1', 2))
  await played.untilCalls('stop c1-2')
  // Waits for its turn behind the restart, and is refused when the worker stops.
  const round = played.follow({ revoked: BOTH })
  await turns()
  const stopped = played.stop()
  letGo()
  await Promise.all([restart, round, stopped])
  assert.deepEqual(played.rejoins, [])
})

/** Time for everything that waits for nothing outside. */
async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
}
