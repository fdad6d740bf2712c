import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import type { ConfigInfos } from '../../../src/runtime/herder/herder.ts'
import { PluginDirectory } from '../../../src/runtime/herder/plugin-directory.ts'
import { ConfigProviders } from '../../../src/runtime/providers/config-providers.ts'
import { referencesOf } from '../../../src/runtime/providers/references.ts'
import type { PluginDescription } from '../../../src/runtime/task-runner.ts'
import type { Properties } from '../../../src/runtime/stores/config-records.ts'
import { ConfigValidator, NULL_VALUE } from '../../../src/runtime/validation/config-validator.ts'
import { configInfos, type Entry } from '../../../src/runtime/validation/entries.ts'
import { describeKey, key } from '../../../src/runtime/config-def/key.ts'
import { fakePlugins, FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

const headerConverter: PluginDescription = {
  class: 'fake.TextHeaderConverter',
  aliases: [],
  type: 'header_converter',
  version: '1',
  summary: '',
  keys: [describeKey(key('charset', 'STRING', 'utf-8', 'LOW', ''))],
}

function validator(
  given: Record<string, string> = {},
  plugins: readonly PluginDescription[] = [...fakePlugins, headerConverter],
): ConfigValidator {
  const runner = new FakeTaskRunner(new RecordingListener())
  return new ConfigValidator({
    worker: testWorkerConfig('localhost:9092', given),
    providers: new ConfigProviders([], silentLogger),
    plugins: async () => new PluginDirectory(plugins),
    validate: (plugin, props) => runner.validateConnector(plugin, props),
    checkOverrides: (...args) => runner.checkOverrides(...args),
  })
}

const source: Properties = { name: 'connector-name', 'connector.class': 'fake.FakeSourceConnector', topic: 'value' }
const sink: Properties = { name: 'connector-name', 'connector.class': 'fake.FakeSinkConnector', topics: 'topic1' }

const validate = (config: Properties, given: Record<string, string> = {}): Promise<ConfigInfos> =>
  validator(given).validate(config)

function errorsOf(infos: ConfigInfos): Record<string, readonly string[]> {
  return Object.fromEntries(
    infos.configs.flatMap(({ value }) => (value && value.errors.length > 0 ? [[value.name, value.errors]] : [])),
  )
}

/** Values by key, of those keys. */
function valuesOf(infos: ConfigInfos, names: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    infos.configs.flatMap(({ value }) => (value && names.includes(value.name) ? [[value.name, value.value]] : [])),
  )
}

const namesOf = (infos: ConfigInfos): string[] => infos.configs.map(({ definition }) => definition?.name ?? '')

const overrides = {
  'producer.override.security.protocol': 'SASL_PLAINTEXT',
  'producer.override.max.request.size': '420',
  'producer.override.max.block.ms': '28980',
  'producer.override.enable.idempotence': 'true',
  'producer.override.bootstrap.servers': 'SASL_PLAINTEXT://localhost:12345,SASL_PLAINTEXT://localhost:23456',
  'producer.override.sasl.login.callback.handler.class': 'com.example.Handler',
}

describe('AbstractHerderTest', () => {
  test('testConfigValidationNullConfig: a null is told on its key', async () => {
    const infos = await validate({ ...source, 'some.key': null })
    assert.deepEqual(errorsOf(infos), { 'some.key': [NULL_VALUE] })
  })

  test('testConfigValidationMultipleNullConfig: each null is told on its key', async () => {
    const infos = await validate({ ...source, 'some.key': null, 'another.key': null })
    assert.deepEqual(errorsOf(infos), { 'some.key': [NULL_VALUE], 'another.key': [NULL_VALUE] })
  })

  test('testConfigValidationEmptyConfig: without a class there is nothing to validate with', async () => {
    await assert.rejects(validate({}), { name: 'BadRequestError', message: /contains no connector type/ })
  })

  test('testConfigValidationMissingName: the name and the required key are missing, all else has its defaults', async () => {
    const infos = await validate({ 'connector.class': 'fake.FakeSourceConnector' })
    assert.deepEqual(Object.keys(errorsOf(infos)), ['name', 'topic'])
    assert.equal(infos.error_count, 2)
    assert.deepEqual(infos.groups, [
      'Common',
      'Transforms',
      'Predicates',
      'Error Handling',
      'Topic Creation',
      'Exactly Once Support',
      'offsets.topic',
    ])
    assert.equal(infos.configs.length, 26)
  })

  test('testConfigValidationInvalidTopics: topics and a pattern exclude each other', async () => {
    const message = 'topics and topics.regex are mutually exclusive options, but both are set.'
    assert.deepEqual(errorsOf(await validate({ ...sink, topics: 'topic1,topic2', 'topics.regex': 'topic.*' })), {
      topics: [message],
      'topics.regex': [message],
    })
  })

  test('testConfigValidationTopicsWithDlq: dead letters must not come back', async () => {
    const infos = await validate({ ...sink, 'errors.deadletterqueue.topic.name': 'topic1' })
    assert.match(
      errorsOf(infos)['topics']?.join() ?? '',
      /DLQ topic 'topic1' may not be included in the list of topics/,
    )
  })

  test('testConfigValidationTopicsRegexWithDlq: nor by a pattern', async () => {
    const infos = await validate({
      ...sink,
      topics: '',
      'topics.regex': 'topic.*',
      'errors.deadletterqueue.topic.name': 'topic1',
    })
    assert.match(errorsOf(infos)['topics.regex']?.join() ?? '', /DLQ topic 'topic1' may not be matched by the regex/)
  })

  test('testConfigValidationTransformsExtendResults: each alias has a group with its keys', async () => {
    const infos = await validate({
      ...source,
      transforms: 'xformA,xformB',
      'transforms.xformA.type': 'fake.Upper$Value',
      'transforms.xformA.field': 'subvalue',
    })
    assert.deepEqual(errorsOf(infos), {
      'transforms.xformB.type': ['Missing required configuration "transforms.xformB.type" which has no default value.'],
    })
    assert.equal(infos.error_count, 1)
    assert.deepEqual(
      infos.groups.filter((group) => group.startsWith('Transforms')),
      ['Transforms', 'Transforms: xformA', 'Transforms: xformB'],
    )
    assert.deepEqual(
      namesOf(infos).filter((name) => name.startsWith('transforms.')),
      [
        'transforms.xformA.type',
        'transforms.xformA.plugin.version',
        'transforms.xformA.field',
        'transforms.xformA.negate',
        'transforms.xformA.predicate',
        'transforms.xformB.type',
        'transforms.xformB.plugin.version',
      ],
    )
    const type = infos.configs.find(({ value }) => value?.name === 'transforms.xformA.type')
    assert.deepEqual(type?.value?.recommended_values, ['fake.Upper$Value', 'fake.Upper$Key', 'fake.Drop'])
  })

  test('testConfigValidationPredicatesExtendResults: predicates have theirs', async () => {
    const infos = await validate({
      ...source,
      transforms: 'xformA',
      'transforms.xformA.type': 'fake.Drop',
      'transforms.xformA.predicate': 'predX',
      predicates: 'predX,predY',
      'predicates.predX.type': 'fake.IsOdd',
    })
    assert.deepEqual(Object.keys(errorsOf(infos)), ['predicates.predY.type'])
    assert.deepEqual(
      namesOf(infos).filter((name) => name.startsWith('predicates.')),
      [
        'predicates.predX.type',
        'predicates.predX.plugin.version',
        'predicates.predY.type',
        'predicates.predY.plugin.version',
      ],
    )
  })

  test('testConfigValidationPrincipalOnlyOverride: other settings than credentials are refused', async () => {
    const config = { ...source, 'producer.override.acks': '0', 'producer.override.sasl.jaas.config': 'jaas' }
    const infos = await validate(config, { 'connector.client.config.override.policy': 'Principal' })
    assert.deepEqual(Object.keys(errorsOf(infos)), ['producer.override.acks'])
    assert.equal(infos.error_count, 1)
    assert.equal(
      valuesOf(infos, ['producer.override.sasl.jaas.config'])['producer.override.sasl.jaas.config'],
      '[hidden]',
    )
  })

  test('testConfigValidationAllOverride: settings of every type come back as they were given', async () => {
    const infos = await validate({ ...source, ...overrides })
    assert.equal(infos.error_count, 0)
    assert.deepEqual(valuesOf(infos, Object.keys(overrides)), overrides)
  })

  test('testConfigValidationAllowlistOverride: what the list does not name is refused', async () => {
    const infos = await validate(
      { ...source, 'producer.override.acks': 'none', 'producer.override.sasl.jaas.config': 'jaas' },
      {
        'connector.client.config.override.policy': 'Allowlist',
        'connector.client.config.override.allowlist': 'acks',
      },
    )
    assert.deepEqual(Object.keys(errorsOf(infos)), ['producer.override.sasl.jaas.config'])
  })

  test('testConfigProviderRegex: references are told from other text', () => {
    const isReference = (text: string): boolean => referencesOf(text).length > 0
    for (const text of [
      '"${::}"',
      '${::}',
      '"${:/a:somevar}"',
      '"${file::somevar}"',
      '${file:/a/b/c:}',
      '${file:/tmp/somefile.txt:somevar}',
      '"${file:/tmp/somefile.txt:somevar}"',
      'plain.PlainLoginModule required username="${file:/tmp/somefile.txt:somevar}"',
      'plain.PlainLoginModule required username=${file:/tmp/somefile.txt:somevar}',
      'plain.PlainLoginModule required username=${file:/tmp/somefile.txt:somevar} not null',
      'plain.PlainLoginModule required username=${file:/tmp/somefile.txt:somevar} password=${file:/tmp/somefile.txt:othervar}',
      '${provider:key}',
      '${p:a}${p:b}',
    ])
      assert.ok(isReference(text), text)
    for (const text of [
      'plain.PlainLoginModule required username',
      '${provider}',
      '{provider:key}',
      '$provider:key}',
      '${provider:key',
    ]) {
      assert.ok(!isReference(text), text)
    }
    assert.deepEqual(
      referencesOf('x ${a:b:c} ${d:e}').map(({ alias, path, key: name }) => [alias, path, name]),
      [
        ['a', 'b', 'c'],
        ['d', '', 'e'],
      ],
    )
  })

  const entry = (name: string, errors: string[], isDefined: boolean): Entry => ({
    name,
    definition: isDefined ? describeKey(key(name, 'STRING', null, 'LOW', '', { group: `group of ${name}` })) : null,
    value: 'value',
    errors,
    visible: true,
    recommendedValues: [],
  })
  for (const [name, defined, faults, count] of [
    ['testGenerateResultWithConfigValuesAllUsingConfigKeysAndWithNoErrors', ['a', 'b'], [], 0],
    ['testGenerateResultWithConfigValuesAllUsingConfigKeysAndWithSomeErrors', ['a', 'b'], ['b'], 1],
    ['testGenerateResultWithConfigValuesMoreThanConfigKeysAndWithSomeErrors', ['a'], ['a', 'b'], 2],
    ['testGenerateResultWithConfigValuesWithNoConfigKeysAndWithSomeErrors', [], ['b'], 1],
  ] as const) {
    test(`${name}: keys without a definition come first, and every message counts`, () => {
      const made = ['a', 'b'].map((one) => {
        const errors = (faults as readonly string[]).includes(one) ? [`error of ${one}`] : []
        return [one, entry(one, errors, (defined as readonly string[]).includes(one))] as const
      })
      const infos = configInfos('com.acme.connector', new Map(made), [])
      assert.equal(infos.error_count, count)
      assert.deepEqual(
        infos.groups,
        defined.map((one) => `group of ${one}`),
      )
      const firstDefined = infos.configs.findIndex(({ definition }) => definition !== null)
      assert.ok(
        infos.configs
          .slice(Math.max(0, firstDefined))
          .every(({ definition }) => firstDefined < 0 || definition !== null),
      )
    })
  }

  for (const [name, plugin, own, common] of [
    ['testSinkConnectorPluginConfig', 'fake.FakeSinkConnector', ['extra'], ['name', 'topics', 'topics.regex']],
    ['testSourceConnectorPluginConfig', 'fake.FakeSourceConnector', ['topic', 'secret.text'], ['name', 'tasks.max']],
  ] as const) {
    test(`${name}: its own keys come first, then those of all of its kind`, async () => {
      const names = (await validator().pluginConfig(plugin)).map((one) => one.name)
      assert.deepEqual(names.slice(0, own.length), own)
      assert.deepEqual(
        common.filter((key) => !names.slice(own.length).includes(key)),
        [],
      )
    })
  }

  for (const [name, plugin] of [
    ['testSinkConnectorPluginConfigIncludingCommon', 'fake.FakeSinkConnector'],
    ['testSourceConnectorPluginConfigIncludingCommon', 'fake.FakeSourceConnector'],
  ] as const) {
    test(`${name}: a common key that the plugin declares itself comes once, as its own`, async () => {
      const asItIs = (await validator().pluginConfig(plugin)).map((one) => one.name)
      const own = { ...describeKey(key('tasks.max', 'INT', '7', 'LOW', 'Its own.')) }
      const declaring = fakePlugins.map((one) => (one.class === plugin ? { ...one, keys: [own, ...one.keys] } : one))
      const keys = await validator({}, declaring).pluginConfig(plugin)
      assert.deepEqual(keys.map((one) => one.name).toSorted(), asItIs.toSorted())
      assert.equal(keys[0]?.documentation, 'Its own.')
    })
  }

  for (const [name, plugin, own] of [
    ['testConverterPluginConfig', 'fake.TextConverter', ['encoding']],
    ['testHeaderConverterPluginConfig', 'fake.TextHeaderConverter', ['charset']],
    ['testPredicatePluginConfig', 'fake.IsOdd', []],
    ['testTransformationPluginConfig', 'fake.Upper$Key', ['field']],
  ] as const) {
    test(`${name}: its own keys alone`, async () => {
      assert.deepEqual(
        (await validator().pluginConfig(plugin)).map((one) => one.name),
        own,
      )
    })
  }

  test('testGetConnectorConfigDefWithBadName: an unknown plugin is not found', async () => {
    await assert.rejects(validator().pluginConfig('AnotherPlugin'), { name: 'NotFoundError' })
  })

  test('testGetConnectorConfigDefWithInvalidPluginType: a plugin of a kind without keys is a bad request', async () => {
    await assert.rejects(validator().pluginConfig('AllConnectorClientConfigOverridePolicy'), {
      name: 'BadRequestError',
    })
  })
})
