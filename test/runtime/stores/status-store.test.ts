import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import {
  decodeStatusKey,
  encodeStatus,
  encodeStatusKey,
  encodeTopicEntry,
  type StatusEntry,
} from '../../../src/runtime/stores/status-records.ts'
import { StatusStore } from '../../../src/runtime/stores/status-store.ts'
import { type RecordedLog, recordedLogs } from '../../support/recorded-log.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

function openStore(): { store: StatusStore; log: RecordedLog } {
  const { open, logs } = recordedLogs()
  const topic = { topic: 't', partitions: 1, replicationFactor: 1, settings: {} }
  const store = new StatusStore(topic, open, silentLogger)
  return { store, log: logs[0] as RecordedLog }
}

const entry = (given: Partial<StatusEntry> = {}): StatusEntry => ({
  state: 'RUNNING',
  trace: null,
  workerId: 'w1:8083',
  generation: 5,
  version: '1.0',
  ...given,
})

test('statuses and topics are written exactly as Kafka Connect does', () => {
  assert.equal(
    text(encodeStatus(entry())),
    '{"state":"RUNNING","trace":null,"worker_id":"w1:8083","generation":5,"version":"1.0"}',
  )
  assert.equal(
    text(encodeTopicEntry({ topic: 'orders', connector: 'c', task: 1, discoveredAt: 17 })),
    '{"topic":{"name":"orders","connector":"c","task":1,"discoverTimestamp":17}}',
  )
  const keys = [
    [{ type: 'connector', connector: 'a-b' }, 'status-connector-a-b'],
    [{ type: 'task', id: { connector: 'a-1', task: 2 } }, 'status-task-a-1-2'],
    [{ type: 'topic', connector: 'c:d', topic: 'orders' }, 'status-topic-orders:connector-c:d'],
  ] as const
  for (const [key, encoded] of keys) {
    assert.equal(encodeStatusKey(key), encoded)
    assert.deepEqual(decodeStatusKey(encoded), key)
  }
  assert.equal(decodeStatusKey('status-task-a-x'), null)
  assert.equal(decodeStatusKey('something'), null)
})

test('the last status wins, and a tombstone removes it', () => {
  const { store, log } = openStore()
  store.putTask({ connector: 'c', task: 1 }, entry())
  store.putTask({ connector: 'c', task: 0 }, entry({ state: 'FAILED', trace: 'boom' }))
  assert.deepEqual(
    store.tasks('c').map(({ task, entry: { state } }) => [task, state]),
    [
      [0, 'FAILED'],
      [1, 'RUNNING'],
    ],
  )
  log.foreign('status-task-c-1', null)
  assert.deepEqual(
    store.tasks('c').map(({ task }) => task),
    [0],
  )
})

test('UNASSIGNED and FAILED do not overwrite what a worker of a later generation wrote', () => {
  const { store, log } = openStore()
  store.putConnector('c', entry({ workerId: 'w2:8083', generation: 6 }))
  store.putConnector('c', entry({ state: 'UNASSIGNED' }))
  store.putConnector('c', entry({ state: 'FAILED' }))
  assert.equal(log.written.length, 1)
  store.putConnector('c', entry({ state: 'UNASSIGNED', generation: 6 }))
  assert.equal(store.connector('c')?.state, 'UNASSIGNED')
})

test('what fails where nobody runs it is told, although generations have begun anew since it ran', () => {
  const { store, log } = openStore()
  const farewell = '{"state":"UNASSIGNED","trace":null,"worker_id":"before:1","generation":50}'
  for (const key of ['status-connector-c', 'status-task-c-0']) log.foreign(key, farewell)
  store.putConnector('c', entry({ state: 'FAILED', generation: 2 }))
  store.putTask({ connector: 'c', task: 0 }, entry({ state: 'FAILED', generation: 2 }))
  assert.equal(store.connector('c')?.state, 'FAILED')
  assert.equal(store.task({ connector: 'c', task: 0 })?.state, 'FAILED')
})

test('a late UNASSIGNED of the former owner is not believed', () => {
  const { store, log } = openStore()
  store.putTask({ connector: 'c', task: 0 }, entry({ workerId: 'new:1', generation: 6 }))
  log.foreign('status-task-c-0', '{"state":"UNASSIGNED","trace":null,"worker_id":"old:1","generation":5}')
  assert.equal(store.task({ connector: 'c', task: 0 })?.state, 'RUNNING')
  log.foreign('status-task-c-0', '{"state":"UNASSIGNED","trace":null,"worker_id":"new:1","generation":6}')
  assert.equal(store.task({ connector: 'c', task: 0 })?.state, 'UNASSIGNED')
})

test('a late UNASSIGNED of the former owner of a connector is not believed, whatever the new one says', () => {
  const { store, log } = openStore()
  const late = '{"state":"UNASSIGNED","trace":null,"worker_id":"old:1","generation":5}'
  for (const state of ['RUNNING', 'PAUSED', 'FAILED'] as const) {
    store.putConnector('c', entry({ state, workerId: 'new:1', generation: 6 }))
    store.putTask({ connector: 'c', task: 0 }, entry({ state, workerId: 'new:1', generation: 6 }))
    log.foreign('status-connector-c', late)
    log.foreign('status-task-c-0', late)
    assert.deepEqual([store.connector('c')?.state, store.task({ connector: 'c', task: 0 })?.state], [state, state])
  }
  log.foreign('status-connector-c', '{"state":"UNASSIGNED","trace":null,"worker_id":"new:1","generation":5}')
  assert.equal(store.connector('c')?.state, 'UNASSIGNED')
})

test('statuses of older versions, without the version field, are read', () => {
  const { store, log } = openStore()
  log.foreign('status-connector-c', '{"state":"PAUSED","trace":null,"worker_id":"old:1","generation":2}')
  assert.deepEqual(store.connector('c'), {
    state: 'PAUSED',
    trace: null,
    workerId: 'old:1',
    generation: 2,
    version: null,
  })
})

test('deleting a connector leaves tombstones for all that was known of it', () => {
  const { store, log } = openStore()
  store.putConnector('c', entry())
  store.putTask({ connector: 'c', task: 0 }, entry())
  store.putTopic({ topic: 'orders', connector: 'c', task: 0, discoveredAt: 1 })
  log.written.length = 0
  store.deleteConnector('c')
  assert.deepEqual(log.written, [
    ['status-connector-c', null],
    ['status-task-c-0', null],
    ['status-topic-orders:connector-c', null],
  ])
  assert.deepEqual([store.connectors(), store.topics('c')], [[], []])
})

test('foreign nonsense is skipped', () => {
  const { store, log } = openStore()
  log.foreign('nonsense', '{}')
  log.foreign('status-connector-c', 'not json')
  log.foreign('status-topic-x:connector-c', '[]')
  assert.deepEqual([store.connectors(), store.topics('c')], [[], []])
})
