import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  arrayOf,
  DataError,
  date,
  decimal,
  mapOf,
  optional,
  primitive,
  sameSchema,
  struct,
  time,
  timestamp,
} from '../../../src/connect/index.ts'
import type { Converter, Schema } from '../../../src/connect/index.ts'
import { jsonConverter } from '../../../src/converters/index.ts'

const make = (props: Record<string, string> = {}): Converter =>
  jsonConverter.create(jsonConverter.config.parse(props), 'value')
const plain = make({ 'schemas.enable': 'false' })
const enveloped = make()

const write = (converter: Converter, schema: Schema | null, value: unknown): string | null => {
  const bytes = converter.fromConnectData('t', schema, value)
  return bytes === null ? null : Buffer.from(bytes).toString()
}
const read = (converter: Converter, text: string): { schema: Schema | null; value: unknown } =>
  converter.toConnectData('t', Buffer.from(text))
const readAs = (schemaJson: string, payload: string, converter = enveloped): unknown =>
  read(converter, `{"schema":${schemaJson},"payload":${payload}}`).value

test('the envelope holds the schema in the order of Kafka Connect', () => {
  const schema = struct(
    {
      id: primitive('INT64', { doc: 'the "key"' }),
      price: decimal(2, { optional: true }),
      tags: arrayOf(primitive('STRING'), { optional: true }),
      counts: mapOf(primitive('STRING'), primitive('INT32')),
      level: primitive('INT8', { default: 3 }),
    },
    { name: 'shop.Order', version: 2 },
  )
  const value = { id: 9007199254740993n, price: '-12.50', tags: ['a', 'é'], counts: new Map([['x', 1]]), level: 7 }
  assert.equal(
    write(enveloped, schema, value),
    '{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"doc":"the \\"key\\"","field":"id"},' +
      '{"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"},"field":"price"},' +
      '{"type":"array","items":{"type":"string","optional":false},"optional":true,"field":"tags"},' +
      '{"type":"map","keys":{"type":"string","optional":false},"values":{"type":"int32","optional":false},"optional":false,"field":"counts"},' +
      '{"type":"int8","optional":false,"default":3,"field":"level"}],"optional":false,"name":"shop.Order","version":2},' +
      '"payload":{"id":9007199254740993,"price":"+x4=","tags":["a","é"],"counts":{"x":1},"level":7}}',
  )
  const back = read(enveloped, write(enveloped, schema, value) ?? '')
  assert.ok(sameSchema(back.schema, schema))
  assert.deepEqual(back.value, value)
})

test('nulls: tombstones, schemaless values and optional values', () => {
  assert.equal(write(enveloped, null, null), null)
  assert.equal(write(plain, null, null), null)
  assert.equal(write(enveloped, null, 5), '{"schema":null,"payload":5}')
  assert.equal(write(plain, primitive('INT32', { optional: true }), null), 'null')
  assert.equal(
    write(enveloped, primitive('INT32', { optional: true }), null),
    '{"schema":{"type":"int32","optional":true},"payload":null}',
  )
  assert.equal(write(plain, primitive('INT32', { default: 4 }), null), '4')
  assert.throws(
    () => write(plain, primitive('INT32'), null),
    /null value for field that is required and has no default value/,
  )
  assert.deepEqual(enveloped.toConnectData('t', null), { schema: null, value: null })
  assert.deepEqual(enveloped.toConnectData('t', new Uint8Array(0)), { schema: null, value: null })
})

test('replace.null.with.default can be turned off', () => {
  const keep = make({ 'schemas.enable': 'false', 'replace.null.with.default': 'false' })
  const schema = struct({ a: primitive('INT32', { optional: true, default: 4 }) })
  assert.equal(write(keep, schema, { a: null }), '{"a":null}')
  assert.equal(write(plain, schema, {}), '{"a":4}')
  const keepEnveloped = make({ 'replace.null.with.default': 'false' })
  assert.equal(readAs('{"type":"int32","optional":true,"default":4}', 'null', keepEnveloped), null)
  assert.equal(readAs('{"type":"int32","optional":true,"default":4}', 'null'), 4)
})

test('numbers are written as Java writes them', () => {
  assert.equal(write(plain, primitive('FLOAT64'), 1e21), '1.0E21')
  assert.equal(write(plain, primitive('FLOAT64'), 1), '1.0')
  assert.equal(write(plain, primitive('FLOAT32'), Math.fround(0.1)), '0.1')
  assert.equal(write(plain, primitive('FLOAT64'), Number.NaN), '"NaN"')
  assert.equal(
    write(plain, null, { a: 1.5, b: 3, c: -(2n ** 63n), d: [true, null, 'x'], e: Uint8Array.of(1, 2) }),
    '{"a":1.5,"b":3,"c":-9223372036854775808,"d":[true,null,"x"],"e":"AQI="}',
  )
})

test('decimals are base64 of the unscaled value, or numbers', () => {
  const numeric = make({ 'schemas.enable': 'false', 'decimal.format': 'numeric' })
  assert.equal(write(plain, decimal(2), '123.45'), '"MDk="')
  assert.equal(write(numeric, decimal(2), '123.40'), '123.40')
  assert.equal(write(numeric, decimal(7), '0.0000001'), '1E-7')
  assert.equal(write(numeric, decimal(0), '12345678901234567890123'), '12345678901234567890123')
  assert.throws(() => write(plain, decimal(1), '1.25'), /mismatching scale/)
  const schema =
    '{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"3"},"optional":false}'
  assert.equal(readAs(schema, '"MDk="'), '12.345')
  assert.equal(readAs(schema, '12345678901234567890.5'), '12345678901234567890.500')
  assert.equal(readAs(schema, '1.5e2'), '150.000')
  assert.throws(() => readAs(schema, 'true'), /should be numeric or bytes but was BOOLEAN/)
})

test('dates and times are the numbers that they are', () => {
  const schema = struct({ d: date(), t: time(), ts: timestamp() })
  assert.equal(
    write(plain, schema, { d: 19000, t: 1000, ts: 1764061099000 }),
    '{"d":19000,"t":1000,"ts":1764061099000}',
  )
  assert.throws(() => write(plain, time(), 86_400_000), /less than one day/)
  assert.throws(
    () => readAs('{"type":"int32","name":"org.apache.kafka.connect.data.Date","version":1}', '"x"'),
    /Invalid type for Date, underlying representation should be integer but was STRING/,
  )
})

test('maps with other keys than strings are lists of pairs', () => {
  const schema = mapOf(primitive('INT32'), primitive('STRING', { optional: true }))
  const value = new Map([
    [1, 'a'],
    [2, null],
  ])
  assert.equal(write(plain, schema, value), '[[1,"a"],[2,null]]')
  assert.deepEqual(read(enveloped, write(enveloped, schema, value) ?? '').value, value)
  assert.equal(
    write(
      plain,
      null,
      new Map<unknown, unknown>([
        [1, 2],
        ['a', 3],
      ]),
    ),
    '[[1,2],["a",3]]',
  )
  assert.equal(write(plain, null, new Map([['a', 3]])), '{"a":3}')
})

test('values of the wrong type are refused with the type that was expected', () => {
  const wrong: [Schema, unknown][] = [
    [primitive('INT8'), 128],
    [primitive('INT16'), '1'],
    [primitive('INT32'), 1.5],
    [primitive('INT64'), 2n ** 63n],
    [primitive('FLOAT64'), 'x'],
    [primitive('BOOLEAN'), 1],
    [primitive('STRING'), 5],
    [primitive('BYTES'), 'x'],
    [arrayOf(primitive('STRING')), {}],
    [mapOf(primitive('STRING'), primitive('STRING')), {}],
    [struct({}), []],
    [struct({}), new Map()],
    [decimal(0), 5],
  ]
  for (const [schema, value] of wrong) assert.throws(() => write(plain, schema, value), DataError)
  assert.throws(() => write(plain, null, new Date()), /Date does not have a corresponding schema type/)
})

test('reading coerces as Kafka Connect does', () => {
  const cases: [string, string, unknown][] = [
    ['int32', '"7"', 0],
    ['string', '7', null],
    ['int8', '300', 44],
    ['int16', '70000', 4464],
    ['int32', '4294967297', 1],
    ['int64', '1.9', 1],
    ['boolean', '1', false],
    ['double', '3', 3],
    ['double', '"NaN"', Number.NaN],
    ['bytes', '5', null],
    ['int64', '9223372036854775808', -(2n ** 63n)],
    ['int64', '9007199254740993', 9007199254740993n],
    ['int32', '1e300', 2147483647],
  ]
  for (const [type, payload, expected] of cases)
    assert.deepEqual(readAs(`{"type":"${type}","optional":true}`, payload), expected, `${type} ${payload}`)
  assert.throws(
    () => readAs('{"type":"int32","optional":false}', 'null'),
    /Invalid null value for required INT32 field/,
  )
  assert.throws(() => readAs('{"type":"bytes","optional":false}', '"*"'), /Invalid bytes field/)
})

test('an array may come as an object, whose values are taken, or as anything else, which has none', () => {
  const schema = '{"type":"array","items":{"type":"int32"}}'
  assert.deepEqual(readAs(schema, '{"a":1,"b":2}'), [1, 2])
  assert.deepEqual(readAs(schema, '5'), [])
})

test('struct members that are missing are null and unknown ones are ignored', () => {
  const schema = '{"type":"struct","fields":[{"type":"string","optional":true,"field":"a"}],"optional":"yes"}'
  assert.deepEqual(readAs(schema, '{"b":1}'), { a: null })
  assert.equal(read(enveloped, `{"schema":${schema},"payload":{}}`).schema?.optional, false)
  assert.throws(() => readAs(schema, '[]'), /Structs should be encoded as JSON objects, but found ARRAY/)
})

test('anything but an envelope is refused with the setting to change', () => {
  for (const text of ['{"a":1}', '5', '[]', '{"schema":null,"payload":1,"x":2}', '{"schema":null}'])
    assert.throws(() => read(enveloped, text), /set schemas.enable=false in your converter configuration/)
})

test('an envelope that begins like the one before is held to the same rules', () => {
  const converter = make()
  const head = '{"schema":{"type":"int32","optional":false},"payload":'
  assert.equal(read(converter, `${head}1}`).value, 1)
  const second = read(converter, `${head}2}`)
  assert.equal(second.value, 2)
  assert.equal(second.schema, read(converter, `${head}3}`).schema)
  assert.equal(read(converter, `${head}007}`).value, 7)
  assert.throws(() => read(converter, `${head}3,"extra":4}`), /may not contain additional fields/)
  assert.throws(() => read(converter, `${head}}`), /serialization error/)
})

test('faulty schemas are named', () => {
  const faulty: [string, RegExp][] = [
    ['{}', /Schema must contain 'type' field/],
    ['{"type":"uuid"}', /Unknown schema type: uuid/],
    ['{"type":"array"}', /did not specify the element type/],
    ['{"type":"map","values":{"type":"string"}}', /did not specify the key type/],
    ['{"type":"map","keys":{"type":"string"}}', /did not specify the value type/],
    ['{"type":"struct"}', /is not an array/],
    ['{"type":"struct","fields":[{"type":"string"}]}', /field name not specified properly/],
    ['{"type":"string","parameters":{"a":1}}', /must have string values/],
  ]
  for (const [schema, message] of faulty) assert.throws(() => readAs(schema, '1'), message)
})

test('schemaless reading is exact to 64 bits, lenient as Kafka Connect, and refuses what is no JSON', () => {
  assert.deepEqual(read(plain, '{"a":9007199254740993,"b":[01,1.5],"c":18446744073709551617} trailing').value, {
    a: 9007199254740993n,
    b: [1, 1.5],
    c: 1,
  })
  assert.equal(read(plain, 'null').value, null)
  assert.throws(() => read(plain, '{"a":'), /Converting byte\[\] to Kafka Connect data failed/)
  assert.throws(() => plain.toConnectData('t', Uint8Array.of(0x22, 0xff, 0x22)), /not UTF-8/)
})

test('schema.content is the schema of messages without an envelope', () => {
  const converter = make({ 'schema.content': '{"type":"struct","fields":[{"type":"int64","field":"id"}]}' })
  const { schema, value } = read(converter, '{"id":5}')
  assert.deepEqual(value, { id: 5 })
  assert.equal(schema?.type, 'STRUCT')
})

test('the same schema text gives the same schema object while it is cached', () => {
  const converter = make({ 'schemas.cache.size': '1' })
  const text = (type: string): string => `{ "schema":{"type":"${type}","optional":true},"payload":null}`
  const first = read(converter, text('int32')).schema
  assert.equal(read(converter, text('int32')).schema, first)
  read(converter, text('int64'))
  assert.notEqual(read(converter, text('int32')).schema, first)
})

test('sinks may take compact JSON as it is, but not null, other whitespace or envelopes', () => {
  const accepts = (text: string): boolean | undefined => {
    const bytes = Buffer.from(text)
    return plain.raw?.accepts(bytes, 0, bytes.length)
  }
  assert.equal(plain.raw?.format, 'json')
  assert.deepEqual(['{"a":1}', 'null', '{"a": 1}', '', '{', '"null"'].map(accepts), [
    true,
    false,
    false,
    false,
    false,
    true,
  ])
  assert.equal(enveloped.raw, null)
})

test('random values survive a round trip through the envelope', () => {
  const leaf: fc.Arbitrary<[Schema, unknown]> = fc.oneof(
    fc.string().map((value): [Schema, unknown] => [primitive('STRING'), value.toWellFormed()]),
    fc.integer().map((value): [Schema, unknown] => [primitive('INT32'), value]),
    fc.double({ noNaN: true }).map((value): [Schema, unknown] => [primitive('FLOAT64'), value]),
    fc.uint8Array().map((value): [Schema, unknown] => [primitive('BYTES'), value]),
    fc.boolean().map((value): [Schema, unknown] => [primitive('BOOLEAN'), value]),
  )
  const anything = fc
    .array(fc.tuple(fc.string({ minLength: 1 }), leaf, fc.boolean()), { maxLength: 5 })
    .map((members) => {
      const named = new Map(
        members.map(([name, [schema, value], isNull]) => [
          name.toWellFormed(),
          { schema: optional(schema), value: isNull ? null : value },
        ]),
      )
      named.delete('__proto__')
      return {
        schema: struct([...named].map(([name, { schema }]) => ({ name, schema }))),
        value: Object.fromEntries([...named].map(([name, { value }]) => [name, value])),
      }
    })
  fc.assert(
    fc.property(anything, ({ schema, value }) => {
      const back = read(enveloped, write(enveloped, schema, value) ?? '')
      assert.ok(sameSchema(back.schema, schema))
      assert.deepEqual(normal(back.value), normal(value))
    }),
  )
})

/** Buffers and plain byte arrays alike. */
function normal(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]: [string, unknown]) => [key, part instanceof Uint8Array ? [...part] : part]),
  )
}

test('values nested too deeply are faulty records', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  let value: unknown = 1
  for (let i = 0; i < 200_000; i++) value = [value]
  assert.throws(() => write(plain, null, value), DataError)
  assert.throws(() => read(plain, `[12345678901234567890,${deep}]`), DataError)
})
