import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { type ConnectorContext, config, defineSource, type SourcePlugin, Type } from '../../../src/connect/index.ts'
import { CallMarker } from '../../../src/runtime/plugins/call-marker.ts'
import { PluginScope } from '../../../src/runtime/plugins/plugin-scope.ts'
import { ConnectorRun } from '../../../src/runtime/tasks/connector-run.ts'
import { RecordingListener } from '../../support/task-runner.ts'

interface Watched {
  plugin: SourcePlugin
  events: string[]
  contexts: ConnectorContext[]
}

function watchedPlugin(extra: Partial<SourcePlugin> = {}): Watched {
  const events: string[] = []
  const contexts: ConnectorContext[] = []
  const plugin = defineSource({
    class: 'test.Watched',
    version: '1',
    summary: '',
    config: config({ url: Type.String() }),
    startConnector(props, context) {
      events.push(`start ${props.url}`)
      contexts.push(context)
      return {
        taskConfigs: (max) => Array.from({ length: max }, (_, task) => ({ task, list: ['a'], none: null })),
        stop: () => void events.push('stop'),
      }
    },
    startTask: () => ({ poll: () => null }),
  }) as SourcePlugin
  return { plugin: { ...plugin, ...extra }, events, contexts }
}

function run(
  plugin: SourcePlugin,
  props: Record<string, string>,
): { connector: ConnectorRun; listener: RecordingListener } {
  const listener = new RecordingListener()
  const owner = { kind: 'connector', name: 'c', task: null, pluginClass: plugin.class } as const
  const connector = new ConnectorRun({
    name: 'c',
    plugin,
    props,
    makeScope: (onStrayError) => new PluginScope(owner, CallMarker.unobserved(), onStrayError),
    listener,
    logger: silentLogger,
    callTimeoutMs: 1000,
  })
  return { connector, listener }
}

test('an instance lives while the connector runs: pausing stops it, resuming makes another', async () => {
  const { plugin, events } = watchedPlugin()
  const { connector, listener } = run(plugin, { url: 'x', 'tasks.max': '2' })
  await connector.start('STARTED')
  await connector.setTargetState('PAUSED')
  await connector.setTargetState('STARTED')
  await connector.setTargetState('STOPPED')
  await connector.stop()
  assert.deepEqual(events, ['start x', 'stop', 'start x', 'stop'])
  assert.deepEqual(listener.states('c'), ['RUNNING', 'PAUSED', 'RUNNING', 'STOPPED'])
})

test('a connector that starts paused makes no instance and no task configurations', async () => {
  const { plugin, events } = watchedPlugin()
  const { connector, listener } = run(plugin, { url: 'x' })
  await connector.start('PAUSED')
  await assert.rejects(connector.taskConfigs(1), /"c" is not running/)
  assert.deepEqual(events, [])
  assert.deepEqual(listener.states('c'), ['PAUSED'])
  await connector.stop()
})

test('task configurations become text, and too many of them fail the connector unless that is allowed', async () => {
  const { plugin } = watchedPlugin()
  const strict = run(plugin, { url: 'x', 'tasks.max': '1' })
  await strict.connector.start('STARTED')
  assert.deepEqual(await strict.connector.taskConfigs(1), [{ task: '0', list: '["a"]' }])
  await assert.rejects(
    strict.connector.taskConfigs(2),
    /The connector c has generated 2 tasks, which is greater than 1, the maximum number of tasks it is configured to create\./,
  )
  assert.equal(strict.listener.last('c')?.state, 'FAILED')
  await strict.connector.stop()
  const lenient = run(plugin, { url: 'x', 'tasks.max': '1', 'tasks.max.enforce': 'false' })
  await lenient.connector.start('STARTED')
  assert.equal((await lenient.connector.taskConfigs(2)).length, 2)
  await lenient.connector.stop()
})

test('without an instance of its own a connector has one task with its own configuration', async () => {
  const plain = defineSource({
    class: 'test.Plain',
    version: '1',
    summary: '',
    config: config({ url: Type.String() }),
    startTask: () => ({ poll: () => null }),
  }) as SourcePlugin
  const { connector } = run(plain, { url: 'x' })
  await connector.start('STARTED')
  assert.deepEqual(await connector.taskConfigs(5), [{ url: 'x' }])
  await connector.stop()
})

test('a wrong configuration fails it with every faulty key, and it stays so', async () => {
  const { plugin } = watchedPlugin({ validate: () => ({ url: ['is not nice'] }) })
  const missing = run(plugin, {})
  await assert.rejects(missing.connector.start('STARTED'), /url/)
  await missing.connector.setTargetState('STOPPED')
  assert.deepEqual(missing.listener.states('c'), ['FAILED'])
  const refused = run(plugin, { url: 'x' })
  await assert.rejects(refused.connector.start('STARTED'), /configured wrongly: url: is not nice/)
})

test('an error that a running connector raises fails it; it can still be stopped, and says nothing after that', async () => {
  const { plugin, contexts } = watchedPlugin()
  const { connector, listener } = run(plugin, { url: 'x' })
  await connector.start('STARTED')
  contexts[0]?.requestTaskReconfiguration()
  assert.deepEqual(listener.reconfigurations, ['c'])
  contexts[0]?.raiseError(new Error('the source went away'))
  assert.match(listener.last('c')?.trace ?? '', /the source went away/)
  await connector.setTargetState('PAUSED')
  assert.equal(listener.last('c')?.state, 'FAILED')
  await connector.setTargetState('STOPPED')
  assert.equal(listener.last('c')?.state, 'STOPPED')
  contexts[0]?.raiseError(new Error('too late'))
  contexts[0]?.requestTaskReconfiguration()
  assert.equal(listener.last('c')?.state, 'STOPPED')
  assert.equal(listener.reconfigurations.length, 1)
  await connector.stop()
})

test('a connector that asks or fails without an end is heard once, until it lets other code run', async () => {
  const { plugin, contexts } = watchedPlugin()
  const { connector, listener } = run(plugin, { url: 'x' })
  await connector.start('STARTED')
  for (let n = 0; n < 1000; n++) contexts[0]?.requestTaskReconfiguration()
  assert.equal(listener.reconfigurations.length, 1)
  await new Promise((resolve) => setImmediate(resolve))
  contexts[0]?.requestTaskReconfiguration()
  assert.equal(listener.reconfigurations.length, 2)
  for (let n = 0; n < 1000; n++) contexts[0]?.raiseError(new Error(`failure ${n}`))
  assert.deepEqual(listener.states('c'), ['RUNNING', 'FAILED'])
  assert.match(listener.last('c')?.trace ?? '', /failure 0$/m)
  await connector.stop()
})

test('an error that cannot be read fails a connector like any other', async () => {
  const { plugin, contexts } = watchedPlugin()
  const { connector, listener } = run(plugin, { url: 'x' })
  await connector.start('STARTED')
  contexts[0]?.raiseError(Object.assign(new Error('odd'), { stack: { of: 'no use' } }))
  assert.match(listener.last('c')?.trace ?? '', /^Error: odd/)
  await connector.stop()
})
