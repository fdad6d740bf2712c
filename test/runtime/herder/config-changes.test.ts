import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { NO_WORK, type Work } from '../../../src/runtime/group/work.ts'
import { PlayedWorker, type PlayedWorkerOptions, source, task } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: how a worker follows what others write to the configuration topic.

const C1: Work = { connectors: ['c1'], tasks: [] }
const T0: Work = { connectors: [], tasks: [task('c1', 0)] }
const CONFIG = source({ 'tasks.max': '3' })

/** A worker for which connector c1 with its three tasks is configured, and that runs `assigned`. */
async function start(t: TestContext, assigned: Work, options: PlayedWorkerOptions = {}): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({ before: (configs) => configs.giveConnector('c1', CONFIG, 3), ...options })
  t.after(() => played.stop())
  await played.follow({ assigned })
  const starts = [
    ...assigned.connectors.map((name) => `start ${name}`),
    ...assigned.tasks.map((id) => `start c1-${id.task}`),
  ]
  await played.untilCalls(...starts, ...assigned.connectors.map((name) => `taskConfigs ${name}`))
  return played
}

const protocols = ['eager', 'compatible', 'sessioned'] as const

for (const protocol of protocols) {
  test(`testConnectorConfigAdded (${protocol}): a new connector needs a rebalance, which assigns it`, async (t) => {
    const played = await start(t, NO_WORK, { protocol, before: () => undefined })
    played.configs.giveConnector('c1', CONFIG, 3)
    await played.settle()
    assert.deepEqual(played.rejoins, ['connector c1 was created', 'the tasks of connector c1 changed'])
    assert.deepEqual(played.runner.calls, [])
    await played.follow({ assigned: C1 })
    await played.untilCalls('start c1', 'taskConfigs c1')
  })

  test(`testConnectorConfigDetectedAfterLeaderAlreadyAssigned (${protocol}): it is started once`, async (t) => {
    const played = await start(t, NO_WORK, { protocol, before: () => undefined })
    // The leader knows of it already; this worker reads of it at the same moment.
    const round = played.follow({ assigned: C1 })
    played.configs.giveConnector('c1', CONFIG, 3)
    await round
    await played.settle()
    await played.untilCalls('start c1')
    if (protocol === 'eager') return
    await played.follow()
    await played.untilCalls('taskConfigs c1')
  })
}

test('testConnectorConfigUpdate: a new configuration restarts the connector where it is, without a rebalance', async (t) => {
  const played = await start(t, C1)
  played.configs.giveConnector('c1', { ...CONFIG, topic: 'other' })
  await played.untilCalls('stop c1', 'start c1', 'taskConfigs c1')
  assert.equal(played.runner.connectors.get('c1')?.['topic'], 'other')
  assert.deepEqual(played.rejoins, [])
})

test('testConnectorConfigUpdateFailedTransformation: one whose references cannot be resolved is FAILED', async (t) => {
  const props = { 'config.providers': 'file', 'config.providers.file.class': 'FileConfigProvider' }
  const played = await start(t, C1, { props })
  played.configs.giveConnector('c1', { ...CONFIG, topic: '${file:/nowhere/at/all:key}' })
  const connector = await eventually(async () => {
    const shown = await played.herder.connectorStatus('c1')
    return shown.connector.state === 'FAILED' ? shown.connector : null
  }, 'the connector being FAILED')
  await played.untilCalls('stop c1')
  assert.match(connector.trace ?? '', /nowhere/)
  assert.deepEqual(played.rejoins, [])
})

const targetStates = [
  ['testConnectorPaused', 'PAUSED', 'STARTED', []],
  ['testConnectorResumed', 'STARTED', 'PAUSED', ['taskConfigs c1']],
  ['testConnectorStopped', 'STOPPED', 'STARTED', []],
] as const

for (const [name, state, before, calls] of targetStates) {
  test(`${name}: the connector takes the state${state === 'STARTED' ? ', and is asked for its tasks' : ''}`, async (t) => {
    const played = await PlayedWorker.start({
      before: (configs) => {
        configs.giveConnector('c1', CONFIG, 3)
        configs.giveTargetState('c1', before)
      },
    })
    t.after(() => played.stop())
    await played.follow({ assigned: C1 })
    await played.settle()
    played.runner.calls.length = 0
    played.configs.giveTargetState('c1', state)
    await played.settle()
    await played.untilCalls(...calls)
    const shown = state === 'STARTED' ? 'RUNNING' : state
    assert.equal((await played.herder.connectorStatus('c1')).connector.state, shown)
    assert.deepEqual(played.rejoins, [])
  })
}

for (const [name, state, before] of [
  ['testConnectorPausedRunningTaskOnly', 'PAUSED', 'STARTED'],
  ['testConnectorResumedRunningTaskOnly', 'STARTED', 'PAUSED'],
] as const) {
  test(`${name}: a task takes the state where its connector is not`, async (t) => {
    const played = await start(t, T0, {
      before: (configs) => {
        configs.giveConnector('c1', CONFIG, 3)
        configs.giveTargetState('c1', before)
      },
    })
    const { runner } = played
    runner.listener.taskStatus(task('c1', 0), before === 'STARTED' ? 'RUNNING' : 'PAUSED', null)
    played.configs.giveTargetState('c1', state)
    await played.settle()
    const shown = await played.herder.taskStatus(task('c1', 0))
    assert.equal(shown.state, state === 'STARTED' ? 'RUNNING' : 'PAUSED')
    assert.deepEqual(runner.calls, [])
  })
}

test('testUnknownConnectorPaused: the state of what is not there changes nothing', async (t) => {
  const played = await start(t, T0)
  const before = played.statuses.keys().length
  played.configs.giveTargetState('unknown-connector', 'PAUSED')
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  assert.equal(played.statuses.keys().length, before)
  assert.equal(played.logged('Could not follow'), undefined)
})

for (const protocol of protocols) {
  test(`testTaskConfigAdded (${protocol}): new task configurations stop the tasks and need a rebalance`, async (t) => {
    const played = await start(t, T0, { protocol })
    played.configs.giveTasks('c1', 3, { topic: 'other' })
    await played.untilCalls('stop c1-0')
    assert.deepEqual(played.rejoins, ['the tasks of connector c1 changed'])
    await played.follow(protocol === 'eager' ? { assigned: T0 } : {})
    await played.untilCalls('start c1-0')
    assert.equal(played.runner.tasks.get('c1-0')?.['topic'], 'other')
  })
}

test('a change is followed however the one before it ended', async (t) => {
  const played = await start(t, C1)
  const { runner } = played
  const setTargetState = runner.setTargetState.bind(runner)
  runner.setTargetState = async () => {
    throw new Error('not today')
  }
  played.configs.giveTargetState('c1', 'PAUSED')
  await played.settle()
  assert.ok(played.logged('Could not change the state of a connector'))
  runner.setTargetState = setTargetState
  played.configs.giveTargetState('c1', 'STOPPED')
  await played.settle()
  assert.equal((await played.herder.connectorStatus('c1')).connector.state, 'STOPPED')
})

test('changes of several connectors that wait together are waited for together, those of one in their order', async (t) => {
  const names = ['c1', 'c2', 'c3']
  const played = await PlayedWorker.start({
    before: (configs) => {
      for (const name of names) configs.giveConnector(name, source(), 1)
    },
  })
  t.after(() => played.stop())
  await played.follow({ assigned: { connectors: [], tasks: names.map((name) => task(name)) } })
  await played.untilCalls(...names.map((name) => `start ${name}-0`))
  const { runner } = played
  const held = Promise.withResolvers<void>()
  const stopTasks = runner.stopTasks.bind(runner)
  runner.stopTasks = async (ids) => {
    await stopTasks(ids)
    await held.promise
  }
  for (const name of names) played.configs.give({ type: 'connector', connector: name, properties: null })
  played.configs.giveConnector('c1', source(), 1)
  await played.untilCalls(...names.map((name) => `stop ${name}-0`))
  // Only what is stopped may be started by others.
  assert.equal(played.rejoins.length, 0)
  assert.equal(played.claimed().tasks.length, 3)
  assert.match(played.herder.stage()?.description ?? '', /^handling \d changes of the configuration$/)
  held.resolve()
  await played.settle()
  assert.deepEqual(played.claimed().tasks, [])
  const ofFirst = played.rejoins.filter((reason) => reason.includes('connector c1'))
  assert.deepEqual(ofFirst, [
    'connector c1 was removed',
    'connector c1 was created',
    'the tasks of connector c1 changed',
  ])
  await played.follow({ assigned: { connectors: [], tasks: [task('c1')] } })
  await played.untilCalls('start c1-0')
})
