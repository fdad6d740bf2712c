import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arrayOf,
  DataError,
  date,
  GrowableBytes,
  mapOf,
  primitive,
  struct,
  timestamp,
  utf8Text,
  writeJsonString,
} from '../../src/connect/index.ts'
import type {
  ColumnPlan,
  Converter,
  ConverterPlugin,
  HeaderConverterPlugin,
  RowBatch,
  Schema,
} from '../../src/connect/index.ts'
import { converterPlugins } from '../../src/converters/index.ts'

const plugin = (name: string): ConverterPlugin => {
  const found = converterPlugins.find((p) => p.kind === 'converter' && p.class.endsWith(`.${name}`))
  assert.equal(found?.kind, 'converter')
  return found as ConverterPlugin
}

const make = (name: string, props: Record<string, string> = {}): Converter => {
  const found = plugin(name)
  return found.create(found.config.parse(props), 'value')
}

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'))

test('every converter of Kafka Connect is there, for keys, values and headers', () => {
  const names = (kind: string): string[] =>
    converterPlugins
      .filter((p) => p.kind === kind)
      .map((p) => p.class)
      .sort()
  const nine = [
    ...['Boolean', 'ByteArray', 'Double', 'Float', 'Integer', 'Long', 'Short'].map(
      (n) => `org.apache.kafka.connect.converters.${n}Converter`,
    ),
    'org.apache.kafka.connect.json.JsonConverter',
    'org.apache.kafka.connect.storage.StringConverter',
  ]
  assert.deepEqual(names('converter'), nine)
  assert.deepEqual(
    names('header_converter'),
    [...nine, 'org.apache.kafka.connect.storage.SimpleHeaderConverter'].sort(),
  )
})

test('primitive converters write one big-endian value and read it back', () => {
  const cases: [string, unknown, string][] = [
    ['BooleanConverter', true, '01'],
    ['ShortConverter', -2, 'fffe'],
    ['IntegerConverter', 258, '00000102'],
    ['LongConverter', 9007199254740993n, '0020000000000001'],
    ['LongConverter', -1, 'ffffffffffffffff'],
    ['FloatConverter', 1.5, '3fc00000'],
    ['DoubleConverter', 1.5, '3ff8000000000000'],
  ]
  for (const [name, value, expected] of cases) {
    const converter = make(name)
    assert.equal(hex(converter.fromConnectData('t', null, value)), expected)
    const read = converter.toConnectData('t', Buffer.from(`ff${expected}`, 'hex').subarray(1))
    assert.deepEqual(read.value, value)
    assert.equal(read.schema?.optional, true)
    assert.equal(converter.fromConnectData('t', null, null), null)
    assert.equal(converter.toConnectData('t', null).value, null)
    assert.throws(() => converter.fromConnectData('t', null, 'x'), DataError)
    assert.throws(() => converter.toConnectData('t', new Uint8Array(3)), /Failed to deserialize/)
  }
  assert.throws(() => make('ShortConverter').fromConnectData('t', null, 40000), DataError)
  assert.throws(() => make('BooleanConverter').toConnectData('t', Uint8Array.of(2)), /neither 0 nor 1/)
})

test('the byte array converter passes bytes through and refuses anything else', () => {
  const converter = make('ByteArrayConverter')
  const bytes = Uint8Array.of(1, 2)
  assert.equal(converter.fromConnectData('t', primitive('BYTES'), bytes), bytes)
  assert.equal(converter.toConnectData('t', bytes).value, bytes)
  assert.throws(
    () => converter.fromConnectData('t', primitive('STRING'), 'x'),
    /Invalid schema type for ByteArrayConverter: STRING/,
  )
  assert.throws(() => converter.fromConnectData('t', null, 'x'), /not compatible with objects of type string/)
  assert.equal(converter.raw?.format, 'bytes')
})

test('the string converter writes the text form of any value', () => {
  const converter = make('StringConverter')
  const text = (schema: Schema | null, value: unknown): string =>
    Buffer.from(converter.fromConnectData('t', schema, value) ?? []).toString()
  assert.equal(text(null, 'é'), 'é')
  assert.equal(text(null, 5), '5')
  assert.equal(text(primitive('FLOAT64'), 5), '5.0')
  assert.equal(text(null, true), 'true')
  assert.equal(
    text(struct({ a: primitive('STRING'), b: primitive('INT32'), c: primitive('INT32') }), { a: 'x y', b: 1, c: null }),
    'Struct{a=x y,b=1}',
  )
  assert.equal(
    text(
      mapOf(primitive('STRING'), primitive('INT32')),
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    ),
    '{a=1, b=2}',
  )
  assert.equal(text(arrayOf(primitive('STRING')), ['a', null]), '[a, null]')
  assert.equal(converter.fromConnectData('t', null, null), null)
  assert.deepEqual(converter.toConnectData('t', Buffer.from('é')), {
    schema: primitive('STRING', { optional: true }),
    value: 'é',
  })
  assert.equal(converter.toConnectData('t', null).value, null)
})

test('the string converter knows other encodings and names the ones it knows', () => {
  const latin = make('StringConverter', { 'converter.encoding': 'ISO-8859-1' })
  assert.equal(hex(latin.fromConnectData('t', null, 'é€')), 'e93f')
  assert.equal(latin.toConnectData('t', Uint8Array.of(0xe9)).value, 'é')
  assert.equal(latin.raw, null)
  assert.throws(() => make('StringConverter', { 'converter.encoding': 'EBCDIC' }), /Encoding must be one of: UTF-8/)
})

test('rows of one plain column are written by the string converter as their text', () => {
  const converter = make('StringConverter')
  const bytes = Buffer.from('plainqu"ote\né')
  const batch = {
    bytes,
    starts: Int32Array.of(0, 5, -1),
    ends: Int32Array.of(5, bytes.length, 0),
    cellsPerRow: 1,
    rows: 3,
  } as unknown as RowBatch
  const plan: ColumnPlan = {
    schema: primitive('STRING'),
    columns: [{ kind: 'cell', cell: 0, reader: { value: utf8Text, writeJson: writeJsonString } }],
  }
  const write = converter.rowWriter?.('t', plan)
  assert.ok(write)
  for (const [row, expected] of [
    [0, 'plain'],
    [1, 'qu"ote\né'],
  ] as const) {
    const out = new GrowableBytes(2)
    write(out, batch, row)
    assert.equal(Buffer.from(out.copy()).toString(), expected)
  }
  assert.throws(() => write(new GrowableBytes(), batch, 2), DataError)
  assert.equal(converter.rowWriter?.('t', { ...plan, schema: primitive('STRING', { optional: true }) }), null)
  assert.equal(converter.rowWriter?.('t', { ...plan, schema: timestamp() }), null)
})

test('any converter serves for headers', () => {
  const header = converterPlugins.find(
    (p) => p.kind === 'header_converter' && p.class.endsWith('JsonConverter'),
  ) as HeaderConverterPlugin
  const converter = header.create(header.config.parse({ 'schemas.enable': 'false' }))
  const bytes = converter.fromConnectHeader('t', 'k', date(), 5)
  assert.equal(Buffer.from(bytes ?? []).toString(), '5')
  assert.equal(converter.toConnectHeader('t', 'k', bytes).value, 5)
})
