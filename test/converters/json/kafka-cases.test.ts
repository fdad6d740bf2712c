import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arrayOf,
  type Converter,
  DataError,
  DATE,
  date,
  DECIMAL,
  decimal,
  mapOf,
  optional,
  primitive,
  type Schema,
  struct,
  TIME,
  time,
  TIMESTAMP,
  timestamp,
} from '../../../src/connect/index.ts'
import { converterPlugins, jsonConverter } from '../../../src/converters/index.ts'

// The cases of Kafka's JsonConverterTest, under its names.

const make = (props: Record<string, string> = {}): Converter =>
  jsonConverter.create(jsonConverter.config.parse(props), 'value')
const enveloped = make()
const plain = make({ 'schemas.enable': 'false' })
const keepsNull = make({ 'replace.null.with.default': 'false' })
const numeric = make({ 'decimal.format': 'NUMERIC' })

const int32 = primitive('INT32')
const string = primitive('STRING')
const boolean = primitive('BOOLEAN')
const logical = (type: string, name: string, rest = ''): string =>
  `{"type":"${type}","name":"${name}","version":1${rest}}`
const decimalJson = (scale: number, rest = ''): string =>
  logical('bytes', DECIMAL, `${rest},"parameters":{"scale":"${scale}"}`)
const text = 'test-string'
const textBytes = Uint8Array.from(Buffer.from(text))
const textBase64 = Buffer.from(text).toString('base64')
const withDefault = primitive('STRING', { optional: true, default: 'default' })
const withDefaultJson = '{"type":"string","optional":true,"default":"default"}'
const field1Json =
  '{"type":"struct","fields":[{"type":"string","optional":true,"default":"default","field":"field1"}],"optional":false}'

function reads(converter: Converter, json: string, schema: Schema | null, value: unknown): void {
  assert.deepEqual(converter.toConnectData('topic', Buffer.from(json)), { schema, value }, json)
}

/** By name: the JSON of the schema, the JSON of the payload, and what they are. */
const toConnect: Readonly<Record<string, readonly (readonly [string, string, Schema, unknown])[]>> = {
  testConnectSchemaMetadataTranslation: [
    ['{"type":"boolean"}', 'true', boolean, true],
    ['{"type":"boolean","optional":true}', 'null', optional(boolean), null],
    ['{"type":"boolean","default":true}', 'null', primitive('BOOLEAN', { default: true }), true],
    [
      '{"type":"boolean","optional":false,"name":"bool","version":2,"doc":"the documentation","parameters":{"foo":"bar"}}',
      'true',
      primitive('BOOLEAN', { name: 'bool', version: 2, doc: 'the documentation', parameters: { foo: 'bar' } }),
      true,
    ],
  ],
  booleanToConnect: [
    ['{"type":"boolean"}', 'true', boolean, true],
    ['{"type":"boolean"}', 'false', boolean, false],
  ],
  byteToConnect: [['{"type":"int8"}', '12', primitive('INT8'), 12]],
  shortToConnect: [['{"type":"int16"}', '12', primitive('INT16'), 12]],
  intToConnect: [['{"type":"int32"}', '12', int32, 12]],
  longToConnect: [
    ['{"type":"int64"}', '12', primitive('INT64'), 12],
    ['{"type":"int64"}', '4398046511104', primitive('INT64'), 4398046511104],
  ],
  numberWithLeadingZerosToConnect: [
    ['{"type":"int8"}', '0012', primitive('INT8'), 12],
    ['{"type":"int16"}', '000123', primitive('INT16'), 123],
    ['{"type":"int32"}', '000012345', int32, 12345],
    ['{"type":"int64"}', '00000123456789', primitive('INT64'), 123456789],
  ],
  floatToConnect: [['{"type":"float"}', '12.34', primitive('FLOAT32'), Math.fround(12.34)]],
  doubleToConnect: [['{"type":"double"}', '12.34', primitive('FLOAT64'), 12.34]],
  bytesToConnect: [['{"type":"bytes"}', `"${textBase64}"`, primitive('BYTES'), textBytes]],
  stringToConnect: [['{"type":"string"}', '"foo-bar-baz"', string, 'foo-bar-baz']],
  arrayToConnect: [['{"type":"array","items":{"type":"int32"}}', '[1, 2, 3]', arrayOf(int32), [1, 2, 3]]],
  mapToConnectStringKeys: [
    [
      '{"type":"map","keys":{"type":"string"},"values":{"type":"int32"}}',
      '{"key1":12,"key2":15}',
      mapOf(string, int32),
      new Map([
        ['key1', 12],
        ['key2', 15],
      ]),
    ],
  ],
  mapToConnectNonStringKeys: [
    [
      '{"type":"map","keys":{"type":"int32"},"values":{"type":"int32"}}',
      '[[1,12],[2,15]]',
      mapOf(int32, int32),
      new Map([
        [1, 12],
        [2, 15],
      ]),
    ],
  ],
  structToConnect: [
    [
      '{"type":"struct","fields":[{"field":"field1","type":"boolean"},{"field":"field2","type":"string"}]}',
      '{"field1":true,"field2":"string"}',
      struct({ field1: boolean, field2: string }),
      { field1: true, field2: 'string' },
    ],
  ],
  structWithOptionalFieldToConnect: [
    [
      '{"type":"struct","fields":[{"field":"optional","type":"string","optional":true},{"field":"required","type":"string"}]}',
      '{"required":"required"}',
      struct({ optional: optional(string), required: string }),
      { optional: null, required: 'required' },
    ],
  ],
  decimalToConnect: [[decimalJson(2), '"AJw="', decimal(2), '1.56']],
  decimalToConnectOptional: [[decimalJson(2, ',"optional":true'), 'null', decimal(2, { optional: true }), null]],
  decimalToConnectWithDefaultValue: [
    [decimalJson(2, ',"default":"AJw="'), 'null', decimal(2, { default: '1.56' }), '1.56'],
  ],
  decimalToConnectOptionalWithDefaultValue: [
    [
      decimalJson(2, ',"optional":true,"default":"AJw="'),
      'null',
      decimal(2, { optional: true, default: '1.56' }),
      '1.56',
    ],
  ],
  numericDecimalToConnect: [[decimalJson(2), '1.56', decimal(2), '1.56']],
  numericDecimalWithTrailingZerosToConnect: [[decimalJson(4), '1.5600', decimal(4), '1.5600']],
  highPrecisionNumericDecimalToConnect: [[decimalJson(17), '1.23456789123456789', decimal(17), '1.23456789123456789']],
  dateToConnect: [[logical('int32', DATE), '10000', date(), 10000]],
  dateToConnectOptional: [[logical('int32', DATE, ',"optional":true'), 'null', date({ optional: true }), null]],
  dateToConnectWithDefaultValue: [[logical('int32', DATE, ',"default":0'), 'null', date({ default: 0 }), 0]],
  dateToConnectOptionalWithDefaultValue: [
    [logical('int32', DATE, ',"optional":true,"default":0'), 'null', date({ optional: true, default: 0 }), 0],
  ],
  timeToConnect: [[logical('int32', TIME), '14400000', time(), 14400000]],
  timeToConnectOptional: [[logical('int32', TIME, ',"optional":true'), 'null', time({ optional: true }), null]],
  timeToConnectWithDefaultValue: [[logical('int32', TIME, ',"default":0'), 'null', time({ default: 0 }), 0]],
  timeToConnectOptionalWithDefaultValue: [
    [logical('int32', TIME, ',"optional":true,"default":0'), 'null', time({ optional: true, default: 0 }), 0],
  ],
  timestampToConnect: [[logical('int64', TIMESTAMP), '4000000000', timestamp(), 4000000000]],
  timestampToConnectOptional: [
    [logical('int64', TIMESTAMP, ',"optional":true'), 'null', timestamp({ optional: true }), null],
  ],
  timestampToConnectWithDefaultValue: [
    [logical('int64', TIMESTAMP, ',"default":42'), 'null', timestamp({ default: 42 }), 42],
  ],
  timestampToConnectOptionalWithDefaultValue: [
    [
      logical('int64', TIMESTAMP, ',"optional":true,"default":42'),
      'null',
      timestamp({ optional: true, default: 42 }),
      42,
    ],
  ],
  deserializeNullToDefault: [[withDefaultJson, 'null', withDefault, 'default']],
  deserializeFieldNullToDefault: [
    [field1Json, '{"field1":null}', struct({ field1: withDefault }), { field1: 'default' }],
  ],
}

for (const [name, cases] of Object.entries(toConnect)) {
  test(`${name}: read from an envelope`, () => {
    for (const [schemaJson, payload, schema, value] of cases)
      reads(enveloped, `{ "schema": ${schemaJson}, "payload": ${payload} }`, schema, value)
  })
}

function writes(converter: Converter, schema: Schema | null, value: unknown, json: string | null): void {
  const bytes = converter.fromConnectData('topic', schema, value)
  assert.equal(bytes === null ? null : Buffer.from(bytes).toString(), json)
}

/** By name: schema, value, and the JSON of both. */
const toJson: Readonly<Record<string, readonly (readonly [Schema | null, unknown, string, string, Converter?])[]>> = {
  testJsonSchemaMetadataTranslation: [
    [boolean, true, '{"type":"boolean","optional":false}', 'true'],
    [optional(boolean), null, '{"type":"boolean","optional":true}', 'null'],
    [primitive('BOOLEAN', { default: true }), true, '{"type":"boolean","optional":false,"default":true}', 'true'],
    [
      primitive('BOOLEAN', { name: 'bool', version: 3, doc: 'the documentation', parameters: { foo: 'bar' } }),
      true,
      '{"type":"boolean","optional":false,"name":"bool","version":3,"doc":"the documentation","parameters":{"foo":"bar"}}',
      'true',
    ],
  ],
  booleanToJson: [[boolean, true, '{"type":"boolean","optional":false}', 'true']],
  byteToJson: [[primitive('INT8'), 12, '{"type":"int8","optional":false}', '12']],
  shortToJson: [[primitive('INT16'), 12, '{"type":"int16","optional":false}', '12']],
  intToJson: [[int32, 12, '{"type":"int32","optional":false}', '12']],
  longToJson: [[primitive('INT64'), 4398046511104, '{"type":"int64","optional":false}', '4398046511104']],
  floatToJson: [[primitive('FLOAT32'), Math.fround(12.34), '{"type":"float","optional":false}', '12.34']],
  doubleToJson: [[primitive('FLOAT64'), 12.34, '{"type":"double","optional":false}', '12.34']],
  bytesToJson: [[primitive('BYTES'), textBytes, '{"type":"bytes","optional":false}', `"${textBase64}"`]],
  stringToJson: [[string, text, '{"type":"string","optional":false}', `"${text}"`]],
  arrayToJson: [
    [
      arrayOf(int32),
      [1, 2, 3],
      '{"type":"array","items":{"type":"int32","optional":false},"optional":false}',
      '[1,2,3]',
    ],
  ],
  mapToJsonStringKeys: [
    [
      mapOf(string, int32),
      new Map([
        ['key1', 12],
        ['key2', 15],
      ]),
      '{"type":"map","keys":{"type":"string","optional":false},"values":{"type":"int32","optional":false},"optional":false}',
      '{"key1":12,"key2":15}',
    ],
  ],
  mapToJsonNonStringKeys: [
    [
      mapOf(int32, int32),
      new Map([
        [1, 12],
        [2, 15],
      ]),
      '{"type":"map","keys":{"type":"int32","optional":false},"values":{"type":"int32","optional":false},"optional":false}',
      '[[1,12],[2,15]]',
    ],
  ],
  structToJson: [
    [
      struct({ field1: boolean, field2: string }),
      { field1: true, field2: 'string2' },
      '{"type":"struct","fields":[{"type":"boolean","optional":false,"field":"field1"},' +
        '{"type":"string","optional":false,"field":"field2"}],"optional":false}',
      '{"field1":true,"field2":"string2"}',
    ],
  ],
  decimalToJson: [
    [
      decimal(2),
      '1.56',
      `{"type":"bytes","optional":false,"name":"${DECIMAL}","version":1,"parameters":{"scale":"2"}}`,
      '"AJw="',
    ],
  ],
  decimalToNumericJson: [
    [
      decimal(2),
      '1.56',
      `{"type":"bytes","optional":false,"name":"${DECIMAL}","version":1,"parameters":{"scale":"2"}}`,
      '1.56',
      numeric,
    ],
  ],
  decimalWithTrailingZerosToNumericJson: [
    [
      decimal(4),
      '1.5600',
      `{"type":"bytes","optional":false,"name":"${DECIMAL}","version":1,"parameters":{"scale":"4"}}`,
      '1.5600',
      numeric,
    ],
  ],
  dateToJson: [[date(), 10000, `{"type":"int32","optional":false,"name":"${DATE}","version":1}`, '10000']],
  timeToJson: [[time(), 14400000, `{"type":"int32","optional":false,"name":"${TIME}","version":1}`, '14400000']],
  timestampToJson: [
    [timestamp(), 4000000000, `{"type":"int64","optional":false,"name":"${TIMESTAMP}","version":1}`, '4000000000'],
  ],
  nullSchemaAndPrimitiveToJson: [[null, true, 'null', 'true']],
  nullSchemaAndArrayToJson: [[null, [1, 'string', true], 'null', '[1,"string",true]']],
  nullSchemaAndMapToJson: [
    [null, { key1: 12, key2: 'string', key3: true }, 'null', '{"key1":12,"key2":"string","key3":true}'],
  ],
  nullSchemaAndMapNonStringKeysToJson: [
    [
      null,
      new Map<unknown, unknown>([
        ['string', 12],
        [52, 'string'],
        [false, true],
      ]),
      'null',
      '[["string",12],[52,"string"],[false,true]]',
    ],
  ],
  serializeNullToDefault: [[withDefault, null, withDefaultJson, '"default"']],
  serializeNullToNull: [[withDefault, null, withDefaultJson, 'null', keepsNull]],
  serializeFieldNullToDefault: [[struct({ field1: withDefault }), {}, field1Json, '{"field1":"default"}']],
  serializeFieldNullToNull: [[struct({ field1: withDefault }), {}, field1Json, '{"field1":null}', keepsNull]],
}

for (const [name, cases] of Object.entries(toJson)) {
  test(`${name}: written into an envelope`, () => {
    for (const [schema, value, schemaJson, payload, converter = enveloped] of cases)
      writes(converter, schema, value, `{"schema":${schemaJson},"payload":${payload}}`)
  })
}

test('nullToConnect, emptyBytesToConnect: nothing is null without a schema', () => {
  for (const converter of [enveloped, plain]) {
    assert.deepEqual(converter.toConnectData('topic', null), { schema: null, value: null })
    reads(converter, '', null, null)
  }
})

test('schemalessWithEmptyFieldValueToConnect: empty texts and nulls are kept apart', () => {
  reads(plain, '{ "a": "", "b": null}', null, { a: '', b: null })
})

test('nullSchemaPrimitiveToConnect: an envelope may have no schema', () => {
  const payloads: [string, unknown][] = [
    ['null', null],
    ['true', true],
    ['12', 12],
    ['12.24', 12.24],
    ['"a string"', 'a string'],
    ['[1, "2", 3]', [1, '2', 3]],
    ['{ "field1": 1, "field2": 2}', { field1: 1, field2: 2 }],
  ]
  for (const [payload, value] of payloads) reads(enveloped, `{ "schema": null, "payload": ${payload} }`, null, value)
})

test('nullSchemaAndNullValueToJson, nullValueToJson: tombstones have no bytes', () => {
  writes(enveloped, null, null, null)
  writes(plain, null, null, null)
})

test('noSchemaToConnect, noSchemaToJson: without schemas the value stands alone', () => {
  reads(plain, 'true', null, true)
  writes(plain, null, true, 'true')
})

test('deserializeNullToNull, deserializeFieldNullToNull: nulls stay where defaults are turned off', () => {
  reads(keepsNull, `{"schema":${withDefaultJson},"payload":null}`, withDefault, null)
  reads(keepsNull, `{"schema":${field1Json},"payload":{"field1":null}}`, struct({ field1: withDefault }), {
    field1: null,
  })
})

test('mismatchSchemaJson: a value that is not of its schema is faulty data', () => {
  assert.throws(() => enveloped.fromConnectData('topic', primitive('FLOAT64'), true), DataError)
})

test('structSchemaIdentical: another object of the same schema writes the same', () => {
  const schema = (): Schema => struct({ field1: boolean, field2: string })
  const value = { field1: true, field2: 'x' }
  assert.deepEqual(
    enveloped.fromConnectData('topic', schema(), value),
    enveloped.fromConnectData('topic', schema(), value),
  )
})

test('testCacheSchemaToConnectConversion: one schema object for one text of a schema', () => {
  const converter = make()
  const schemaOf = (schema: string): Schema | null =>
    converter.toConnectData('topic', Buffer.from(`{ "schema": ${schema}, "payload": true }`)).schema
  const first = schemaOf('{ "type": "boolean" }')
  assert.equal(schemaOf('{ "type": "boolean" }'), first)
  assert.notEqual(schemaOf('{ "type": "boolean", "optional": true }'), first)
  const spelledOut = schemaOf('{ "type": "boolean", "optional": false }')
  assert.deepEqual(spelledOut, first)
  assert.notEqual(spelledOut, first)
})

test('testJsonSchemaCacheSizeFromConfigFile: the cache size comes as text', () => {
  assert.equal(jsonConverter.config.parse({ 'schemas.cache.size': '1000' })['schemas.cache.size'], 1000)
})

test('testStringHeaderToJson, stringHeaderToConnect: headers are converted likewise', () => {
  const plugin = converterPlugins.find(
    (found) => found.class === jsonConverter.class && found.kind === 'header_converter',
  )
  assert.ok(plugin?.kind === 'header_converter')
  const converter = plugin.create(plugin.config.parse({}))
  const json = `{"schema":{"type":"string","optional":false},"payload":"${text}"}`
  assert.equal(Buffer.from(converter.fromConnectHeader('topic', 'h', string, text) ?? []).toString(), json)
  assert.deepEqual(converter.toConnectHeader('topic', 'h', Buffer.from(json)), { schema: string, value: text })
})

test('testSchemaContentIsNull, testSchemaContentIsEmptyString: without a schema there must be an envelope', () => {
  for (const converter of [enveloped, make({ 'schema.content': '' })])
    reads(converter, '{ "schema": { "type": "string" }, "payload": "foo-bar-baz" }', string, 'foo-bar-baz')
})

test('testSchemaContentValidSchema: a schema of the configuration is that of every message', () => {
  reads(make({ 'schema.content': '{ "type": "string" }' }), '"foo-bar-baz"', string, 'foo-bar-baz')
})

test('testSchemaContentInValidSchema: a faulty schema fails the converter', () => {
  assert.throws(() => make({ 'schema.content': '{ "string" }' }), DataError)
})

test('testSchemaContentLooksLikeSchema: messages that look like an envelope are none then', () => {
  const content =
    '{"type":"struct","fields":[{"field":"schema","type":"struct","fields":[{"field":"type","type":"string"}]},' +
    '{"field":"payload","type":"string"}]}'
  const message = '{ "schema": { "type": "string" }, "payload": "foo-bar-baz" }'
  assert.deepEqual(make({ 'schema.content': content }).toConnectData('topic', Buffer.from(message)).value, {
    schema: { type: 'string' },
    payload: 'foo-bar-baz',
  })
})

test('testNullSchemaContentWithWrongConnectDataValue: what is no envelope is faulty data', () => {
  for (const json of [
    '{ }',
    '{ "wrong": "schema" }',
    '{ "schema": { "type": "string" } }',
    '{ "payload": "foo-bar-baz" }',
    '{ "schema": { "type": "string" }, "payload": "foo-bar-baz", "extra": "field" }',
  ])
    assert.throws(() => enveloped.toConnectData('topic', Buffer.from(json)), DataError, json)
})
