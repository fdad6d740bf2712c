import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ForwardError, NotAssignedError, NotFoundError, NotLeaderError } from '../../../src/runtime/index.ts'
import { NO_WORK, type Work } from '../../../src/runtime/group/work.ts'
import { leaderUrl, type PlayedTopic, PlayedWorker, source, task } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: restarts of connectors and tasks.

const ALL: Work = { connectors: ['c1'], tasks: [task('c1', 0), task('c1', 1), task('c1', 2)] }
const INSTANCE = { includeTasks: false, onlyFailed: false }
const EVERYTHING = { includeTasks: true, onlyFailed: false }
const FAILED = { includeTasks: true, onlyFailed: true }
const otherUrl = 'http://other:8083/'

const before = (configs: PlayedTopic): void => configs.giveConnector('c1', source({ 'tasks.max': '3' }), 3)

/** The leader, which runs c1 with its three tasks. */
async function startLeader(t: TestContext): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({ before })
  t.after(() => played.stop())
  await played.lead()
  await played.untilCalls('start c1', 'start c1-0', 'start c1-1', 'start c1-2', 'taskConfigs c1')
  return played
}

/** A follower that runs `assigned`. */
async function startFollower(t: TestContext, assigned: Work = NO_WORK): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({ before })
  t.after(() => played.stop())
  await played.follow({ assigned })
  await played.settle()
  played.runner.calls.length = 0
  return played
}

/** What was written to the status topic about a connector or task, as its state. */
function statesWritten(played: PlayedWorker, key: string): string[] {
  return played.statuses.written
    .filter(([written, value]) => written === key && value !== null)
    .map(([, value]) => (JSON.parse(value ?? '') as { state: string }).state)
}

function request(includeTasks: boolean, onlyFailed: boolean) {
  return { type: 'restart', connector: 'c1', includeTasks, onlyFailed } as const
}

test('testRestartConnector: it is stopped and started, and asked for its tasks', async (t) => {
  const played = await startLeader(t)
  assert.equal(await played.herder.restartConnector('c1', INSTANCE), null)
  await played.untilCalls('stop c1', 'start c1', 'taskConfigs c1')
  assert.deepEqual(played.configs.keys(), ['session-key'])
})

test('testRestartUnknownConnector: it is not found', async (t) => {
  const played = await startLeader(t)
  await assert.rejects(played.herder.restartConnector('none', INSTANCE), NotFoundError)
})

test('testRestartConnectorRedirectToLeader: a follower that does not run it sends to the leader', async (t) => {
  const played = await startFollower(t)
  await assert.rejects(played.herder.restartConnector('c1', INSTANCE), (error) => {
    assert.ok(error instanceof NotLeaderError)
    assert.equal(error.url, leaderUrl)
    return true
  })
  assert.deepEqual(played.runner.calls, [])
})

test('testRestartConnectorRedirectToOwner, testRestartTaskRedirectToOwner: the leader knows who runs it', async (t) => {
  const played = await PlayedWorker.start({ before })
  t.after(() => played.stop())
  await played.lead({ url: otherUrl, work: { connectors: ['c1'], tasks: [task('c1', 0)] } })
  await played.untilCalls('start c1-1', 'start c1-2')
  const toOther = (error: unknown): boolean => {
    assert.ok(error instanceof NotAssignedError)
    assert.equal(error.url, otherUrl)
    return true
  }
  await assert.rejects(played.herder.restartConnector('c1', INSTANCE), toOther)
  await assert.rejects(played.herder.restartTask(task('c1', 0)), toOther)
  assert.deepEqual(played.runner.calls, [])
})

test('testRestartConnectorAndTasksUnknownConnector: it is not found', async (t) => {
  const played = await startLeader(t)
  for (const options of [EVERYTHING, FAILED, { includeTasks: false, onlyFailed: true }])
    await assert.rejects(played.herder.restartConnector('none', options), NotFoundError)
  assert.deepEqual(played.configs.keys(), ['session-key'])
})

test('testRestartConnectorAndTasksNotLeader: a follower sends to the leader, also when it runs the connector', async (t) => {
  const played = await startFollower(t, ALL)
  await assert.rejects(played.herder.restartConnector('c1', EVERYTHING), NotLeaderError)
  assert.deepEqual(played.configs.written, [])
})

test('testRestartConnectorAndTasksUnknownStatus: one that has not said anything yet is not found', async (t) => {
  const played = await PlayedWorker.start({ before })
  t.after(() => played.stop())
  await played.leadWith({})
  await assert.rejects(played.herder.restartConnector('c1', EVERYTHING), (error) => {
    assert.ok(error instanceof NotFoundError)
    assert.equal(error.message, 'Status for connector c1 not found')
    return true
  })
})

test('testRestartConnectorAndTasksSuccess: the request goes through the topic, the answer says what will restart', async (t) => {
  const played = await startLeader(t)
  const answer = await played.herder.restartConnector('c1', EVERYTHING)
  assert.equal(answer?.connector.state, 'RESTARTING')
  assert.deepEqual(
    answer.tasks.map(({ state }) => state),
    ['RESTARTING', 'RESTARTING', 'RESTARTING'],
  )
  assert.deepEqual(played.configs.keys(), ['session-key', 'restart-connector-c1'])
  const tasks = [0, 1, 2].flatMap((number) => [`stop c1-${number}`, `start c1-${number}`])
  await played.untilCalls('stop c1', 'start c1', 'taskConfigs c1', ...tasks)
})

test('testDoRestartConnectorAndTasksEmptyPlan: a request for what has no status is passed over', async (t) => {
  const played = await startFollower(t)
  played.configs.give(request(true, false))
  played.configs.give({ ...request(true, false), connector: 'none' })
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  assert.deepEqual(played.statuses.written, [])
})

test('testDoRestartConnectorAndTasksNoAssignments: nothing restarts where nothing of it runs', async (t) => {
  const played = await startFollower(t, ALL)
  await played.follow({ revoked: ALL })
  await played.untilCalls('stop c1', 'stop c1-0', 'stop c1-1', 'stop c1-2')
  const written = played.statuses.written.length
  played.configs.give(request(true, false))
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  assert.equal(played.statuses.written.length, written)
})

test('testDoRestartConnectorAndTasksOnlyConnector: the instance says RESTARTING and is started anew', async (t) => {
  const played = await startFollower(t, { connectors: ['c1'], tasks: [task('c1', 0)] })
  played.configs.give(request(false, false))
  await played.untilCalls('stop c1', 'start c1', 'taskConfigs c1')
  assert.deepEqual(statesWritten(played, 'status-connector-c1'), ['RUNNING', 'RESTARTING', 'RUNNING'])
  assert.deepEqual(statesWritten(played, 'status-task-c1-0'), ['RUNNING'])
})

test('testDoRestartConnectorAndTasksOnlyTasks: of the tasks those that are here', async (t) => {
  const played = await startFollower(t, { connectors: [], tasks: [task('c1', 0)] })
  // The connector itself runs elsewhere.
  played.statuses.foreign(
    'status-connector-c1',
    JSON.stringify({ state: 'RUNNING', trace: null, worker_id: 'other:8083', generation: 1 }),
  )
  played.configs.give(request(true, false))
  await played.untilCalls('stop c1-0', 'start c1-0')
  assert.deepEqual(statesWritten(played, 'status-task-c1-0'), ['RUNNING', 'RESTARTING', 'RUNNING'])
  assert.deepEqual(statesWritten(played, 'status-connector-c1'), [])
})

test('testDoRestartConnectorAndTasksBoth: instance and tasks', async (t) => {
  const played = await startFollower(t, { connectors: ['c1'], tasks: [task('c1', 0)] })
  played.configs.give(request(true, false))
  await played.untilCalls('stop c1', 'start c1', 'taskConfigs c1', 'stop c1-0', 'start c1-0')
  for (const key of ['status-connector-c1', 'status-task-c1-0'])
    assert.deepEqual(statesWritten(played, key), ['RUNNING', 'RESTARTING', 'RUNNING'], key)
})

test('testRestartTask: it is stopped and started', async (t) => {
  const played = await startLeader(t)
  await played.herder.restartTask(task('c1', 0))
  await played.untilCalls('stop c1-0', 'start c1-0')
})

test('testRestartUnknownTask: neither one of an unknown connector nor one too many is found', async (t) => {
  const played = await startLeader(t)
  await assert.rejects(played.herder.restartTask(task('blah', 0)), NotFoundError)
  await assert.rejects(played.herder.restartTask(task('c1', 3)), NotFoundError)
})

test('testRestartTaskRedirectToLeader: a follower that does not run it sends to the leader', async (t) => {
  const played = await startFollower(t, { connectors: ['c1'], tasks: [] })
  await assert.rejects(played.herder.restartTask(task('c1', 0)), (error) => {
    assert.ok(error instanceof NotLeaderError)
    assert.equal(error.url, leaderUrl)
    return true
  })
})

test('requests wait while a rebalance is due', async (t) => {
  const played = await startLeader(t)
  played.configs.giveConnector('c2', source({ 'tasks.wanted': '0' }))
  await played.settle()
  const waiting = played.herder.restartConnector('c1', INSTANCE)
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  await played.lead()
  await waiting
  await eventually(() => played.runner.calls.includes('stop c1'), 'the restart')
  // Who leads meanwhile is not asked twice: the answer to a follower names the new leader.
  await played.follow()
  await assert.rejects(played.herder.restartConnector('c2', EVERYTHING), (error) => error instanceof ForwardError)
})

test('processRestartRequestsFailureSuppression: a request that cannot be followed holds up nothing', async (t) => {
  const played = await startFollower(t)
  played.statuses.foreign(
    'status-connector-c1',
    JSON.stringify({ state: 'RUNNING', trace: null, worker_id: 'other:8083', generation: 1 }),
  )
  const { runner } = played
  const plugins = runner.plugins.bind(runner)
  runner.plugins = async () => {
    throw new Error('not today')
  }
  played.configs.give(request(true, false))
  await played.settle()
  assert.ok(played.logged('Could not follow a change of the configuration'))
  runner.plugins = plugins
  await played.follow({ assigned: { connectors: [], tasks: [task('c1', 0)] } })
  await played.untilCalls('start c1-0')
  played.configs.give(request(true, false))
  await played.untilCalls('stop c1-0', 'start c1-0')
})

test('processRestartRequestsDequeue: requests for several connectors are all followed, each once', async (t) => {
  const played = await PlayedWorker.start({
    before: (configs) => {
      for (const name of ['foo', 'bar']) configs.giveConnector(name)
    },
  })
  t.after(() => played.stop())
  await played.follow({ assigned: { connectors: ['foo', 'bar'], tasks: [] } })
  await played.settle()
  played.runner.calls.length = 0
  for (const connector of ['foo', 'bar']) played.configs.give({ ...request(false, false), connector })
  await eventually(() => ['start foo', 'start bar'].every((call) => played.runner.calls.includes(call)), 'both')
  await played.settle()
  assert.deepEqual(played.runner.calls.filter((call) => call.startsWith('start')).toSorted(), [
    'start bar',
    'start foo',
  ])
})

test('preserveHighestImpactRestartRequest: of requests that wait together, the one that restarts the most is followed', async (t) => {
  const played = await startFollower(t, { connectors: ['c1'], tasks: [task('c1', 0)] })
  for (const [includeTasks, onlyFailed] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const)
    played.configs.give(request(includeTasks, onlyFailed))
  await played.untilCalls('stop c1', 'start c1', 'taskConfigs c1', 'stop c1-0', 'start c1-0')
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  // Neither of these two does all that the other does.
  played.runner.listener.taskStatus(task('c1', 0), 'FAILED', 'broken')
  played.configs.give(request(true, true))
  played.configs.give(request(false, false))
  await played.untilCalls('stop c1', 'start c1', 'taskConfigs c1', 'stop c1-0', 'start c1-0')
})
