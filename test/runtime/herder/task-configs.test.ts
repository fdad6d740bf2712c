import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completeTaskConfigs, taskConfigsChanged } from '../../../src/runtime/herder/task-configs.ts'
import { ConfigState } from '../../../src/runtime/stores/config-state.ts'

/** Without what providers gave. */
function plain(props: Record<string, string>) {
  return { props, provided: new Map<string, string>() }
}

test('task configurations get task.class and the topics of a sink', () => {
  const raw = { 'connector.class': 'X', topics: 'a,b' }
  const [config] = completeTaskConfigs([{ k: 'v' }], raw, plain(raw), 'org.example.MySinkConnector')
  assert.deepEqual(config, { 'task.class': 'org.example.MySinkTask', k: 'v', topics: 'a,b' })
})

test('testReverseTransformConfigs: what stood behind a reference is stored as the reference again, and nothing is added', () => {
  const raw = { password: '${file:/x:p}', user: 'u', derived: '${file:/x:d}' }
  const resolved = { password: 'secret', user: 'u', derived: 'd' }
  const generated = [{ password: 'secret', user: 'u', derived: 'changed by the connector' }]
  const [config] = completeTaskConfigs(generated, raw, plain(resolved), 'X')
  assert.equal(config?.['password'], '${file:/x:p}')
  assert.equal(config?.['derived'], 'changed by the connector')
  const [other] = completeTaskConfigs([{ user: 'u' }], raw, plain(resolved), 'X')
  assert.deepEqual(other, { 'task.class': 'X', user: 'u' })
})

test('what a connector made from provided values is stored with references in it', () => {
  const raw = {
    'db.password': '${file:/x:p}',
    host: '${file:/x:h}',
    'tasks.max': '${file:/x:t}',
    note: 'long-host-name',
  }
  const props = { 'db.password': 'pass', host: 'long-host-name', 'tasks.max': '1', note: 'long-host-name' }
  const provided = new Map([
    ['${file:/x:p}', 'pass'],
    ['${file:/x:h}', 'long-host-name'],
    ['${file:/x:t}', '1'],
  ])
  const generated = [{ url: 'jdbc://u:pass@long-host-name/1', note: 'long-host-name', n: '1', 'task.class': 'x.pass' }]
  const [config] = completeTaskConfigs(generated, raw, { props, provided }, 'X')
  assert.deepEqual(config, {
    'task.class': 'x.pass',
    url: 'jdbc://u:${file:/x:p}@${file:/x:h}/1',
    note: 'long-host-name',
    n: '1',
  })
})

test('testTaskConfigComparison, testTaskConfigsChangedWhenAppliedConnectorConfigDiffers: their number, a configuration, or the applied connector configuration', () => {
  const state = new ConfigState()
  state.apply({ type: 'connector', connector: 'c', properties: { x: '1' } })
  assert.equal(taskConfigsChanged(state, 'c', []), false)
  assert.equal(taskConfigsChanged(state, 'c', [{ a: '1' }]), true)
  state.apply({ type: 'task', id: { connector: 'c', task: 0 }, properties: { a: '1' } })
  state.apply({ type: 'commit', connector: 'c', tasks: 1 })
  assert.equal(taskConfigsChanged(state, 'c', [{ a: '1' }]), false)
  assert.equal(taskConfigsChanged(state, 'c', [{ a: '2' }]), true)
  assert.equal(taskConfigsChanged(state, 'c', [{ a: '1', b: '2' }]), true)
  assert.equal(taskConfigsChanged(state, 'c', [{ a: '1' }, { a: '1' }]), true)
  state.apply({ type: 'connector', connector: 'c', properties: { x: '2' } })
  assert.equal(taskConfigsChanged(state, 'c', [{ a: '1' }]), true)
})
