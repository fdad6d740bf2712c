import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ConfigRecord,
  decodeConfigRecord,
  encodeConfigRecord,
} from '../../../src/runtime/stores/config-records.ts'
import { ConfigState } from '../../../src/runtime/stores/config-state.ts'

/** Records as Kafka Connect writes them. */
const golden: readonly (readonly [ConfigRecord, string, string | null])[] = [
  [
    { type: 'connector', connector: 'a-b', properties: { k: 'v', n: null } },
    'connector-a-b',
    '{"properties":{"k":"v","n":null}}',
  ],
  [{ type: 'connector', connector: 'a', properties: null }, 'connector-a', null],
  [
    { type: 'task', id: { connector: 'a-1', task: 12 }, properties: { k: 'v' } },
    'task-a-1-12',
    '{"properties":{"k":"v"}}',
  ],
  [{ type: 'commit', connector: 'a', tasks: 3 }, 'commit-a', '{"tasks":3}'],
  [
    { type: 'target-state', connector: 'a', state: 'STARTED' },
    'target-state-a',
    '{"state":"STARTED","state.v2":"STARTED"}',
  ],
  [
    { type: 'target-state', connector: 'a', state: 'PAUSED' },
    'target-state-a',
    '{"state":"PAUSED","state.v2":"PAUSED"}',
  ],
  [
    { type: 'target-state', connector: 'a', state: 'STOPPED' },
    'target-state-a',
    '{"state":"PAUSED","state.v2":"STOPPED"}',
  ],
  [{ type: 'target-state', connector: 'a', state: null }, 'target-state-a', null],
  [{ type: 'fencing', connector: 'a', tasks: 2 }, 'tasks-fencing-a', '{"task-count":2}'],
  [
    {
      type: 'session-key',
      sessionKey: { key: Buffer.from('secret'), algorithm: 'HmacSHA256', createdAt: 1_700_000_000_000 },
    },
    'session-key',
    '{"key":"c2VjcmV0","algorithm":"HmacSHA256","creation-timestamp":1700000000000}',
  ],
  [
    { type: 'restart', connector: 'a', includeTasks: true, onlyFailed: false },
    'restart-connector-a',
    '{"include-tasks":true,"only-failed":false}',
  ],
  [{ type: 'logger', logger: 'org.x', level: 'DEBUG' }, 'logger-cluster-org.x', '{"level":"DEBUG"}'],
]

test('records of the config topic are written and read exactly as Kafka Connect does', () => {
  for (const [record, key, value] of golden) {
    const encoded = encodeConfigRecord(record)
    assert.equal(encoded.key, key)
    assert.equal(encoded.value === null ? null : Buffer.from(encoded.value).toString(), value)
    assert.deepEqual(decodeConfigRecord(key, value === null ? null : Buffer.from(value)), record)
  }
})

test('target states of old writers, without state.v2, are understood', () => {
  const decoded = decodeConfigRecord('target-state-a', Buffer.from('{"state":"PAUSED"}'))
  assert.deepEqual(decoded, { type: 'target-state', connector: 'a', state: 'PAUSED' })
})

test('what is not a record of ours is named and skipped', () => {
  for (const [key, value] of [
    ['nonsense', '{}'],
    ['connector-a', 'not json'],
    ['connector-a', '{"properties":{"k":1}}'],
    ['task-a-x', '{"properties":{}}'],
    ['commit-a', '{"tasks":"3"}'],
    ['target-state-a', '{"state":"FLYING"}'],
    ['session-key', '{"key":"x"}'],
  ] as const) {
    assert.equal(typeof decodeConfigRecord(key, Buffer.from(value)), 'string', `${key} ${value}`)
  }
  assert.equal(typeof decodeConfigRecord('commit-a', null), 'string')
})

const connector = (name: string, properties: Record<string, string> | null): ConfigRecord => ({
  type: 'connector',
  connector: name,
  properties,
})
const task = (name: string, number: number, value: string): ConfigRecord => ({
  type: 'task',
  id: { connector: name, task: number },
  properties: { value },
})
const commit = (name: string, tasks: number): ConfigRecord => ({ type: 'commit', connector: name, tasks })

function stateOf(...records: ConfigRecord[]): { state: ConfigState; events: (string | undefined)[] } {
  const state = new ConfigState()
  const events = records.map((record) => state.apply(record)?.type)
  return { state, events }
}

test('tasks count only once they are committed', () => {
  const { state, events } = stateOf(connector('a', { x: '1' }), task('a', 0, 'p'), task('a', 1, 'q'))
  assert.deepEqual(events, ['connector-created', undefined, undefined])
  assert.deepEqual(state.taskConfigs('a'), [])
  assert.equal(state.apply(commit('a', 2))?.type, 'tasks-committed')
  assert.deepEqual(state.taskConfigs('a'), [{ value: 'p' }, { value: 'q' }])
  assert.deepEqual(state.appliedConnectorConfig('a'), { x: '1' })
  assert.deepEqual(state.configured().tasks, [
    { connector: 'a', task: 0 },
    { connector: 'a', task: 1 },
  ])
})

test('a commit that the buffered tasks do not cover makes the connector inconsistent until a good one', () => {
  const { state } = stateOf(connector('a', {}), task('a', 1, 'q'), commit('a', 2))
  assert.deepEqual(state.taskConfigs('a'), [])
  state.apply(task('a', 0, 'p'))
  state.apply(commit('a', 2))
  assert.deepEqual(state.taskConfigs('a'), [], 'the earlier buffer was emptied')
  for (const number of [0, 1, 2]) state.apply(task('a', number, `v${number}`))
  state.apply(commit('a', 2))
  assert.deepEqual(state.taskConfigs('a'), [{ value: 'v0' }, { value: 'v1' }])
})

test('a commit for a deleted connector, and tasks from before its deletion, are forgotten', () => {
  const { state, events } = stateOf(
    connector('a', {}),
    task('a', 0, 'old'),
    connector('a', null),
    commit('a', 1),
    connector('a', { again: 'yes' }),
  )
  assert.deepEqual(events, ['connector-created', undefined, 'connector-removed', undefined, 'connector-created'])
  assert.deepEqual(state.taskConfigs('a'), [])
  state.apply(commit('a', 1))
  assert.deepEqual(state.taskConfigs('a'), [])
})

test('a connector without a target state is started; changes are told once', () => {
  const { state, events } = stateOf(
    connector('a', {}),
    { type: 'target-state', connector: 'a', state: 'STARTED' },
    { type: 'target-state', connector: 'a', state: 'STOPPED' },
    { type: 'target-state', connector: 'a', state: 'STOPPED' },
  )
  assert.equal(state.targetState('a'), 'STOPPED')
  assert.deepEqual(events, ['connector-created', undefined, 'target-state-changed', undefined])
  assert.equal(new ConfigState().targetState('new'), 'STARTED')
})

test('an initial target state that comes before the connector is kept', () => {
  const { state } = stateOf({ type: 'target-state', connector: 'a', state: 'PAUSED' }, connector('a', {}))
  assert.equal(state.targetState('a'), 'PAUSED')
})
