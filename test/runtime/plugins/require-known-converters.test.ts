import assert from 'node:assert/strict'
import { test } from 'node:test'
import { converterPlugins } from '../../../src/converters/index.ts'
import { PluginDirectory } from '../../../src/runtime/herder/plugin-directory.ts'
import { createConverters } from '../../../src/runtime/pipeline/record-converters.ts'
import { describePlugin } from '../../../src/runtime/plugins/plugin.ts'
import { PluginRegistry } from '../../../src/runtime/plugins/plugin-registry.ts'
import {
  hasConverterVersions,
  hasOwnConverters,
  requireKnownConverters,
  warnOfConverterVersions,
} from '../../../src/runtime/plugins/require-known-converters.ts'
import { recordingPino } from '../../support/recording-pino.ts'

test('a worker waits for plugins only when one of its converters is not bundled', () => {
  const converter = converterPlugins.find(({ kind }) => kind === 'converter')?.class ?? ''
  for (const { kind, class: name } of converterPlugins) {
    const config =
      kind === 'converter'
        ? { keyConverter: name, valueConverter: name, headerConverter: converter }
        : { keyConverter: converter, valueConverter: converter, headerConverter: name }
    assert.equal(hasOwnConverters(config), false, name)
  }
  const own = { keyConverter: converter, valueConverter: 'org.example.OwnConverter', headerConverter: converter }
  assert.equal(hasOwnConverters(own), true)
})

test('versions of converters that are not there are told, and fail the tasks that would use them, as with Kafka Connect', () => {
  const json = 'org.apache.kafka.connect.json.JsonConverter'
  const classes = {
    keyConverter: json,
    valueConverter: json,
    headerConverter: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
  }
  const version = converterPlugins.find((plugin) => plugin.class === json)?.version ?? ''
  const properties = {
    'key.converter': json,
    'key.converter.plugin.version': '99.1',
    'value.converter': json,
    'value.converter.plugin.version': `[${version},)`,
    'header.converter.plugin.version': '[1,2',
  }
  const plugins = new PluginDirectory(converterPlugins.map(describePlugin))
  const { logger, lines } = recordingPino()
  assert.equal(hasConverterVersions({ properties: { 'key.converter': json } }), false)
  assert.equal(hasConverterVersions({ properties }), true)
  requireKnownConverters(classes, plugins)
  warnOfConverterVersions({ ...classes, properties }, plugins, logger)
  const mismatch = `Plugin ${json} not found that matches the version range [99.1,99.1], available versions: [${version}]`
  assert.deepEqual(
    lines.map(({ setting }) => setting),
    ['key.converter.plugin.version', 'header.converter.plugin.version'],
  )
  assert.ok(lines[0]?.msg.startsWith(mismatch))
  assert.match(
    lines[1]?.msg ?? '',
    /^Unbounded range: \[1,2\. Tasks of connectors without a header\.converter of their own/,
  )

  const registry = new PluginRegistry()
  for (const plugin of converterPlugins) registry.add(plugin)
  assert.throws(() => createConverters({}, properties, registry), { message: mismatch })
  const rest = { 'header.converter': classes.headerConverter }
  assert.equal(createConverters({ 'key.converter': json, ...rest }, properties, registry).keyClass, json)
})
