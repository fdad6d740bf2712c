import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import type { ConfigEvent } from '../../../src/runtime/stores/config-state.ts'
import { decodeConfigRecord } from '../../../src/runtime/stores/config-records.ts'
import { ConfigStore } from '../../../src/runtime/stores/config-store.ts'
import { type RecordedLog, recordedLogs } from '../../support/recorded-log.ts'

// Kafka's KafkaConfigBackingStoreTest, case by case.

const topic = { topic: 'configs', partitions: 1, replicationFactor: 1, settings: {} }

interface Opened {
  readonly store: ConfigStore
  readonly log: RecordedLog
  readonly events: ConfigEvent[]
}

/** A started store on a topic that holds `before`. */
async function started(...before: (readonly [string, string | null])[]): Promise<Opened> {
  const events: ConfigEvent[] = []
  const { open, logs } = recordedLogs(before)
  const store = new ConfigStore(topic, open, (event) => events.push(event), silentLogger)
  await store.start()
  return { store, log: logs[0] as RecordedLog, events }
}

const connectorRecord = (name: string, value = '1'): [string, string] => [
  `connector-${name}`,
  `{"properties":{"v":"${value}"}}`,
]
const taskRecord = (name: string, number: number, value: string): [string, string] => [
  `task-${name}-${number}`,
  `{"properties":{"t":"${value}"}}`,
]
const commitRecord = (name: string, tasks: number): [string, string] => [`commit-${name}`, `{"tasks":${tasks}}`]

test('testStartStop: an empty topic gives an empty state', async () => {
  const { store } = await started()
  assert.deepEqual([store.state.connectors(), store.state.offset], [[], 0])
  await store.stop()
})

test('testSnapshotCannotMutateInternalState: lists that are handed out are copies', async () => {
  const { store } = await started(connectorRecord('a'))
  store.state.connectors().push('b')
  assert.deepEqual(store.state.connectors(), ['a'])
})

test('testPutConnectorConfig: connectors are written, read back and told', async () => {
  const { store, log, events } = await started()
  await store.putConnector('a', { v: '1' }, null)
  await store.putConnector('b', { v: '2' }, null)
  assert.deepEqual(log.written, [connectorRecord('a'), connectorRecord('b', '2')])
  assert.deepEqual(store.state.connectorConfig('a'), { v: '1' })
  assert.deepEqual(
    events.map(({ type }) => type),
    ['connector-created', 'connector-created'],
  )
  await store.removeConnector('b')
  assert.equal(store.state.connectorConfig('b'), null)
  assert.equal(store.state.targetState('b'), 'STARTED')
})

test('testPutConnectorConfigWithTargetState: the initial state is written before the connector', async () => {
  const { store, log, events } = await started()
  await store.putConnector('a', { v: '1' }, 'STOPPED')
  assert.deepEqual(log.written, [['target-state-a', '{"state":"PAUSED","state.v2":"STOPPED"}'], connectorRecord('a')])
  assert.equal(store.state.targetState('a'), 'STOPPED')
  assert.deepEqual(
    events.map(({ type }) => type),
    ['connector-created'],
  )
})

test('testPutConnectorConfigProducerError, testWritePrivileges: a write that fails says so and changes nothing', async () => {
  const { store, log } = await started()
  log.failure = new Error('not allowed')
  await assert.rejects(store.putConnector('a', { v: '1' }, null), /not allowed/)
  assert.deepEqual(store.state.connectors(), [])
  log.failure = null
  await store.putConnector('a', { v: '1' }, null)
  assert.deepEqual(store.state.connectors(), ['a'])
})

test('testRemoveConnectorConfigSlowProducer: a deletion is two tombstones, the connector first', async () => {
  const { store, log, events } = await started(connectorRecord('a'))
  await store.removeConnector('a')
  assert.deepEqual(log.written, [
    ['connector-a', null],
    ['target-state-a', null],
  ])
  assert.deepEqual(events, [{ type: 'connector-removed', connector: 'a' }])
})

test('testRestoreTargetStateUnexpectedDeletion: without a target state a connector is started', async () => {
  const { store } = await started(
    connectorRecord('a'),
    ['target-state-a', '{"state":"PAUSED"}'],
    ['target-state-a', null],
  )
  assert.equal(store.state.targetState('a'), 'STARTED')
})

test('testRestoreTargetState: the newer field wins, the older is understood', async () => {
  const { store, events } = await started(
    connectorRecord('a'),
    connectorRecord('b'),
    ['target-state-a', '{"state":"PAUSED"}'],
    ['target-state-b', '{"state":"PAUSED","state.v2":"STOPPED"}'],
  )
  assert.deepEqual([store.state.targetState('a'), store.state.targetState('b')], ['PAUSED', 'STOPPED'])
  assert.deepEqual(events, [])
})

test('testRestore: the state after the start is that of the last commit', async () => {
  const { store, events } = await started(
    connectorRecord('a'),
    taskRecord('a', 0, '0'),
    taskRecord('a', 1, '1'),
    connectorRecord('a', '2'),
    taskRecord('a', 0, '2'),
    commitRecord('a', 2),
    // Not committed any more.
    taskRecord('a', 0, '3'),
  )
  assert.deepEqual(store.state.connectorConfig('a'), { v: '2' })
  assert.deepEqual(store.state.taskConfigs('a'), [{ t: '2' }, { t: '1' }])
  assert.deepEqual(store.state.appliedConnectorConfig('a'), { v: '2' })
  assert.equal(store.state.offset, 7)
  assert.deepEqual(events, [])
})

test('testRestoreConnectorDeletion, testBackgroundConnectorDeletion: with the connector its tasks are gone', async () => {
  const records = [connectorRecord('a'), taskRecord('a', 0, '0'), commitRecord('a', 1)] as const
  const restored = await started(...records, ['connector-a', null], ['target-state-a', null])
  assert.deepEqual(restored.store.state.configured(), { connectors: [], tasks: [] })
  const running = await started(...records)
  running.log.foreign('connector-a', null)
  running.log.foreign('target-state-a', null)
  assert.deepEqual(running.store.state.configured(), { connectors: [], tasks: [] })
  assert.deepEqual(running.events, [{ type: 'connector-removed', connector: 'a' }])
})

test('testRestoreZeroTasks, testPutTaskConfigsZeroTasks: a commit of no tasks takes all of them away', async () => {
  const { store, log, events } = await started(connectorRecord('a'), taskRecord('a', 0, '0'), commitRecord('a', 1))
  await store.putTaskConfigs('a', [])
  assert.deepEqual(log.written, [commitRecord('a', 0)])
  assert.deepEqual(store.state.taskConfigs('a'), [])
  assert.deepEqual(events, [{ type: 'tasks-committed', connector: 'a' }])
})

test('testRestoreCompactedDeletedConnector: tasks of a connector whose records are compacted away count for nothing', async () => {
  const { store } = await started(taskRecord('a', 0, '0'), taskRecord('a', 1, '0'), commitRecord('a', 2), [
    'tasks-fencing-a',
    '{"task-count":2}',
  ])
  assert.deepEqual(store.state.configured(), { connectors: [], tasks: [] })
  assert.equal(store.state.fencedTaskCount('a'), 2)
})

for (const [title, value, expected] of [
  ['testRecordToRestartRequest', '{"include-tasks":true,"only-failed":true}', [true, true]],
  ['testRecordToRestartRequestOnlyFailedInconsistent', '{"include-tasks":true}', [true, false]],
  ['testRecordToRestartRequestIncludeTasksInconsistent', '{"only-failed":true}', [false, true]],
] as const) {
  test(`${title}: a field that is missing is false`, () => {
    const decoded = decodeConfigRecord('restart-connector-a', Buffer.from(value))
    assert.deepEqual(decoded, {
      type: 'restart',
      connector: 'a',
      includeTasks: expected[0],
      onlyFailed: expected[1],
    })
  })
}

test('testPutTaskConfigsDoesNotResolveAllInconsistencies: one connector that is whole again does not make others so', async () => {
  const { store } = await started(
    connectorRecord('a'),
    connectorRecord('b'),
    // Their first tasks were compacted away.
    taskRecord('a', 1, '1'),
    commitRecord('a', 2),
    taskRecord('b', 1, '1'),
    commitRecord('b', 2),
  )
  assert.deepEqual(store.state.configured().tasks, [])
  await store.putTaskConfigs('a', [{ t: '5' }])
  assert.deepEqual(store.state.taskConfigs('a'), [{ t: '5' }])
  assert.deepEqual(store.state.taskConfigs('b'), [])
})

for (const [title, includeTasks, onlyFailed] of [
  ['testPutRestartRequestOnlyFailed', false, true],
  ['testPutRestartRequestOnlyFailedIncludingTasks', true, true],
] as const) {
  test(`${title}: the request is written and told`, async () => {
    const { store, log, events } = await started(connectorRecord('a'))
    await store.putRestartRequest('a', includeTasks, onlyFailed)
    assert.deepEqual(log.written, [
      ['restart-connector-a', `{"include-tasks":${includeTasks},"only-failed":${onlyFailed}}`],
    ])
    assert.deepEqual(events, [{ type: 'restart-requested', connector: 'a', includeTasks, onlyFailed }])
  })
}

test('testRestoreRestartRequestInconsistentState: a request from before the start is not acted on', async () => {
  const { events } = await started(connectorRecord('a'), ['restart-connector-a', '{"include-tasks":true}'])
  assert.deepEqual(events, [])
})

test('testBackgroundUpdateTargetState, testSameTargetState: a change of another worker is told, a repetition is not', async () => {
  const { store, log, events } = await started(connectorRecord('a'))
  log.foreign('target-state-a', '{"state":"PAUSED"}')
  log.foreign('target-state-a', '{"state":"PAUSED"}')
  assert.deepEqual(events, [{ type: 'target-state-changed', connector: 'a' }])
  assert.equal(store.state.targetState('a'), 'PAUSED')
})

test('testPutLogLevel: levels are written for the cluster, and told', async () => {
  const { store, log, events } = await started()
  await store.putLoggerLevel('org.x', 'DEBUG')
  assert.deepEqual(log.written, [['logger-cluster-org.x', '{"level":"DEBUG"}']])
  assert.deepEqual(events, [{ type: 'logger-level-changed', logger: 'org.x', level: 'DEBUG' }])
})

test('testTaskCountRecordsAndGenerations: the count of the last fencing and the generation of the tasks are known', async () => {
  const { store, log } = await started(connectorRecord('a'))
  assert.equal(store.state.fencedTaskCount('a'), null)
  await store.putTaskConfigs('a', [{ t: '0' }, { t: '1' }])
  const generation = store.state.taskGeneration('a')
  log.foreign('tasks-fencing-a', '{"task-count":2}')
  assert.equal(store.state.fencedTaskCount('a'), 2)
  await store.putTaskConfigs('a', [{ t: '2' }])
  assert.equal(store.state.taskGeneration('a'), generation + 1)
  await store.putTaskConfigs('a', [])
  assert.equal(store.state.taskGeneration('a'), generation + 1)
})

test('testPutTaskConfigs: all tasks are written, and the commit after them', async () => {
  const { store, log, events } = await started(connectorRecord('a'))
  await store.putTaskConfigs('a', [{ t: '0' }, { t: '1' }])
  assert.deepEqual(log.written, [taskRecord('a', 0, '0'), taskRecord('a', 1, '1'), commitRecord('a', 2)])
  assert.deepEqual(store.state.taskConfigs('a'), [{ t: '0' }, { t: '1' }])
  assert.deepEqual(events, [{ type: 'tasks-committed', connector: 'a' }])
})

test('testPutTaskConfigsStartsOnlyReconfiguredTasks: a commit concerns its own connector alone', async () => {
  const { store, events } = await started(connectorRecord('a'), connectorRecord('b'))
  await store.putTaskConfigs('a', [{ t: '0' }])
  await store.putTaskConfigs('b', [{ t: '1' }])
  assert.deepEqual(events, [
    { type: 'tasks-committed', connector: 'a' },
    { type: 'tasks-committed', connector: 'b' },
  ])
})

test('records that cannot be read are passed over, and count in the offset', async () => {
  const { store, log } = await started(connectorRecord('a'), ['connector-b', '{"properties"'], ['what', '{}'])
  log.foreign(null, '{}')
  log.foreign('commit-a', '[]')
  assert.deepEqual(store.state.connectors(), ['a'])
  assert.equal(store.state.offset, 5)
})
