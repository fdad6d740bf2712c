import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { encodeStatus, encodeTopicEntry, type StatusEntry } from '../../../src/runtime/stores/status-records.ts'
import { StatusStore } from '../../../src/runtime/stores/status-store.ts'
import { workerConfig } from '../../../src/runtime/worker-config.ts'
import { testWorkerProps } from '../../support/connect-worker.ts'
import { type RecordedLog, recordedLogs } from '../../support/recorded-log.ts'

// Kafka's KafkaStatusBackingStoreTest and KafkaStatusBackingStoreFormatTest, case by case.

const task = { connector: 'c', task: 0 }
const entry = (given: Partial<StatusEntry> = {}): StatusEntry => ({
  state: 'RUNNING',
  trace: null,
  workerId: 'me:8083',
  generation: 0,
  version: null,
  ...given,
})
const textOf = (status: Partial<StatusEntry>): string => Buffer.from(encodeStatus(entry(status))).toString()

function openStore(): { store: StatusStore; log: RecordedLog } {
  const { open, logs } = recordedLogs()
  const topic = { topic: 'statuses', partitions: 5, replicationFactor: 1, settings: {} }
  const store = new StatusStore(topic, open, silentLogger)
  return { store, log: logs[0] as RecordedLog }
}

test('misconfigurationOfStatusBackingStore: a worker without a status topic is refused', () => {
  const { 'status.storage.topic': _, ...props } = testWorkerProps('localhost:1')
  assert.throws(() => workerConfig(props), /status\.storage\.topic/)
})

test('putConnectorState, putTaskState: a status is one record', () => {
  const { store, log } = openStore()
  store.putConnector('c', entry())
  store.putTask(task, entry())
  assert.deepEqual(log.written, [
    ['status-connector-c', textOf({})],
    ['status-task-c-0', textOf({})],
  ])
})

test('putConnectorStateNonRetriableFailure, putTopicStateNonRetriableFailure: a write that fails for good is given up', async () => {
  const { store, log } = openStore()
  log.failure = new Error('no')
  store.putConnector('c', entry())
  store.putTopic({ topic: 't', connector: 'c', task: 0, discoveredAt: 1 })
  await store.flush()
  assert.deepEqual([store.connector('c'), store.topics('c')], [null, []])
})

test('putSafeConnectorIgnoresStaleStatus: UNASSIGNED is not written over a later generation of another worker', () => {
  const { store, log } = openStore()
  log.foreign('status-connector-c', textOf({ workerId: 'other:8083', generation: 1 }))
  store.putConnector('c', entry({ state: 'UNASSIGNED' }))
  assert.deepEqual(log.written, [])
  assert.equal(store.connector('c')?.workerId, 'other:8083')
})

test('putSafeWithNoPreviousValueIsPropagated: the first status is written whatever it is', () => {
  const { store, log } = openStore()
  store.putConnector('c', entry({ state: 'FAILED', trace: 't' }))
  assert.equal(log.written.length, 1)
})

test('putSafeOverridesValueSetBySameWorker: a worker overwrites its own, also of a later generation', () => {
  const { store, log } = openStore()
  log.foreign('status-connector-c', textOf({ generation: 1 }))
  store.putConnector('c', entry({ state: 'UNASSIGNED' }))
  assert.equal(store.connector('c')?.state, 'UNASSIGNED')
})

test('putConnectorStateShouldOverride, readConnectorState: RUNNING is written over whatever another worker wrote', () => {
  const { store, log } = openStore()
  log.foreign('status-connector-c', textOf({ workerId: 'other:8083', generation: 9 }))
  assert.equal(store.connector('c')?.workerId, 'other:8083')
  store.putConnector('c', entry())
  assert.equal(store.connector('c')?.workerId, 'me:8083')
})

test('readTaskState, readTaskStateShouldIgnoreStaleStatusesFromOtherWorkers: a late UNASSIGNED of the former owner is ignored', () => {
  const { store, log } = openStore()
  log.foreign('status-task-c-0', textOf({ workerId: 'new:8083', generation: 10 }))
  log.foreign('status-task-c-0', textOf({ state: 'UNASSIGNED', workerId: 'old:8083', generation: 9 }))
  assert.deepEqual(store.task(task), entry({ workerId: 'new:8083', generation: 10 }))
})

test('deleteConnectorState, deleteTaskState: tombstones take statuses away', () => {
  const { store, log } = openStore()
  store.putConnector('c', entry())
  store.putTask(task, entry())
  log.foreign('status-connector-c', null)
  log.foreign('status-task-c-0', null)
  assert.deepEqual([store.connector('c'), store.task(task), store.connectors()], [null, null, []])
})

const noKeys = ['status-unknown', 'status-connector-', 'status-task-', 'status-task-c-#', 'status-topic-']
noKeys.push('status-topic-:connector-', 'status-topic-t:', 'status-topic-t:connector-')

test('readInvalidStatus: keys that name nothing are passed over', () => {
  const { store, log } = openStore()
  for (const key of noKeys) {
    log.foreign(key, '')
    log.foreign(key, textOf({}))
    log.foreign(key, null)
  }
  assert.deepEqual([store.connectors(), store.connectorsWithTopics()], [[], []])
})

test('readInvalidStatusValue: values that cannot be read change nothing', () => {
  const { store, log } = openStore()
  const keys = ['status-connector-c', 'status-task-c-0', 'status-topic-t:connector-c']
  for (const key of keys) log.foreign(key, 'invalid')
  assert.deepEqual([store.connectors(), store.connectorsWithTopics()], [[], []])
  store.putConnector('c', entry())
  store.putTask(task, entry())
  store.putTopic({ topic: 't', connector: 'c', task: 0, discoveredAt: 1 })
  for (const key of keys) log.foreign(key, 'invalid')
  assert.deepEqual([store.connectors(), store.tasks('c').length, store.topics('c').length], [['c'], 1, 1])
})

test('putTopicState, readTopicStatus, putTopicStateShouldOverridePreviousState, deleteTopicStatus: topics by connector', () => {
  const { store, log } = openStore()
  const used = { topic: 't', connector: 'c', task: 0, discoveredAt: 1 }
  store.putTopic(used)
  assert.deepEqual(log.written, [['status-topic-t:connector-c', Buffer.from(encodeTopicEntry(used)).toString()]])
  assert.deepEqual(store.topics('c'), [used])
  store.putTopic({ ...used, task: 1, discoveredAt: 2 })
  assert.deepEqual(store.topics('c'), [{ ...used, task: 1, discoveredAt: 2 }])
  log.foreign('status-topic-t:connector-c', null)
  assert.deepEqual([store.topics('c'), store.connectorsWithTopics()], [[], []])
})
