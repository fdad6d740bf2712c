import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrayOf, date, decimal, mapOf, primitive, struct, time, timestamp } from '../../src/connect/index.ts'
import { applied, transform } from './support.ts'

const string = primitive('STRING')
const schema = struct({
  magic: primitive('INT32'),
  bool: primitive('BOOLEAN'),
  byte: primitive('INT8'),
  short: primitive('INT16'),
  int: primitive('INT32'),
  long: primitive('INT64'),
  float: primitive('FLOAT32'),
  double: primitive('FLOAT64'),
  string,
  date: date(),
  time: time(),
  timestamp: timestamp(),
  decimal: decimal(0),
  array: arrayOf(primitive('INT32')),
  map: mapOf(string, string),
  withDefault: primitive('STRING', { optional: true, default: 'default' }),
})
const values = {
  magic: 42,
  bool: true,
  byte: 42,
  short: 42,
  int: 42,
  long: 42,
  float: 42,
  double: 42,
  string: 'hmm',
  date: 19_000,
  time: 1,
  timestamp: 1_700_000_000_000,
  decimal: '42',
  array: [1, 2, 3],
  map: new Map([['what', 'what']]),
  withDefault: null,
}
const schemaless = {
  magic: 42,
  bool: true,
  long: 42,
  double: 42.5,
  string: '55.121.20.20',
  date: new Date(),
  bigint: 2n ** 60n,
  list: [42],
  map: { key: 'value' },
}

function masked(fields: string, replacement: string | null, isSchemaless = false): Record<string, unknown> {
  const props = {
    fields,
    ...(replacement === null ? {} : { replacement }),
    'replace.null.with.default': 'false',
  }
  const { value } = isSchemaless
    ? applied('MaskField$Value', props, schemaless)
    : applied('MaskField$Value', props, values, schema)
  return value as Record<string, unknown>
}

const allBut = (object: object, kept: string): string =>
  Object.keys(object)
    .filter((name) => name !== kept)
    .join(',')

test('testSchemaless: every kind of value has its own nothing', () => {
  assert.deepEqual(masked(allBut(schemaless, 'magic'), null, true), {
    magic: 42,
    bool: false,
    long: 0,
    double: 0,
    string: '',
    date: new Date(0),
    bigint: 0,
    list: [],
    map: {},
  })
})

test('testWithSchema: every type has its own nothing, and null stays null', () => {
  assert.deepEqual(masked(allBut(values, 'magic'), null), {
    magic: 42,
    bool: false,
    byte: 0,
    short: 0,
    int: 0,
    long: 0,
    float: 0,
    double: 0,
    string: '',
    date: 0,
    time: 0,
    timestamp: 0,
    decimal: '0',
    array: [],
    map: new Map(),
    withDefault: null,
  })
})

test('testSchemalessWithReplacement: numbers and texts get the replacement', () => {
  const props = masked('long,double,string,bigint', '123', true)
  assert.deepEqual([props['long'], props['double'], props['string'], props['bigint']], [123, 123, '123', 123])
  assert.equal(masked('double', '123.5', true)['double'], 123.5)
})

test('testSchemalessUnsupportedReplacementType: other kinds of values have no replacement', () => {
  for (const field of ['date', 'bool', 'list', 'map', 'long,date'])
    assert.throws(() => masked(field, '123', true), /Cannot mask value of type \w+ with custom replacement\./, field)
})

test('testWithSchemaAndReplacement: numbers and texts get the replacement in their own type', () => {
  for (const field of ['byte', 'short', 'int', 'long', 'float', 'double'])
    assert.equal(masked(field, '123', false)[field], 123, field)
  assert.equal(masked('string', '123')['string'], '123')
  assert.equal(masked('decimal', '123.0')['decimal'], '123')
  assert.equal(masked('decimal', '1.5e3')['decimal'], '1500')
})

test('testWithSchemaUnsupportedReplacementType: other types have no replacement', () => {
  for (const field of ['time', 'timestamp', 'date', 'array', 'map', 'bool'])
    assert.throws(() => masked(field, '123'), /Cannot mask value of type .* with custom replacement\./, field)
})

test('testReplacementTypeMismatch: what is no number does not replace one', () => {
  for (const field of ['byte', 'short', 'int', 'long', 'float', 'double', 'decimal', 'string,int'])
    assert.throws(() => masked(field, 'foo'), /Unable to convert foo \(string\) to a number/, field)
  for (const field of ['long', 'double', 'bigint', 'string,long'])
    assert.throws(() => masked(field, 'foo', true), /Unable to convert foo \(string\) to a number/, field)
  assert.throws(() => masked('decimal', '1.5'), /Unable to convert 1\.5 \(string\) to a Decimal of scale 0/)
})

test('testEmptyStringReplacementValue: an empty replacement is refused', () => {
  assert.throws(
    () => transform('MaskField$Value', { fields: 'short', replacement: '' }),
    /Invalid value {2}for configuration replacement: String must be non-empty/,
  )
})

test('testNullListAndMapReplacementsAreMutable: each record has its own list and map', () => {
  const first = masked('array,map', null)
  ;(first['array'] as number[]).push(0)
  ;(first['map'] as Map<string, string>).set('k', 'v')
  const second = masked('array,map', null)
  assert.deepEqual([second['array'], second['map']], [[], new Map()])
})

test('whole numbers are cut to their type, as Kafka Connect cuts them', () => {
  assert.equal(masked('byte', '300')['byte'], 44)
  assert.equal(masked('int', '-7.9')['int'], -7)
  assert.equal(masked('long', '1e70')['long'], 0)
  assert.equal(masked('long', '9223372036854775807')['long'], 9223372036854775807n)
})

test('bytes and structs cannot be masked, nor can a null value or a duplicate field', () => {
  const odd = struct({ b: primitive('BYTES'), s: struct({}) })
  const value = { b: Uint8Array.of(1), s: {} }
  assert.throws(() => applied('MaskField$Key', { fields: 'b' }, value, odd), /Cannot mask value of type: BYTES/)
  assert.throws(() => applied('MaskField$Key', { fields: 's' }, value, odd), /Cannot mask value of type: STRUCT/)
  assert.throws(() => applied('MaskField$Value', { fields: 'b' }, { b: value.b }), /Cannot mask value of type: BYTES/)
  assert.throws(() => applied('MaskField$Value', { fields: 'b' }, null), /for \[mask fields\], found: null/)
  assert.throws(
    () => transform('MaskField$Value', { fields: 'a,a' }),
    /Configuration 'fields' values must not be duplicated\./,
  )
})

test('a null is read as the default and masked, unless that is turned off', () => {
  const withDefault = applied('MaskField$Value', { fields: 'withDefault' }, values, schema).value
  assert.equal((withDefault as typeof values).withDefault, '')
})
