import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import type { ConfigInfos } from '../../../src/runtime/herder/herder.ts'
import { PluginDirectory } from '../../../src/runtime/herder/plugin-directory.ts'
import { ConfigProviders } from '../../../src/runtime/providers/config-providers.ts'
import type { Properties } from '../../../src/runtime/stores/config-records.ts'
import { ConfigValidator, NULL_VALUE } from '../../../src/runtime/validation/config-validator.ts'
import { fakePlugins, FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

function validator(given: Record<string, string> = {}): ConfigValidator {
  const runner = new FakeTaskRunner(new RecordingListener())
  return new ConfigValidator({
    worker: testWorkerConfig('localhost:9092', { 'group.id': 'connect-worker-group-id', ...given }),
    providers: new ConfigProviders([], silentLogger),
    plugins: async () => new PluginDirectory(fakePlugins),
    validate: (plugin, props) => runner.validateConnector(plugin, props),
    checkOverrides: (...args) => runner.checkOverrides(...args),
  })
}

const source: Properties = { name: 's', 'connector.class': 'FakeSource', topic: 't' }
const sink: Properties = { name: 's', 'connector.class': 'FakeSink', topics: 't1' }

async function validate(config: Properties, given: Record<string, string> = {}): Promise<ConfigInfos> {
  return validator(given).validate(config)
}

/** Error messages by key. */
function errorsOf(infos: ConfigInfos): Record<string, readonly string[]> {
  return Object.fromEntries(
    infos.configs.flatMap(({ value }) => (value && value.errors.length > 0 ? [[value.name, value.errors]] : [])),
  )
}

test('a good configuration has no errors', async () => {
  for (const config of [source, sink]) {
    const infos = await validate(config)
    assert.deepEqual(errorsOf(infos), {})
    assert.equal(infos.error_count, 0)
  }
})

/** Configuration, expected number of errors, and the keys that have them: those of Kafka Connect's own tests. */
const cases: readonly (readonly [string, Properties, number, readonly string[]])[] = [
  ['a sink without topics and topics.regex', { ...sink, topics: '' }, 2, ['topics', 'topics.regex']],
  ['a sink with topics and topics.regex', { ...sink, 'topics.regex': 'r.*' }, 2, ['topics', 'topics.regex']],
  ['a dead letter topic among the topics', { ...sink, 'errors.deadletterqueue.topic.name': 't1' }, 1, ['topics']],
  [
    'a dead letter topic that matches topics.regex',
    { ...sink, topics: '', 'topics.regex': 'r.*', 'errors.deadletterqueue.topic.name': 'ruh.roh' },
    1,
    ['topics.regex'],
  ],
  ["a sink whose group would be the worker's", { ...sink, name: 'worker-group-id' }, 1, ['name']],
  [
    "a sink that overrides its group with the worker's",
    { ...sink, 'consumer.override.group.id': 'connect-worker-group-id' },
    1,
    ['consumer.override.group.id'],
  ],
  ['a topic creation group twice', { ...source, 'topic.creation.groups': 'g1, g2, g1' }, 1, ['topic.creation.groups']],
  ['a transform alias twice', { ...source, transforms: 't, t', 'transforms.t.type': 'fake.Drop' }, 1, ['transforms']],
  ['a predicate alias twice', { ...source, predicates: 'p, p', 'predicates.p.type': 'IsOdd' }, 1, ['predicates']],
  ['a transform without a class', { ...source, transforms: 't' }, 1, ['transforms.t.type']],
  [
    'a transform of an unknown class',
    { ...source, transforms: 't', 'transforms.t.type': 'no.Such' },
    1,
    ['transforms.t.type'],
  ],
  [
    'a transform that is no transform',
    { ...source, transforms: 't', 'transforms.t.type': 'fake.FakeSinkConnector' },
    1,
    ['transforms.t.type'],
  ],
  [
    'a transform without the key it needs',
    { ...source, transforms: 't', 'transforms.t.type': 'fake.Upper$Value' },
    1,
    ['transforms.t.field'],
  ],
  ['a predicate without a class', { ...source, predicates: 'p' }, 1, ['predicates.p.type']],
  [
    'a negation without a predicate',
    { ...source, transforms: 't', 'transforms.t.type': 'Drop', 'transforms.t.negate': 'true' },
    1,
    ['transforms.t.type'],
  ],
  ['a converter that is not there', { ...source, 'key.converter': 'no.Such' }, 1, ['key.converter']],
  ['a header converter that is not there', { ...source, 'header.converter': 'fake.IsOdd' }, 1, ['header.converter']],
  ['no name', { 'connector.class': 'FakeSource', topic: 't' }, 1, ['name']],
  ['an empty name', { ...source, name: '' }, 1, ['name']],
  ['tasks.max that is no number', { ...source, 'tasks.max': 'x' }, 2, ['tasks.max']],
  ['tasks.max of zero', { ...source, 'tasks.max': '0' }, 1, ['tasks.max']],
  ['a null for a framework key with a validator', { ...source, 'tasks.max': null }, 2, ['tasks.max']],
  ['a null for an unknown key', { ...source, nobody: null }, 1, ['nobody']],
  ['a missing key of the connector', { name: 's', 'connector.class': 'FakeSource' }, 1, ['topic']],
]

for (const [title, config, count, keys] of cases) {
  test(`validation finds ${title}`, async () => {
    const infos = await validate(config)
    assert.equal(infos.error_count, count, JSON.stringify(errorsOf(infos)))
    assert.deepEqual(Object.keys(errorsOf(infos)).toSorted(), keys.toSorted())
  })
}

test("messages are Kafka's", async () => {
  const messages = async (config: Properties): Promise<readonly string[]> =>
    Object.values(errorsOf(await validate(config))).flat()
  assert.deepEqual(await messages({ ...source, 'tasks.max': '0' }), [
    'Invalid value 0 for configuration tasks.max: Value must be at least 1',
  ])
  assert.deepEqual(await messages({ ...source, 'tasks.max': 'x' }), [
    'Invalid value x for configuration tasks.max: Not a number of type INT',
    'Invalid value null for configuration tasks.max: Value must be non-null',
  ])
  assert.deepEqual(await messages({ ...source, 'errors.tolerance': 'some' }), [
    'Invalid value some for configuration errors.tolerance: String must be one of: none, all',
  ])
  assert.deepEqual(await messages({ ...sink, topics: 'a,a' }), [
    `Configuration 'topics' values must not be duplicated.`,
  ])
  assert.deepEqual(await messages({ ...source, transforms: 't', 'transforms.t.type': 'fake.Upper' }), [
    'This class is abstract and cannot be created. Did you mean fake.Upper$Key, fake.Upper$Value?',
  ])
  assert.deepEqual(await messages({ ...source, nobody: null }), [
    'Null value can not be supplied as the configuration value.',
  ])
})

test('the keys of a source come in order: framework, stages, its own, converters', async () => {
  const infos = await validate({
    ...source,
    transforms: 't',
    'transforms.t.type': 'fake.Upper$Value',
    'transforms.t.field': 'f',
    'value.converter': 'TextConverter',
  })
  assert.deepEqual(
    infos.configs.map(({ definition }) => definition?.name),
    [
      'name',
      'connector.class',
      'connector.plugin.version',
      'tasks.max',
      'tasks.max.enforce',
      'key.converter',
      'key.converter.plugin.version',
      'value.converter',
      'value.converter.plugin.version',
      'header.converter',
      'header.converter.plugin.version',
      'transforms',
      'predicates',
      'config.action.reload',
      'errors.retry.timeout',
      'errors.retry.delay.max.ms',
      'errors.tolerance',
      'errors.log.enable',
      'errors.log.include.messages',
      'topic.creation.groups',
      'exactly.once.support',
      'transaction.boundary',
      'transaction.boundary.interval.ms',
      'offsets.storage.topic',
      'transforms.t.type',
      'transforms.t.plugin.version',
      'transforms.t.field',
      'transforms.t.negate',
      'transforms.t.predicate',
      'topic',
      'secret.text',
      'value.converter.encoding',
    ],
  )
  assert.deepEqual(infos.groups.slice(0, 4), ['Common', 'Transforms', 'Predicates', 'Error Handling'])
  assert.ok(infos.groups.includes('Transforms: t'))
})

test('a definition has the fields of Kafka Connect 4.3 in their order', async () => {
  const infos = await validate(source)
  const tasksMax = infos.configs.find(({ definition }) => definition?.name === 'tasks.max')
  assert.equal(
    JSON.stringify({ ...tasksMax, definition: { ...tasksMax?.definition, documentation: '…' } }),
    '{"definition":{"name":"tasks.max","type":"INT","required":false,"default_value":"1","importance":"HIGH","documentation":"…","group":"Common","order_in_group":4,"width":"SHORT","display_name":"Tasks max","dependents":[]},' +
      '"value":{"name":"tasks.max","value":"1","recommended_values":[],"errors":[],"visible":true}}',
  )
})

test("in validation the default of a converter is the worker's, and all converters are recommended; in the description neither", async () => {
  const infos = await validate(source, { 'key.converter': 'fake.TextConverter' })
  const entry = infos.configs.find(({ definition }) => definition?.name === 'key.converter')
  assert.equal(entry?.definition?.default_value, 'fake.TextConverter')
  assert.deepEqual(entry?.value?.recommended_values, ['fake.TextConverter'])
  const described = await validator().pluginConfig('FakeSource')
  assert.equal(described.find(({ name }) => name === 'key.converter')?.default_value, null)
  assert.deepEqual(
    described.slice(0, 3).map(({ name }) => name),
    ['topic', 'secret.text', 'name'],
  )
})

test('passwords are hidden', async () => {
  const infos = await validate({ ...source, 'secret.text': 'hunter2' })
  assert.ok(!JSON.stringify(infos).includes('hunter2'))
  assert.equal(infos.configs.find(({ value }) => value?.name === 'secret.text')?.value?.value, '[hidden]')
})

test('client settings that the connector will use are shown with their type and default, in the order producer, consumer, admin', async () => {
  const shown = async (config: Properties): Promise<unknown[]> =>
    (await validate(config)).configs
      .filter(({ value }) => value?.name.includes('.override.'))
      .map(({ definition, value }) => [value?.name, definition?.type ?? null, definition?.default_value, value?.value])
  const overrides = {
    'admin.override.request.timeout.ms': '7',
    'consumer.override.max.poll.records': '8',
    'producer.override.linger.ms': '9',
    'producer.override.ssl.key.password': 'hunter2',
    'producer.override.no.such': 'x',
  }
  assert.deepEqual(await shown({ ...source, ...overrides }), [
    ['producer.override.no.such', null, undefined, 'x'],
    ['producer.override.ssl.key.password', 'PASSWORD', null, '[hidden]'],
    ['producer.override.linger.ms', 'LONG', '5', '9'],
  ])
  assert.deepEqual(await shown({ ...sink, ...overrides }), [['consumer.override.max.poll.records', 'INT', '500', '8']])
  const names = async (config: Properties): Promise<unknown[]> =>
    (await shown(config)).map((row) => String((row as unknown[])[0]).replace(/\..*/, ''))
  const all = ['producer', 'producer', 'producer', 'consumer', 'admin']
  assert.deepEqual(await names({ ...source, ...overrides, 'offsets.storage.topic': 'o' }), all)
  assert.deepEqual(await names({ ...sink, ...overrides, 'errors.deadletterqueue.topic.name': 'd' }), all)
})

test('a client setting that is not of its type fails the whole validation, if it is checked', async () => {
  const wrong = { 'producer.override.linger.ms': 'x', 'consumer.override.max.poll.records': 'many' }
  await assert.rejects(validator().validatePlugin('FakeSource', { ...source, ...wrong }), {
    name: 'RuntimeError',
    message:
      'org.apache.kafka.common.config.ConfigException: ' +
      'Invalid value x for configuration linger.ms: Not a number of type LONG',
  })
  await assert.rejects(validator().requireValid({ ...source, ...wrong }), { name: 'ClientSettingError' })
  assert.equal((await validate({ ...sink, 'producer.override.linger.ms': 'x' })).error_count, 0)
})

test('the allow list of the worker decides with policy Allowlist', async () => {
  const given = {
    'connector.client.config.override.policy': 'Allowlist',
    'connector.client.config.override.allowlist': 'fetch.min.bytes, max.poll.records',
  }
  assert.equal((await validate({ ...sink, 'consumer.override.max.poll.records': '8' }, given)).error_count, 0)
  assert.deepEqual(errorsOf(await validate({ ...sink, 'consumer.override.group.id': 'g' }, given)), {
    'consumer.override.group.id': [
      "The 'Allowlist' policy does not allow 'group.id' to be overridden in the connector configuration.",
    ],
  })
})

test('a policy that is a plugin is asked', async () => {
  const given = { 'connector.client.config.override.policy': 'fake.Policy' }
  const infos = await validate({ ...source, 'producer.override.no.way': 'x', 'producer.override.acks': '1' }, given)
  assert.deepEqual(errorsOf(infos), { 'producer.override.no.way': ['producer may not have no.way'] })
})

test('a version that is not there is told on the class and on the version, with those that are', async () => {
  const infos = await validate({ ...source, 'connector.plugin.version': '[2,)', 'unknown.key': null })
  const message =
    'Plugin fake.FakeSourceConnector not found that matches the version range [2,), available versions: [1.2.3]'
  assert.deepEqual(errorsOf(infos), {
    'connector.class': [message],
    'connector.plugin.version': [message],
    'unknown.key': [NULL_VALUE],
  })
  assert.equal(infos.configs.length, 20)
  const version = infos.configs.find(({ value }) => value?.name === 'connector.plugin.version')
  assert.deepEqual(version?.value?.recommended_values, ['1.2.3'])
  await assert.rejects(validator().validate({ ...source, 'connector.plugin.version': '[2' }), /Unbounded range: \[2/)
})

test('versions of converters and transforms are checked, and without a class theirs are hidden', async () => {
  const infos = await validate({
    ...source,
    'key.converter': 'TextConverter',
    'key.converter.plugin.version': '9',
    'value.converter': 'no.Such',
    transforms: 't',
    'transforms.t.type': 'fake.Drop',
    'transforms.t.plugin.version': '(1,2)',
  })
  const message = (name: string, range: string): string =>
    `Plugin ${name} not found that matches the version range ${range}, available versions: [1]`
  assert.deepEqual(errorsOf(infos), {
    'key.converter': [message('fake.TextConverter', '[9,9]')],
    'key.converter.plugin.version': [message('fake.TextConverter', '[9,9]')],
    'value.converter': ['Invalid value no.Such for configuration value.converter: Class no.Such could not be found.'],
    'transforms.t.type': [message('fake.Drop', '(1,2)')],
    'transforms.t.plugin.version': [message('fake.Drop', '(1,2)')],
  })
  const hidden = infos.configs.filter(({ value }) => value?.visible === false).map(({ value }) => value?.name)
  assert.deepEqual(hidden, ['value.converter.plugin.version'])
})

test('the description of a plugin is of the version that is asked for', async () => {
  assert.ok((await validator().pluginConfig('FakeSource', 'latest')).length > 0)
  assert.ok((await validator().pluginConfig('FakeSource', '[1,2)')).length > 0)
  for (const [version, message] of [
    ['9', /not found that matches the version range \[9,9\], available versions: \[1\.2\.3\]/],
    ['', /version range \[,\]/],
    ['[1', /Invalid version specification: \[1/],
  ] as const) {
    await assert.rejects(validator().pluginConfig('FakeSource', version), (error: Error) => {
      assert.equal(error.name, 'BadRequestError')
      assert.match(error.message, message)
      return true
    })
  }
  await assert.rejects(validator().pluginConfig('Nothing'), { name: 'NotFoundError' })
  for (const unlisted of ['FileConfigProvider', 'None', 'Principal']) {
    await assert.rejects(validator().pluginConfig(unlisted), {
      name: 'BadRequestError',
      message: `Invalid plugin class ${unlisted}. Valid types are sink, source, converter, header_converter, transformation, predicate.`,
    })
  }
})

test('a key of our own is listed only where it is used', async () => {
  const names = async (config: Properties): Promise<unknown[]> =>
    (await validate(config)).configs.map(({ value }) => value?.name)
  assert.ok(!(await names(source)).some((name) => String(name).startsWith('errors.restart.')))
  assert.ok((await names({ ...source, 'errors.restart.limit': '3' })).includes('errors.restart.limit'))
  assert.equal((await validate({ ...source, 'errors.restart.limit': '-5' })).error_count, 1)
})

test('the override policy of the worker is kept', async () => {
  const config = { ...sink, 'consumer.override.auto.offset.reset': 'latest' }
  assert.equal((await validate(config)).error_count, 0)
  assert.equal((await validate(config, { 'connector.client.config.override.policy': 'None' })).error_count, 1)
  const principal = { 'connector.client.config.override.policy': 'Principal' }
  assert.equal((await validate(config, principal)).error_count, 1)
  assert.equal(
    (await validate({ ...sink, 'consumer.override.security.protocol': 'PLAINTEXT' }, principal)).error_count,
    0,
  )
})

test('an alias that replaces a Java class is accepted', async () => {
  assert.equal((await validate({ ...source, 'connector.class': 'org.example.OldSourceConnector' })).error_count, 0)
})

test('validation over REST wants the plugin to be the end of connector.class, and fails with 500 for unknown classes', async () => {
  const { error_count: count } = await validator().validatePlugin('FakeSource', source)
  assert.equal(count, 0)
  await assert.rejects(validator().validatePlugin('FakeSink', source), { name: 'BadRequestError' })
  await assert.rejects(validator().validatePlugin('Nothing', { ...source, 'connector.class': 'Nothing' }), {
    name: 'RuntimeError',
  })
  await assert.rejects(validator().validatePlugin('FakeSource', { name: 's' }), { name: 'RuntimeError' })
})

test('a refused configuration lists its errors and where to find them', async () => {
  await assert.rejects(validator().requireValid({ ...source, 'tasks.max': '0', topic: null }), (error: Error) => {
    assert.match(error.message, /^Connector configuration is invalid and contains the following 2 error\(s\):\n/)
    assert.match(error.message, /\nInvalid value 0 for configuration tasks\.max: Value must be at least 1\n/)
    assert.match(error.message, /`\/connector-plugins\/\{connectorType\}\/config\/validate`$/)
    return true
  })
  await assert.rejects(
    validator().requireValid({ ...source, 'connector.class': 'Nothing' }),
    /available connectors are: fake\.FakeSourceConnector, fake\.FakeSinkConnector/,
  )
})
