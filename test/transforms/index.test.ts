import assert from 'node:assert/strict'
import { test } from 'node:test'
import { millraceVersion } from '../../src/connect/index.ts'
import { predicatePlugins, transformPlugins } from '../../src/transforms/index.ts'

const shortName = (className: string): string => className.replace('org.apache.kafka.connect.transforms.', '')

/** A key as `GET /connector-plugins/<class>/config` shows it: name, type, importance, and the default unless required. */
type Key = readonly [name: string, type: string, importance: string, defaultValue?: string | null]

const replaceNull: Key = ['replace.null.with.default', 'BOOLEAN', 'MEDIUM', 'true']

const declared: Record<string, readonly Key[]> = {
  Cast: [['spec', 'LIST', 'HIGH'], replaceNull],
  DropHeaders: [['headers', 'LIST', 'HIGH']],
  ExtractField: [['field', 'STRING', 'MEDIUM'], replaceNull, ['field.syntax.version', 'STRING', 'HIGH', 'V1']],
  Filter: [],
  Flatten: [['delimiter', 'STRING', 'MEDIUM', '.']],
  HeaderFrom: [['fields', 'LIST', 'HIGH'], ['headers', 'LIST', 'HIGH'], ['operation', 'STRING', 'HIGH'], replaceNull],
  HoistField: [['field', 'STRING', 'MEDIUM']],
  InsertField: [
    ['topic.field', 'STRING', 'MEDIUM', null],
    ['partition.field', 'STRING', 'MEDIUM', null],
    ['offset.field', 'STRING', 'MEDIUM', null],
    ['timestamp.field', 'STRING', 'MEDIUM', null],
    ['static.field', 'STRING', 'MEDIUM', null],
    ['static.value', 'STRING', 'MEDIUM', null],
    replaceNull,
  ],
  InsertHeader: [
    ['header', 'STRING', 'HIGH'],
    ['value.literal', 'STRING', 'HIGH'],
  ],
  MaskField: [['fields', 'LIST', 'HIGH'], ['replacement', 'STRING', 'LOW', null], replaceNull],
  RegexRouter: [
    ['regex', 'STRING', 'HIGH'],
    ['replacement', 'STRING', 'HIGH'],
  ],
  ReplaceField: [
    ['exclude', 'LIST', 'MEDIUM', ''],
    ['include', 'LIST', 'MEDIUM', ''],
    ['renames', 'LIST', 'MEDIUM', ''],
    replaceNull,
  ],
  SetSchemaMetadata: [['schema.name', 'STRING', 'HIGH', null], ['schema.version', 'INT', 'HIGH', null], replaceNull],
  TimestampConverter: [
    ['field', 'STRING', 'HIGH', ''],
    ['target.type', 'STRING', 'HIGH'],
    ['format', 'STRING', 'MEDIUM', ''],
    ['unix.precision', 'STRING', 'LOW', 'milliseconds'],
    replaceNull,
  ],
  TimestampRouter: [
    ['topic.format', 'STRING', 'HIGH', '${topic}-${timestamp}'],
    ['timestamp.format', 'STRING', 'HIGH', 'yyyyMMdd'],
  ],
  ValueToKey: [['fields', 'LIST', 'HIGH'], replaceNull],
  'predicates.HasHeaderKey': [['name', 'STRING', 'MEDIUM']],
  'predicates.RecordIsTombstone': [],
  'predicates.TopicNameMatches': [['pattern', 'STRING', 'MEDIUM']],
}

test('every class has the name that users of Kafka Connect write', () => {
  assert.deepEqual(
    transformPlugins.map((plugin) => shortName(plugin.class)),
    [
      'Cast$Key',
      'Cast$Value',
      'DropHeaders',
      'ExtractField$Key',
      'ExtractField$Value',
      'Filter',
      'Flatten$Key',
      'Flatten$Value',
      'HeaderFrom$Key',
      'HeaderFrom$Value',
      'HoistField$Key',
      'HoistField$Value',
      'InsertField$Key',
      'InsertField$Value',
      'InsertHeader',
      'MaskField$Key',
      'MaskField$Value',
      'RegexRouter',
      'ReplaceField$Key',
      'ReplaceField$Value',
      'SetSchemaMetadata$Key',
      'SetSchemaMetadata$Value',
      'TimestampConverter$Key',
      'TimestampConverter$Value',
      'TimestampRouter',
      'ValueToKey',
    ],
  )
  assert.deepEqual(
    predicatePlugins.map((plugin) => shortName(plugin.class)),
    ['predicates.HasHeaderKey', 'predicates.RecordIsTombstone', 'predicates.TopicNameMatches'],
  )
})

test('every setting has the type, importance, default and place that Kafka Connect gives it, and a description', () => {
  for (const plugin of [...transformPlugins, ...predicatePlugins]) {
    const name = shortName(plugin.class)
    const keys = [...plugin.config.keys.values()]
    assert.deepEqual(
      keys.map((key) => [key.name, key.type, key.importance, ...(key.required ? [] : [key.defaultValue])]),
      declared[name.replace(/\$.*/, '')],
      name,
    )
    for (const key of keys) {
      assert.ok(key.documentation.length > 10, `${name} ${key.name}`)
      assert.deepEqual([key.group, key.orderInGroup, key.width, key.displayName], [null, -1, 'NONE', key.name])
    }
  }
})

for (const [title, name] of [
  ['testCastVersionRetrievedFromAppInfoParser', 'Cast'],
  ['testDropHeadersVersionRetrievedFromAppInfoParser', 'DropHeaders'],
  ['testExtractFieldVersionRetrievedFromAppInfoParser', 'ExtractField'],
  ['testFlattenVersionRetrievedFromAppInfoParser', 'Flatten'],
  ['testHoistFieldVersionRetrievedFromAppInfoParser', 'HoistField'],
  ['testInsertFieldVersionRetrievedFromAppInfoParser', 'InsertField'],
  ['testInsertHeaderVersionRetrievedFromAppInfoParser', 'InsertHeader'],
  ['testMaskFieldReturnsVersionFromAppInfoParser', 'MaskField'],
  ['testRegexRouterRetrievesVersionFromAppInfoParser', 'RegexRouter'],
  ['testReplaceFieldVersionRetrievedFromAppInfoParser', 'ReplaceField'],
  ['testSchemaMetadataVersionRetrievedFromAppInfoParser', 'SetSchemaMetadata'],
  ['testTimestampConverterVersionRetrievedFromAppInfoParser', 'TimestampConverter'],
  ['testTimestampRouterVersionRetrievedFromAppInfoParser', 'TimestampRouter'],
  ['testValueToKeyVersionRetrievedFromAppInfoParser', 'ValueToKey'],
] as const)
  test(`${title}: the version is that of this package`, () => {
    const plugins = transformPlugins.filter((plugin) => shortName(plugin.class).split('$')[0] === name)
    assert.ok(plugins.length > 0)
    for (const { version } of plugins) assert.equal(version, millraceVersion)
  })
