import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AlreadyExistsError, BadRequestError, NotFoundError, NotLeaderError } from '../../../src/runtime/index.ts'
import { leaderUrl, type PlayedTopic, PlayedWorker, source, task, taskProperties } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: requests that read and change what is configured.

const CONFIG = { name: 'c1', ...source({ 'tasks.max': '3' }) }
const before = (configs: PlayedTopic): void => configs.giveConnector('c1', CONFIG, 3)

/** The only worker of its group; c1 and its three tasks run on it, unless there is nothing. */
async function startLeader(t: TestContext, isEmpty = false): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({ alone: true, ...(isEmpty ? {} : { before }) })
  t.after(() => played.stop())
  await played.settle()
  played.runner.calls.length = 0
  played.configs.written.length = 0
  return played
}

async function startFollower(t: TestContext): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({ before })
  t.after(() => played.stop())
  await played.follow()
  return played
}

/** What was written to the configuration topic, parsed. */
function written(played: PlayedWorker): [string, unknown][] {
  return played.configs.written.map(([key, value]) => [key, value === null ? null : JSON.parse(value)])
}

function isNotLeader(error: unknown): boolean {
  assert.ok(error instanceof NotLeaderError)
  assert.equal(error.url, leaderUrl)
  return true
}

const create = (played: PlayedWorker, config: Record<string, string>, allowReplace = false) =>
  played.herder.putConnector(config['name'] ?? '', config, { allowReplace })

test('testCreateConnector: it is written, the answer has no tasks yet, and it is started', async (t) => {
  const played = await startLeader(t, true)
  const config = { name: 'c2', ...source({ 'tasks.max': '2' }) }
  const stages: (string | undefined)[] = []
  const send = played.configs.send.bind(played.configs)
  played.configs.send = (...args) => {
    stages.push(played.herder.stage()?.description)
    return send(...args)
  }
  const { created, info } = await create(played, config)
  assert.equal(created, true)
  assert.deepEqual(info, { name: 'c2', config, tasks: [], type: 'source' })
  assert.equal(stages[0], 'writing a config for connector c2 to the config topic')
  await played.settle()
  assert.deepEqual(written(played).slice(0, 1), [['connector-c2', { properties: config }]])
  assert.equal(stages[1], 'writing 2 task configs for connector c2 to the config topic')
  await played.untilCalls('start c2', 'taskConfigs c2', 'start c2-0', 'start c2-1')
})

test('testCreateConnectorWithInitialState: the state is written before the connector', async (t) => {
  const played = await startLeader(t, true)
  const config = { name: 'c2', ...source() }
  const { created, info } = await played.herder.putConnector('c2', config, {
    allowReplace: false,
    initialState: 'STOPPED',
  })
  assert.equal(created, true)
  assert.deepEqual(info, { name: 'c2', config, tasks: [], type: 'source' })
  await played.settle()
  assert.deepEqual(played.configs.keys(), ['target-state-c2', 'connector-c2'])
  assert.equal((await played.herder.connectorStatus('c2')).connector.state, 'STOPPED')
})

test('testCreateConnectorConfigBackingStoreError: who asked is told that it could not be written', async (t) => {
  const played = await startLeader(t, true)
  played.configs.failure = new Error('Error writing connector configuration to Kafka')
  await assert.rejects(create(played, { name: 'c2', ...source() }), played.configs.failure)
  assert.deepEqual(await played.herder.connectors(), [])
})

test('testCreateConnectorFailedValidation: nothing is written of what is not valid', async (t) => {
  const played = await startLeader(t, true)
  await assert.rejects(create(played, { name: 'c2', 'connector.class': 'FakeSource' }), BadRequestError)
  await assert.rejects(create(played, source()), BadRequestError)
  assert.deepEqual(played.configs.written, [])
})

test('testConnectorNameConflictsWithWorkerGroupId, testConnectorGroupIdConflictsWithWorkerGroupId: told on the key', async (t) => {
  const played = await startLeader(t, true)
  const sink = { 'connector.class': 'FakeSink', topics: 'in' }
  const errorsOf = async (config: Record<string, string>): Promise<[string, readonly string[]][]> => {
    const { configs } = await played.herder.validateConfig('FakeSink', config)
    return configs.flatMap(({ value }) => (value?.errors.length ? [[value.name, value.errors]] : []))
  }
  const conflict = 'conflicts with Connect worker group connect-test'
  assert.deepEqual(await errorsOf({ ...sink, name: 'test' }), [
    ['name', [`Consumer group for sink connector named test ${conflict}`]],
  ])
  assert.deepEqual(await errorsOf({ ...sink, name: 'test', 'consumer.override.group.id': 'connect-test' }), [
    ['consumer.override.group.id', [`Consumer group connect-test ${conflict}`]],
  ])
  assert.deepEqual(await errorsOf({ ...sink, name: 'other' }), [])
})

test('testCreateConnectorAlreadyExists: the second one is refused', async (t) => {
  const played = await startLeader(t)
  await assert.rejects(create(played, CONFIG), (error) => {
    assert.ok(error instanceof AlreadyExistsError)
    assert.equal(error.message, 'Connector c1 already exists')
    return true
  })
  assert.deepEqual(played.configs.written, [])
})

test('testDestroyConnector: connector, tasks, statuses and the topics that they used are gone', async (t) => {
  const played = await startLeader(t)
  for (const topic of ['foo', 'bar']) played.runner.listener.topicUsed('c1', 0, topic)
  assert.deepEqual(await played.herder.activeTopics('c1'), ['foo', 'bar'])
  const rounds = played.rejoins.length
  await played.herder.deleteConnector('c1')
  assert.deepEqual(written(played), [
    ['connector-c1', null],
    ['target-state-c1', null],
  ])
  await played.untilCalls('stop c1', 'stop c1-0', 'stop c1-1', 'stop c1-2')
  await played.settle()
  assert.equal(played.rejoins.length, rounds + 1)
  assert.deepEqual(await played.herder.activeTopics('c1'), [])
  await assert.rejects(played.herder.connectorStatus('c1'), NotFoundError)
  await assert.rejects(played.herder.deleteConnector('c1'), NotFoundError)
  const last = new Map(played.statuses.written)
  assert.deepEqual(
    [...last.values()],
    [...last].map(() => null),
  )
  const follower = await startFollower(t)
  await assert.rejects(follower.herder.deleteConnector('c1'), isNotLeader)
})

test('testAccessors: connectors, their configurations and tasks are told as they were written', async (t) => {
  const config = { ...CONFIG, 'secret.text': '${file:/nowhere:key}' }
  const played = await PlayedWorker.start({
    props: { 'config.providers': 'file', 'config.providers.file.class': 'FileConfigProvider' },
    before: (configs) => configs.giveConnector('c1', config, 3),
  })
  t.after(() => played.stop())
  await played.follow()
  const { herder } = played
  assert.deepEqual(await herder.connectors(), ['c1'])
  const tasks = [0, 1, 2].map((number) => task('c1', number))
  assert.deepEqual(await herder.connectorInfo('c1'), { name: 'c1', config, tasks, type: 'source' })
  assert.deepEqual(await herder.connectorConfig('c1'), config)
  assert.deepEqual(
    await herder.taskConfigs('c1'),
    tasks.map((id) => ({ id, config: taskProperties({ topic: 'out' }, id.task) })),
  )
  for (const read of [herder.connectorInfo('none'), herder.connectorConfig('none'), herder.taskConfigs('none')])
    await assert.rejects(read, NotFoundError)
})

test('testPutConnectorConfig: the connector is restarted with its new configuration', async (t) => {
  const played = await startLeader(t)
  assert.deepEqual(await played.herder.connectorConfig('c1'), CONFIG)
  const config = { ...CONFIG, topic: 'out', extra: '1' }
  const { created, info } = await create(played, config, true)
  assert.equal(created, false)
  assert.deepEqual(info, { name: 'c1', config, tasks: [0, 1, 2].map((n) => task('c1', n)), type: 'source' })
  assert.deepEqual(await played.herder.connectorConfig('c1'), config)
  await eventually(() => played.runner.calls.includes('start c1'), 'the restart')
  assert.equal(played.runner.connectors.get('c1')?.['extra'], '1')
})

test('testPatchConnectorConfigNotFound: 404', async (t) => {
  const played = await startLeader(t, true)
  await assert.rejects(played.herder.patchConnectorConfig('c2', { foo1: 'baz1' }), NotFoundError)
})

test('testPatchConnectorConfigNotALeader: a follower sends to the leader', async (t) => {
  const played = await startFollower(t)
  await assert.rejects(played.herder.patchConnectorConfig('c1', {}), isNotLeader)
  await assert.rejects(played.herder.patchConnectorConfig('none', {}), isNotLeader)
})

test('testPatchConnectorConfig: what is written is the configuration with the changes', async (t) => {
  const played = await PlayedWorker.start({
    alone: true,
    before: (configs) =>
      configs.giveConnector('c1', { ...CONFIG, foo0: 'unaffected', foo1: 'will-be-changed', foo2: 'will-be-removed' }),
  })
  t.after(() => played.stop())
  await played.settle()
  played.configs.written.length = 0
  const patch = { foo1: 'changed', foo2: null, foo3: 'added' }
  const { config } = await played.herder.patchConnectorConfig('c1', patch)
  const patched = { ...CONFIG, foo0: 'unaffected', foo1: 'changed', foo3: 'added' }
  assert.deepEqual(config, patched)
  assert.deepEqual(written(played)[0], ['connector-c1', { properties: patched }])
})

test('testStopConnector: its tasks are taken away, and then its state is STOPPED', async (t) => {
  const played = await startLeader(t)
  await played.herder.stopConnector('c1')
  assert.deepEqual(written(played), [
    ['commit-c1', { tasks: 0 }],
    ['target-state-c1', { state: 'PAUSED', 'state.v2': 'STOPPED' }],
  ])
  await played.untilCalls('stop c1-0', 'stop c1-1', 'stop c1-2')
  await played.settle()
  assert.equal((await played.herder.connectorStatus('c1')).connector.state, 'STOPPED')
  await assert.rejects(played.herder.stopConnector('none'), NotFoundError)
})

test('testStopConnectorNotLeader: a follower sends to the leader', async (t) => {
  const played = await startFollower(t)
  await assert.rejects(played.herder.stopConnector('c1'), isNotLeader)
  await assert.rejects(played.herder.stopConnector('none'), NotFoundError)
  assert.deepEqual(played.configs.written, [])
})

test('testStopConnectorFailToWriteTaskConfigs: the state is not written when the tasks could not be taken away', async (t) => {
  const played = await startLeader(t)
  const failure = new Error('Could not write task configs to config topic')
  const send = played.configs.send.bind(played.configs)
  const keys: string[] = []
  played.configs.send = (key, value) => {
    keys.push(Buffer.from(key).toString())
    return keys.length === 1 ? Promise.reject(failure) : send(key, value)
  }
  await assert.rejects(played.herder.stopConnector('c1'), failure)
  await played.settle()
  assert.deepEqual(keys, ['commit-c1'])
  assert.equal((await played.herder.connectorStatus('c1')).connector.state, 'RUNNING')
})

test('a follower pauses and resumes, which every worker may, and nobody does for an unknown connector', async (t) => {
  const played = await startFollower(t)
  await played.herder.pauseConnector('c1')
  await played.herder.resumeConnector('c1')
  assert.deepEqual(played.configs.keys(), ['target-state-c1', 'target-state-c1'])
  await assert.rejects(played.herder.pauseConnector('none'), NotFoundError)
})
