import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import {
  config,
  defineConverter,
  defineHeaderConverter,
  defineSink,
  defineSource,
  Type,
} from '../../../src/connect/index.ts'
import { PluginDirectory } from '../../../src/runtime/herder/plugin-directory.ts'
import { loadPlugins } from '../../../src/runtime/plugins/load-plugins.ts'
import { ConfigProviders } from '../../../src/runtime/providers/config-providers.ts'
import type { Properties } from '../../../src/runtime/stores/config-records.ts'
import { TaskHost } from '../../../src/runtime/threads/task-host.ts'
import { ConfigValidator } from '../../../src/runtime/validation/config-validator.ts'
import { RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

const transforms = 'org.apache.kafka.connect.transforms'
const string = 'org.apache.kafka.connect.storage.StringConverter'
const identity = { version: '1', summary: '' }
const bytes = { fromConnectData: () => null, toConnectData: () => ({ schema: null, value: null }) }
const header = { fromConnectHeader: () => null, toConnectHeader: () => ({ schema: null, value: null }) }

/** Converters of both kinds: abstract but for a nested class, with one property, and without any. */
const converters = [
  { class: 'test.AbstractTestConverter$Concrete', config: config({}) },
  { class: 'test.TestConverterWithSingleProperty', config: config({ prop: Type.Boolean({ importance: 'high' }) }) },
  { class: 'test.TestConverterWithNoConfigDef', config: config({}) },
].flatMap((declared) => [
  defineConverter({ ...identity, ...declared, create: () => bytes }),
  defineHeaderConverter({ ...identity, ...declared, create: () => header }),
])

const connectors = [
  defineSource({
    ...identity,
    class: 'test.TestableSourceConnector',
    config: config({ topic: Type.String() }),
    startTask: () => ({ poll: () => null }),
  }),
  defineSink({
    ...identity,
    class: 'test.TestableSinkConnector',
    config: config({}),
    startTask: () => ({ put: () => undefined }),
  }),
]

const sink: Properties = {
  name: 'sink-connector',
  'connector.class': 'TestableSinkConnector',
  'tasks.max': '1',
  topics: 't1',
  'key.converter': string,
  'value.converter': string,
}
const source: Properties = {
  name: 'source-connector',
  'connector.class': 'TestableSourceConnector',
  'tasks.max': '1',
  topic: 't1',
  'key.converter': string,
  'value.converter': string,
}

let folder = ''
let host: TaskHost
let validator: ConfigValidator

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-validation-'))
  writeFileSync(join(folder, 'throws.mjs'), 'throw new Error("thrown while the module is loaded")\n')
  const halfPlugin = { kind: 'converter', class: 'test.NoCreate', version: '1' }
  writeFileSync(join(folder, 'no-create.mjs'), `export default ${JSON.stringify(halfPlugin)}\n`)
  const registry = await loadPlugins({ pluginPath: [folder], logger: silentLogger })
  for (const plugin of [...connectors, ...converters]) registry.add(plugin)
  const worker = testWorkerConfig('localhost:9092', { 'group.id': 'connect-worker-group-id' })
  host = new TaskHost({ config: worker, listener: new RecordingListener(), logger: silentLogger, registry })
  validator = new ConfigValidator({
    worker,
    providers: new ConfigProviders([], silentLogger),
    plugins: async () => new PluginDirectory(await host.plugins()),
    validate: (...args) => host.validateConnector(...args),
    checkOverrides: (...args) => host.checkOverrides(...args),
  })
})

after(async () => {
  await host.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Kafka's names of the cases that both kinds of converters have. */
const titles = {
  'key.converter': {
    missing: 'testConnectorHasMissingConverterClass',
    invalid: 'testConnectorHasInvalidConverterClassType',
    abstract: 'testConnectorHasAbstractConverter',
    unsuitable: 'testConnectorHasConverterWithNoSuitableConstructor',
    throwing: 'testConnectorHasConverterThatThrowsExceptionOnInstantiation',
    misconfigured: 'testConnectorHasMisconfiguredConverter',
    undeclared: 'testConnectorHasConverterWithNoConfigDef',
  },
  'header.converter': {
    missing: 'testConnectorHasMissingHeaderConverterClass',
    invalid: 'testConnectorHasInvalidHeaderConverterClassType',
    abstract: 'testConnectorHasAbstractHeaderConverter',
    unsuitable: 'testConnectorHasHeaderConverterWithNoSuitableConstructor',
    throwing: 'testConnectorHasHeaderConverterThatThrowsExceptionOnInstantiation',
    misconfigured: 'testConnectorHasMisconfiguredHeaderConverter',
    undeclared: 'testConnectorHasHeaderConverterWithNoConfigDef',
  },
} as const

/** Title, configuration, number of errors, and the keys that have them. */
const cases: readonly (readonly [string, () => Properties, number, ...string[]])[] = [
  [
    'testSinkConnectorHasNeitherTopicsListNorTopicsRegex',
    () => ({ ...without(sink, 'topics') }),
    2,
    'topics',
    'topics.regex',
  ],
  [
    'testSinkConnectorHasBothTopicsListAndTopicsRegex',
    () => ({ ...sink, 'topics.regex': 'r.*' }),
    2,
    'topics',
    'topics.regex',
  ],
  [
    'testSinkConnectorDeadLetterQueueTopicInTopicsList',
    () => ({ ...sink, 'errors.deadletterqueue.topic.name': 't1' }),
    1,
    'topics',
  ],
  [
    'testSinkConnectorDeadLetterQueueTopicMatchesTopicsRegex',
    () => ({ ...without(sink, 'topics'), 'topics.regex': 'r.*', 'errors.deadletterqueue.topic.name': 'ruh.roh' }),
    1,
    'topics.regex',
  ],
  [
    'testSinkConnectorDefaultGroupIdConflictsWithWorkerGroupId',
    () => ({ ...sink, name: 'worker-group-id' }),
    1,
    'name',
  ],
  [
    'testSinkConnectorOverriddenGroupIdConflictsWithWorkerGroupId',
    () => ({ ...sink, 'consumer.override.group.id': 'connect-worker-group-id' }),
    1,
    'consumer.override.group.id',
  ],
  [
    'testSourceConnectorHasDuplicateTopicCreationGroups',
    () => ({ ...source, 'topic.creation.groups': 'g1, g2, g1' }),
    1,
    'topic.creation.groups',
  ],
  [
    'testConnectorHasDuplicateTransformations',
    () => ({ ...sink, transforms: 't, t', 'transforms.t.type': `${transforms}.Filter` }),
    1,
    'transforms',
  ],
  [
    'testConnectorHasMissingTransformClass',
    () => ({ ...sink, transforms: 't', 'transforms.t.type': 'WheresTheFruit' }),
    1,
    'transforms.t.type',
  ],
  [
    'testConnectorHasInvalidTransformClass',
    () => ({ ...sink, transforms: 't', 'transforms.t.type': 'test.TestableSinkConnector' }),
    1,
    'transforms.t.type',
  ],
  [
    'testConnectorHasNegationForUndefinedPredicate',
    () => ({ ...sink, transforms: 't', 'transforms.t.type': `${transforms}.Filter`, 'transforms.t.negate': 'true' }),
    1,
    'transforms.t.type',
  ],
  [
    'testConnectorHasDuplicatePredicates',
    () => ({ ...sink, predicates: 'p, p', 'predicates.p.type': `${transforms}.predicates.RecordIsTombstone` }),
    1,
    'predicates',
  ],
  [
    'testConnectorHasMissingPredicateClass',
    () => ({ ...sink, predicates: 'p', 'predicates.p.type': 'WheresTheFruit' }),
    1,
    'predicates.p.type',
  ],
  [
    'testConnectorHasInvalidPredicateClass',
    () => ({ ...sink, predicates: 'p', 'predicates.p.type': 'test.TestableSinkConnector' }),
    1,
    'predicates.p.type',
  ],
  ...(['key.converter', 'header.converter'] as const).flatMap((name) => {
    const of =
      (value: string, more: Properties = {}) =>
      () => ({ ...sink, [name]: value, ...more })
    const title = titles[name]
    return [
      [title.missing, of('WheresTheFruit'), 1, name],
      [title.invalid, of('test.TestableSinkConnector'), 1, name],
      [title.abstract, of('test.AbstractTestConverter'), 1, name],
      [title.unsuitable, of('test.NoCreate'), 1, name],
      [title.throwing, of('test.Throws'), 1, name],
      [
        title.misconfigured,
        of('test.TestConverterWithSingleProperty', { [`${name}.prop`]: 'notaboolean' }),
        1,
        `${name}.prop`,
      ],
      [title.undeclared, of('test.TestConverterWithNoConfigDef'), 0],
    ] as const
  }),
]

describe('ConnectorValidationIntegrationTest', () => {
  for (const [name, make, count, ...keys] of cases) {
    test(`${name}: ${count === 1 ? '1 error' : `${count} errors`}${keys.length > 0 ? ` on ${keys.join(' and ')}` : ''}`, async () => {
      const given = make()
      const infos = await validator.validatePlugin(given['connector.class'] ?? '', given)
      const faulty = infos.configs.filter(({ value }) => (value?.errors.length ?? 0) > 0)
      assert.equal(infos.error_count, count, JSON.stringify(faulty.map(({ value }) => value)))
      assert.deepEqual(new Set(faulty.map(({ value }) => value?.name)), new Set(keys))
    })
  }
})

function without(props: Properties, key: string): Properties {
  return Object.fromEntries(Object.entries(props).filter(([name]) => name !== key))
}
