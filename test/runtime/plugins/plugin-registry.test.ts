import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  config,
  defineSource,
  defineTransform,
  type SourcePlugin,
  type TransformPlugin,
} from '../../../src/connect/index.ts'
import type { Plugin } from '../../../src/runtime/plugins/plugin.ts'
import { shortNames } from '../../../src/runtime/plugins/plugin-names.ts'
import { PluginRegistry } from '../../../src/runtime/plugins/plugin-registry.ts'

function source(name: string, ...aliases: string[]): SourcePlugin {
  return defineSource({
    class: name,
    aliases,
    version: '1',
    summary: '',
    config: config({}),
    startTask: () => ({ poll: () => null }),
  })
}

function transform(name: string): TransformPlugin {
  return defineTransform({
    class: name,
    version: '1',
    summary: '',
    config: config({}),
    create: () => ({ apply: (record) => record }),
  })
}

function registry(...plugins: Plugin[]): PluginRegistry {
  const made = new PluginRegistry()
  for (const plugin of plugins) made.add(plugin)
  return made
}

test('a connector is found by class, alias, simple name and pruned name, those of its aliases included', () => {
  const plugin = source('org.millrace.postgres.PostgresSource', 'io.confluent.connect.jdbc.JdbcSourceConnector')
  const plugins = registry(plugin)
  const names = [
    'org.millrace.postgres.PostgresSource',
    'io.confluent.connect.jdbc.JdbcSourceConnector',
    'PostgresSource',
    'JdbcSourceConnector',
    'JdbcSource',
  ]
  for (const name of names) assert.equal(plugins.resolve(name, ['source', 'sink']), plugin, name)
})

test('a short name that means two classes is refused with both of them named', () => {
  const plugins = registry(source('a.FileSource'), source('b.FileSourceConnector'))
  assert.throws(
    () => plugins.resolve('FileSource', ['source', 'sink']),
    /More than one connector matches alias FileSource.*a\.FileSource, b\.FileSourceConnector/,
  )
  assert.equal(plugins.resolve('b.FileSourceConnector', 'source').class, 'b.FileSourceConnector')
})

test('an unknown class is refused with a list of what there is', () => {
  const plugins = registry(source('a.FileSource'), transform('t.Filter'))
  assert.throws(
    () => plugins.resolve('nope', ['source', 'sink']),
    /Failed to find any class that implements Connector and which name matches nope, available connectors are: a\.FileSource$/,
  )
})

test('kinds have names of their own', () => {
  const plugins = registry(source('x.Filter'), transform('t.Filter'))
  assert.equal(plugins.resolve('Filter', 'transformation').class, 't.Filter')
})

test('the first of two plugins with the same class stays', () => {
  const first = source('a.S')
  const plugins = registry(first)
  assert.equal(plugins.add(source('a.S')), false)
  assert.equal(plugins.resolve('a.S', 'source'), first)
})

test('short names are the simple name and the pruned one', () => {
  assert.deepEqual(shortNames('source', 'org.apache.kafka.connect.file.FileStreamSourceConnector'), [
    'FileStreamSourceConnector',
    'FileStreamSource',
  ])
  assert.deepEqual(shortNames('transformation', 'org.apache.kafka.connect.transforms.ReplaceField$Value'), ['Value'])
  assert.deepEqual(shortNames('converter', 'org.apache.kafka.connect.json.JsonConverter'), ['JsonConverter', 'Json'])
})

test('of several versions of a class the newest is taken, or the newest in the range that is asked for', () => {
  const [old, middle, newest] = ['1.9', '1.10', '2.0-rc1'].map((version) => ({ ...source('a.S'), version }))
  const plugins = registry(middle as Plugin, newest as Plugin, old as Plugin)
  assert.equal(plugins.resolve('a.S', 'source'), newest)
  assert.equal(plugins.resolve('S', 'source', 'latest'), newest)
  assert.equal(plugins.resolve('S', 'source', '1.9'), old)
  assert.equal(plugins.resolve('a.S', 'source', '[1,2)'), newest)
  assert.equal(plugins.resolve('a.S', 'source', '[1,1.99]'), middle)
  assert.throws(
    () => plugins.resolve('a.S', 'source', '[3,)'),
    /Plugin a\.S not found that matches the version range \[3,\), available versions: \[1\.9, 1\.10, 2\.0-rc1\]/,
  )
  assert.throws(() => plugins.resolve('a.S', 'source', '[3'), /Unbounded range: \[3/)
})
