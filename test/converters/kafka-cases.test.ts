import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arrayOf,
  type Converter,
  type ConverterPlugin,
  DataError,
  date,
  type HeaderConverterPlugin,
  mapOf,
  primitive,
  type Schema,
  struct,
} from '../../src/connect/index.ts'
import { converterPlugins, jsonConverter, simpleHeaderConverter } from '../../src/converters/index.ts'

// The cases of Kafka's tests of the smaller converters, under their names.

function pluginOf<K extends 'converter' | 'header_converter'>(
  kind: K,
  name: string,
): K extends 'converter' ? ConverterPlugin : HeaderConverterPlugin {
  const found = converterPlugins.find((plugin) => plugin.kind === kind && plugin.class.endsWith(`.${name}`))
  assert.ok(found !== undefined, name)
  return found as never
}

function make(name: string, props: Record<string, string> = {}): Converter {
  const plugin = pluginOf('converter', name)
  return plugin.create(plugin.config.parse(props), 'value')
}

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'))
const utf8 = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString()
const bytesOf = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'))
const string = primitive('STRING')
const optionalString = primitive('STRING', { optional: true })
const sample = 'a string'

const numbers: readonly [string, Parameters<typeof primitive>[0], readonly [unknown, string][]][] = [
  [
    'Short',
    'INT16',
    [
      [-32768, '8000'],
      [1, '0001'],
      [32767, '7fff'],
    ],
  ],
  [
    'Integer',
    'INT32',
    [
      [-2147483648, '80000000'],
      [1, '00000001'],
      [2147483647, '7fffffff'],
    ],
  ],
  [
    'Long',
    'INT64',
    [
      [-(2n ** 63n), '8000000000000000'],
      [1, '0000000000000001'],
      [2n ** 63n - 1n, '7fffffffffffffff'],
    ],
  ],
  [
    'Float',
    'FLOAT32',
    [
      [1.5, '3fc00000'],
      [Math.fround(3.4028235e38), '7f7fffff'],
    ],
  ],
  [
    'Double',
    'FLOAT64',
    [
      [1.5, '3ff8000000000000'],
      [Number.MAX_VALUE, '7fefffffffffffff'],
    ],
  ],
]

for (const [name, type, samples] of numbers) {
  const converter = make(`${name}Converter`)
  const plugin = pluginOf('header_converter', `${name}Converter`)
  const headers = plugin.create(plugin.config.parse({}))
  const schema = primitive(type, { optional: true })

  test(`testConvertingSamplesToAndFromBytes: ${name}s, as data and as headers`, () => {
    for (const [value, expected] of samples) {
      assert.equal(hex(converter.fromConnectData('topic', schema, value)), expected)
      assert.deepEqual(converter.toConnectData('topic', bytesOf(expected)), { schema, value })
      assert.equal(hex(headers.fromConnectHeader('topic', 'header', schema, value)), expected)
      assert.deepEqual(headers.toConnectHeader('topic', 'header', bytesOf(expected)), { schema, value })
    }
  })

  test(`testDeserializingDataWithTooManyBytes, testDeserializingHeaderWithTooManyBytes: no ${name} has 10 bytes`, () => {
    assert.throws(() => converter.toConnectData('topic', new Uint8Array(10)), DataError)
    assert.throws(() => headers.toConnectHeader('topic', 'header', new Uint8Array(10)), DataError)
  })

  test(`testSerializingIncorrectType, testSerializingIncorrectHeader: ${name}s are no texts, nor numbers of another type`, () => {
    const wrong: [Schema | null, unknown][] = [
      [schema, 'not a valid number'],
      [primitive('INT8'), 1],
      [date(), 1],
    ]
    for (const [given, value] of wrong) {
      assert.throws(() => converter.fromConnectData('topic', given, value), DataError)
      assert.throws(() => headers.fromConnectHeader('topic', 'header', given, value), DataError)
    }
  })

  test(`testNullToBytes, testBytesNullToNumber: nothing is null for ${name}s`, () => {
    assert.equal(converter.fromConnectData('topic', schema, null), null)
    assert.deepEqual(converter.toConnectData('topic', null), { schema, value: null })
  })
}

test('testFromConnect, testFromConnectNullSchema: booleans are a byte', () => {
  const converter = make('BooleanConverter')
  for (const schema of [primitive('BOOLEAN'), null]) {
    assert.equal(hex(converter.fromConnectData('topic', schema, true)), '01')
    assert.equal(hex(converter.fromConnectData('topic', schema, false)), '00')
  }
})

test('testFromConnectWrongSchema, testFromConnectInvalidValue, testFromConnectNullValue: other booleans', () => {
  const converter = make('BooleanConverter')
  assert.throws(
    () => converter.fromConnectData('topic', primitive('INT32'), false),
    /Invalid schema type for BooleanConverter: INT32/,
  )
  assert.throws(() => converter.fromConnectData('topic', primitive('BOOLEAN'), 'true'), DataError)
  assert.equal(converter.fromConnectData('topic', primitive('BOOLEAN'), null), null)
})

test('testToConnect, testToConnectNullValue, testToConnectInvalidValue: bytes as booleans', () => {
  const converter = make('BooleanConverter')
  const schema = primitive('BOOLEAN', { optional: true })
  assert.deepEqual(converter.toConnectData('topic', Uint8Array.of(1)), { schema, value: true })
  assert.deepEqual(converter.toConnectData('topic', Uint8Array.of(0)), { schema, value: false })
  assert.deepEqual(converter.toConnectData('topic', null), { schema, value: null })
  assert.throws(() => converter.toConnectData('topic', Buffer.from('42')), DataError)
})

test('testFromConnect, testFromConnectSchemaless, testFromConnectByteBufferValue, testFromConnectNull: bytes pass', () => {
  const converter = make('ByteArrayConverter')
  for (const schema of [primitive('BYTES'), null]) {
    assert.equal(hex(converter.fromConnectData('topic', schema, bytesOf('0102'))), '0102')
    assert.equal(hex(converter.fromConnectData('topic', schema, Buffer.from('030405', 'hex').subarray(1))), '0405')
    assert.equal(hex(converter.fromConnectData('topic', schema, new Uint8Array(0))), '')
    assert.equal(converter.fromConnectData('topic', schema, null), null)
  }
})

test('testFromConnectBadSchema, testFromConnectInvalidValue: what is not bytes does not pass', () => {
  const converter = make('ByteArrayConverter')
  assert.throws(() => converter.fromConnectData('topic', primitive('INT32'), bytesOf('01')), DataError)
  assert.throws(() => converter.fromConnectData('topic', primitive('BYTES'), 12), DataError)
})

test('testToConnect, testToConnectNull: bytes are optional bytes', () => {
  const schema = primitive('BYTES', { optional: true })
  const converter = make('ByteArrayConverter')
  assert.deepEqual(converter.toConnectData('topic', bytesOf('0102')), { schema, value: bytesOf('0102') })
  assert.deepEqual(converter.toConnectData('topic', null), { schema, value: null })
})

test('testStringToBytes, testNonStringToBytes, testNullToBytes, testToBytesIgnoresSchema: texts of values', () => {
  const converter = make('StringConverter')
  assert.equal(utf8(converter.fromConnectData('topic', string, sample)), sample)
  assert.equal(utf8(converter.fromConnectData('topic', primitive('BOOLEAN'), true)), 'true')
  assert.equal(utf8(converter.fromConnectData('topic', null, true)), 'true')
  assert.equal(converter.fromConnectData('topic', optionalString, null), null)
})

test('testToBytesNonUtf8Encoding, testBytesToStringNonUtf8Encoding: UTF-16 begins with a byte order mark', () => {
  const converter = make('StringConverter', { 'converter.encoding': 'UTF-16' })
  assert.equal(hex(converter.fromConnectData('topic', string, 'aé')), 'feff006100e9')
  for (const digits of ['feff006100e9', 'fffe6100e900', '006100e9'])
    assert.deepEqual(converter.toConnectData('topic', bytesOf(digits)), { schema: optionalString, value: 'aé' })
  const bigEndian = make('StringConverter', { 'converter.encoding': 'UTF-16BE' })
  assert.equal(hex(bigEndian.fromConnectData('topic', string, 'aé')), '006100e9')
  assert.equal(bigEndian.toConnectData('topic', bytesOf('006100e9')).value, 'aé')
})

test('testBytesToString, testBytesNullToString: bytes are optional strings', () => {
  const converter = make('StringConverter')
  assert.deepEqual(converter.toConnectData('topic', Buffer.from(sample)), { schema: optionalString, value: sample })
  assert.deepEqual(converter.toConnectData('topic', null), { schema: optionalString, value: null })
})

test('testStringHeaderValueToBytes, testNonStringHeaderValueToBytes, testNullHeaderValueToBytes: headers likewise', () => {
  const plugin = pluginOf('header_converter', 'StringConverter')
  const converter = plugin.create(plugin.config.parse({}))
  assert.equal(utf8(converter.fromConnectHeader('topic', 'hdr', string, sample)), sample)
  assert.equal(utf8(converter.fromConnectHeader('topic', 'hdr', primitive('BOOLEAN'), true)), 'true')
  assert.equal(converter.fromConnectHeader('topic', 'hdr', optionalString, null), null)
})

test('shouldBeCaseInsensitiveForDecimalFormatConfig: decimal formats in any case', () => {
  for (const format of ['numeric', 'NuMeRiC', 'NUMERIC'])
    assert.equal(jsonConverter.config.parse({ 'decimal.format': format })['decimal.format'], 'NUMERIC')
})

const headers = simpleHeaderConverter.create(simpleHeaderConverter.config.parse({}))
const list: Schema = { type: 'ARRAY', optional: false }
const map: Schema = { type: 'MAP', optional: false }

/** Schema and value written, and the schema read back, where that is another. */
const roundTrips: Readonly<Record<string, readonly [Schema | null, unknown, Schema?]>> = {
  shouldConvertSimpleString: [string, 'simple'],
  shouldConvertEmptyString: [string, ''],
  shouldConvertStringWithQuotesAndOtherDelimiterCharacters: [
    string,
    "string with delimiters: <>?,./\\=+-!@#$%^&*(){}[]|;':",
  ],
  shouldConvertMapWithStringKeys: [
    mapOf(string, string),
    new Map([
      ['foo', '123'],
      ['bar', 'baz'],
    ]),
  ],
  shouldConvertMapWithStringKeysAndShortValues: [
    mapOf(string, primitive('INT16')),
    new Map([
      ['foo', 12345],
      ['bar', 0],
      ['baz', -4321],
    ]),
  ],
  shouldConvertMapWithStringKeysAndIntegerValues: [
    mapOf(string, primitive('INT32')),
    new Map([
      ['foo', 1234567890],
      ['bar', 0],
      ['baz', -987654321],
    ]),
  ],
  shouldConvertListWithStringValues: [arrayOf(string), ['foo', 'bar']],
  shouldConvertListWithIntegerValues: [arrayOf(primitive('INT32')), [1234567890, -987654321]],
  shouldConvertMapWithStringKeysAndMixedValuesToMap: [
    null,
    new Map<string, unknown>([
      ['foo', 'bar'],
      ['baz', 3456],
    ]),
    { ...map, keySchema: string },
  ],
  shouldConvertListWithMixedValuesToListWithoutSchema: [null, ['foo', 13344], list],
  shouldConvertEmptyMapToMap: [null, new Map(), map],
  shouldConvertEmptyListToList: [null, [], list],
}

for (const [name, [schema, value, readSchema = schema]] of Object.entries(roundTrips)) {
  test(`${name}: a header that is written and read is what it was`, () => {
    const bytes = headers.fromConnectHeader('topic', 'header', schema, value)
    assert.deepEqual(headers.toConnectHeader('topic', 'header', bytes), { schema: readSchema, value })
  })
}

test('shouldConvertNullValue: headers without a value have no bytes', () => {
  assert.equal(headers.fromConnectHeader('topic', 'header', string, null), null)
  assert.deepEqual(headers.toConnectHeader('topic', 'header', null), { schema: null, value: null })
})

test('shouldEscapeStringsWithEmbeddedQuotesAndBackslashes: in lists, maps and structs', () => {
  const value = 'three"blind\\"mice'
  const written = (schema: Schema, given: unknown): string =>
    utf8(headers.fromConnectHeader('topic', 'header', schema, given))
  assert.equal(written(arrayOf(string), [value]), '["three\\"blind\\\\\\"mice"]')
  const schema = struct({ a: string, b: primitive('BYTES'), c: optionalString })
  assert.equal(
    written(schema, { a: value, b: Uint8Array.of(1, 2), c: null }),
    '{"a":"three\\"blind\\\\\\"mice","b":"AQI=","c":null}',
  )
})
