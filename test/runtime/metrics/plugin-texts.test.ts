import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PluginDirectory } from '../../../src/runtime/herder/plugin-directory.ts'
import { pluginTexts } from '../../../src/runtime/metrics/plugin-texts.ts'
import type { PluginDescription, PluginType } from '../../../src/runtime/task-runner.ts'

const plugin = (type: PluginType, className: string, version: string): PluginDescription => ({
  class: className,
  aliases: [],
  type,
  version,
  summary: '',
  keys: [],
})

const plugins = new PluginDirectory([
  plugin('source', 'x.FeedSourceConnector', '1.0.0'),
  plugin('source', 'x.FeedSourceConnector', '2.0.0'),
  plugin('converter', 'x.TextConverter', '3.0.0'),
  plugin('converter', 'x.JsonConverter', '4.0.0'),
  plugin('header_converter', 'org.apache.kafka.connect.storage.SimpleHeaderConverter', '5.0.0'),
  plugin('transformation', 'x.Drop$Value', '6.0.0'),
  plugin('predicate', 'x.IsOld', '7.0.0'),
])
const worker = { 'key.converter': 'x.TextConverter', 'value.converter': 'x.TextConverter' }

test('classes are shown in full, whatever the configuration calls them, in the version that is used', () => {
  const texts = pluginTexts(
    {
      'connector.class': 'FeedSource',
      'connector.plugin.version': '[1.0,2.0)',
      'value.converter': 'Json',
      transforms: 'a, b',
      'transforms.a.type': 'x.Drop$Value',
      'transforms.b.type': 'x.Missing',
      predicates: 'p',
      'predicates.p.type': 'IsOld',
    },
    worker,
    plugins,
  )
  assert.deepEqual(texts.task, {
    'connector-type': 'source',
    'connector-class': 'x.FeedSourceConnector',
    'connector-version': '1.0.0',
    'task-class': 'x.FeedSourceConnector',
    'task-version': '1.0.0',
    'key-converter-class': 'x.TextConverter',
    'key-converter-version': '3.0.0',
    'value-converter-class': 'x.JsonConverter',
    'value-converter-version': '4.0.0',
    'header-converter-class': 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    'header-converter-version': '5.0.0',
  })
  assert.deepEqual(texts.transforms, [
    ['a', { 'transform-class': 'x.Drop$Value', 'transform-version': '6.0.0' }],
    ['b', { 'transform-class': 'x.Missing', 'transform-version': 'undefined' }],
  ])
  assert.deepEqual(texts.predicates, [['p', { 'predicate-class': 'x.IsOld', 'predicate-version': '7.0.0' }]])
})

test('the newest version counts where none is asked for, and a reference to a provider stays one', () => {
  const newest = pluginTexts({ 'connector.class': 'x.FeedSourceConnector' }, worker, plugins)
  assert.equal(newest.connector['connector-version'], '2.0.0')
  const hidden = pluginTexts({ 'connector.class': '${file:/secrets:class}' }, worker, plugins)
  assert.deepEqual(hidden.connector, {
    'connector-type': 'unknown',
    'connector-class': '${file:/secrets:class}',
    'connector-version': 'undefined',
  })
})
