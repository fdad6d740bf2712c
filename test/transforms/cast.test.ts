import assert from 'node:assert/strict'
import { test } from 'node:test'
import { date, decimal, primitive, type Schema, struct, time, timestamp } from '../../src/connect/index.ts'
import { applied, fieldSchema, record, transform } from './support.ts'

const int32 = primitive('INT32')
const hour = 3_600_000
const day = 24 * hour

function refuses(spec: string, reason: RegExp): void {
  for (const part of ['Key', 'Value'])
    assert.throws(
      () => transform(`Cast$${part}`, { spec }),
      (error: Error) => error.message.startsWith('Invalid value [') && reason.test(error.message),
    )
}

test('testConfigEmpty: an empty spec is refused', () => {
  refuses('', /for configuration spec: Must specify at least one field to cast\.$/)
})

test('testConfigInvalidSchemaType: an unknown type is named', () => {
  refuses('foo:faketype', /for configuration spec: Invalid type found in casting spec: faketype$/)
})

test('testConfigInvalidTargetType: nothing is cast to an array', () => {
  refuses('foo:array', /does not support casting to ARRAY/)
  refuses('array', /does not support casting to ARRAY/)
})

test('testUnsupportedTargetType: nothing is cast to bytes', () => {
  refuses(
    'foo:bytes',
    /casting to BYTES; supported types are \[INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING\]$/,
  )
})

test('testConfigInvalidMap: an entry of three parts is refused', () => {
  refuses('foo:int8:extra', /Invalid cast: foo:int8:extra; it must be field:type or type$/)
})

test('testConfigMixWholeAndFieldTransformation: the whole and a field cannot both be cast', () => {
  refuses('foo:int8,int32', /may only specify a single cast in their spec$/)
})

for (const [name, part, schema] of [
  ['castNullValueRecordWithSchema', 'Value', primitive('STRING')],
  ['castNullValueRecordSchemaless', 'Value', null],
  ['castNullKeyRecordWithSchema', 'Key', primitive('STRING')],
  ['castNullKeyRecordSchemaless', 'Key', null],
] as const) {
  test(`${name}: a null passes as it is`, () => {
    const given =
      part === 'Key' ? record('v', null, { key: null, keySchema: schema }) : record(null, schema, { key: 'k' })
    assert.equal(transform(`Cast$${part}`, { spec: 'foo:int64' }).apply(given), given)
  })
}

test('castFieldWithDefaultValueRecordWithSchema: a null is read as the default unless that is turned off', () => {
  const schema = struct({ magic: primitive('INT32', { optional: true, default: 10 }) })
  for (const [replace, expected] of [
    ['true', '10'],
    ['false', null],
  ] as const) {
    const cast = applied(
      'Cast$Value',
      { spec: 'magic:string', 'replace.null.with.default': replace },
      { magic: null },
      schema,
    )
    assert.deepEqual(fieldSchema(cast.schema, 'magic'), primitive('STRING', { optional: true, default: '10' }))
    assert.deepEqual(cast.value, { magic: expected })
  }
})

test('castWholeRecordKeyWithSchema: the key is cast', () => {
  assert.deepEqual(applied('Cast$Key', { spec: 'int8' }, 42, int32), { schema: primitive('INT8'), value: 42 })
})

const wholes: [name: string, spec: string, type: Schema['type'], given: number, expected: unknown][] = [
  ['Int8', 'int8', 'INT8', 42, 42],
  ['Int16', 'int16', 'INT16', 42, 42],
  ['Int32', 'int32', 'INT32', 42, 42],
  ['Int64', 'int64', 'INT64', 42, 42],
  ['Float32', 'float32', 'FLOAT32', 42, 42],
  ['Float64', 'float64', 'FLOAT64', 42, 42],
  ['BooleanTrue', 'boolean', 'BOOLEAN', 42, true],
  ['BooleanFalse', 'boolean', 'BOOLEAN', 0, false],
  ['String', 'string', 'STRING', 42, '42'],
]
for (const [name, spec, type, given, expected] of wholes) {
  test(`castWholeRecordValueWithSchema${name}: the value is cast and its schema replaced`, () => {
    const cast = applied('Cast$Value', { spec }, given, int32)
    assert.deepEqual(cast, { schema: { type, optional: false }, value: expected })
  })
  test(`castWholeRecordValueSchemaless${name}: the value is cast`, () => {
    assert.deepEqual(applied('Cast$Value', { spec }, given), { schema: null, value: expected })
  })
}

test('castWholeBigDecimalRecordValueWithSchemaString: a Decimal becomes its digits', () => {
  assert.deepEqual(applied('Cast$Value', { spec: 'string' }, '42', decimal(0)), {
    schema: primitive('STRING'),
    value: '42',
  })
  assert.equal(applied('Cast$Value', { spec: 'string' }, '-1.50', decimal(2)).value, '-1.50')
  assert.equal(applied('Cast$Value', { spec: 'string' }, '0.00000000', decimal(8)).value, '0E-8')
})

test('castWholeDateRecordValueWithSchemaString: a Timestamp becomes its text', () => {
  assert.deepEqual(applied('Cast$Value', { spec: 'string' }, day + 1, timestamp()), {
    schema: primitive('STRING'),
    value: '1970-01-02T00:00:00.001Z',
  })
})

test('castWholeRecordDefaultValue: the default is cast with the value', () => {
  const schema = primitive('FLOAT32', { default: -42.125 })
  assert.deepEqual(applied('Cast$Value', { spec: 'int32' }, 42.125, schema), {
    schema: primitive('INT32', { default: -42 }),
    value: 42,
  })
})

test('castWholeRecordKeySchemaless: a key without schema is cast', () => {
  assert.deepEqual(applied('Cast$Key', { spec: 'int8' }, 42), { schema: null, value: 42 })
})

test('castWholeRecordValueSchemalessUnsupportedType: a list cannot be cast', () => {
  assert.throws(
    () => applied('Cast$Value', { spec: 'int8' }, ['foo']),
    /does not support casting from ARRAY; supported types are \[INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING, BYTES\]/,
  )
  assert.throws(() => applied('Cast$Value', { spec: 'int8' }, { a: 1 }), /casting from MAP/)
  assert.throws(
    () => applied('Cast$Value', { spec: 'int8' }, new Date()),
    /a value of type Date which is not supported/,
  )
})

test('castLogicalToPrimitive: numbers are what the logical types are made of', () => {
  const schema = struct({
    date_to_int32: date(),
    timestamp_to_int64: timestamp(),
    time_to_int64: time(),
    decimal_to_int32: decimal(0),
    timestamp_to_float64: timestamp(),
    null_timestamp_to_int32: timestamp({ optional: true }),
  })
  const spec = (schema.fields ?? []).map(({ name }) => `${name}:${name.split('_to_')[1]}`).join(',')
  const cast = applied(
    'Cast$Value',
    { spec },
    {
      date_to_int32: 1,
      timestamp_to_int64: 0,
      time_to_int64: 1,
      decimal_to_int32: '2147483648',
      timestamp_to_float64: 9223372036854775807n,
      null_timestamp_to_int32: null,
    },
    schema,
  )
  assert.deepEqual(cast.value, {
    date_to_int32: 1,
    timestamp_to_int64: 0,
    time_to_int64: 1,
    decimal_to_int32: -2147483648,
    timestamp_to_float64: 9.223372036854776e18,
    null_timestamp_to_int32: null,
  })
  assert.deepEqual(
    cast.schema?.fields?.map(({ schema: field }) => field),
    [
      int32,
      primitive('INT64'),
      primitive('INT64'),
      int32,
      primitive('FLOAT64'),
      primitive('INT32', { optional: true }),
    ],
  )
})

test('castLogicalToString: dates and times have the text that their value asks for', () => {
  const schema = struct({ date: date(), decimal: decimal(0), time: time(), timestamp: timestamp() })
  const cast = applied(
    'Cast$Value',
    { spec: 'date:string,decimal:string,time:string,timestamp:string' },
    { date: 1, decimal: '1982', time: hour, timestamp: Date.UTC(2024, 1, 29, 12, 30, 1, 5) },
    schema,
  )
  assert.deepEqual(cast.value, {
    date: '1970-01-02',
    decimal: '1982',
    time: '01:00:00.000Z',
    timestamp: '2024-02-29T12:30:01.005Z',
  })
  assert.ok(cast.schema?.fields?.every(({ schema: field }) => field.type === 'STRING' && field.name === undefined))
})

const bytes = Uint8Array.of(0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10)

test('castFieldsWithSchema: fields are cast side by side, the others stay', () => {
  const schema = struct(
    {
      int8: primitive('INT8'),
      int16: primitive('INT16', { optional: true }),
      int32: primitive('INT32', { default: 2 }),
      int64: primitive('INT64'),
      float32: primitive('FLOAT32'),
      float64: primitive('FLOAT64', { default: -1.125 }),
      boolean: primitive('BOOLEAN'),
      string: primitive('STRING'),
      bigdecimal: decimal(0),
      date: date(),
      optional: primitive('FLOAT32', { optional: true }),
      timestamp: timestamp(),
      bytes: primitive('BYTES'),
    },
    { name: 'n', optional: true },
  )
  const cast = applied(
    'Cast$Value',
    {
      spec: 'int8:int16,int16:int32,int32:int64,int64:boolean,float32:float64,float64:boolean,boolean:int8,string:int32,bigdecimal:string,date:string,optional:int32,bytes:string',
    },
    {
      int8: 8,
      int16: 16,
      int32: 32,
      int64: 64,
      float32: 32,
      float64: -64,
      boolean: true,
      string: '42',
      bigdecimal: '42',
      date: 1,
      timestamp: 0,
      bytes,
    },
    schema,
  )
  assert.deepEqual(cast.value, {
    int8: 8,
    int16: 16,
    int32: 32,
    int64: true,
    float32: 32,
    float64: true,
    boolean: 1,
    string: 42,
    bigdecimal: '42',
    date: '1970-01-02',
    optional: null,
    timestamp: 0,
    bytes: '/ty6mHZUMhA=',
  })
  assert.deepEqual(
    cast.schema,
    struct(
      {
        int8: primitive('INT16'),
        int16: primitive('INT32', { optional: true }),
        int32: primitive('INT64', { default: 2 }),
        int64: primitive('BOOLEAN'),
        float32: primitive('FLOAT64'),
        float64: primitive('BOOLEAN', { default: true }),
        boolean: primitive('INT8'),
        string: primitive('INT32'),
        bigdecimal: primitive('STRING'),
        date: primitive('STRING'),
        optional: primitive('INT32', { optional: true }),
        timestamp: timestamp(),
        bytes: primitive('STRING'),
      },
      { name: 'n', optional: true },
    ),
  )
})

test('castFieldsSchemaless: fields of a map are cast, a field that is missing becomes null', () => {
  const cast = applied(
    'Cast$Value',
    {
      spec: 'int8:int16,int64:boolean,float64:boolean,boolean:int8,string:int32,missing:int8',
    },
    { int8: 8, int64: 64, float64: -64.5, boolean: true, string: '42', other: 'x' },
  )
  assert.deepEqual(cast.value, {
    int8: 8,
    int64: true,
    float64: true,
    boolean: 1,
    string: 42,
    other: 'x',
    missing: null,
  })
})

test('whole numbers wrap, fractions are cut off and saturate, as in Java', () => {
  const int64 = primitive('INT64')
  const float64 = primitive('FLOAT64')
  const cases: [Schema, unknown, string, unknown][] = [
    [int32, 300, 'int8', 44],
    [int32, -129, 'int8', 127],
    [int32, 70_000, 'int16', 4464],
    [int64, 2 ** 40 + 5, 'int32', 5],
    [int64, -9223372036854775808n, 'int64', -9223372036854775808n],
    [int64, 9223372036854775807n, 'int16', -1],
    [int64, 9223372036854775807n, 'string', '9223372036854775807'],
    [float64, 1e10, 'int32', 2147483647],
    [float64, -1e10, 'int8', 0],
    [float64, 1e10, 'int8', -1],
    [float64, Number.NaN, 'int32', 0],
    [float64, 1e30, 'int64', 9223372036854775807n],
    [float64, -3.9, 'int64', -3],
    [float64, 0.9, 'boolean', false],
    [float64, 1e300, 'float32', Number.POSITIVE_INFINITY],
    [float64, 42, 'string', '42.0'],
    [float64, 1e21, 'string', '1.0E21'],
    [primitive('FLOAT32'), Math.fround(0.1), 'string', '0.1'],
    [decimal(2), '-0.99', 'int32', 0],
    [decimal(2), '18446744073709551617.00', 'boolean', true],
    [decimal(2), '12.25', 'float64', 12.25],
    [primitive('BOOLEAN'), false, 'string', 'false'],
    [primitive('BOOLEAN'), true, 'float64', 1],
  ]
  for (const [schema, given, spec, expected] of cases)
    assert.deepEqual(applied('Cast$Value', { spec }, given, schema).value, expected, `${String(given)} to ${spec}`)
})

test('texts are read as Java reads them, and what cannot be read is out of range', () => {
  const good: [string, string, unknown][] = [
    ['+7', 'int8', 7],
    ['-128', 'int8', -128],
    ['9223372036854775807', 'int64', 9223372036854775807n],
    [' 1.5e3f ', 'float64', 1500],
    ['.5', 'float32', 0.5],
    ['-Infinity', 'float64', Number.NEGATIVE_INFINITY],
    ['TRUE', 'boolean', true],
    ['yes', 'boolean', false],
  ]
  for (const [text, spec, expected] of good)
    assert.deepEqual(applied('Cast$Value', { spec }, text).value, expected, text)
  const bad: [string, string][] = [
    ['128', 'int8'],
    [' 1', 'int32'],
    ['1.0', 'int32'],
    ['', 'int64'],
    ['1,5', 'float64'],
    ['9223372036854775808', 'int64'],
  ]
  for (const [text, spec] of bad)
    assert.throws(
      () => applied('Cast$Value', { spec }, text),
      new RegExp(`Value \\(${text}\\) was out of range for requested data type`),
    )
})

test('bytes are cast to text only', () => {
  assert.throws(
    () => applied('Cast$Value', { spec: 'int8' }, bytes, primitive('BYTES')),
    /Unexpected type in Cast transformation: Uint8Array cannot be cast to int8/,
  )
  assert.throws(
    () => applied('Cast$Value', { spec: 'a:int8' }, 5, int32),
    /Only Struct objects supported for \[cast types\]/,
  )
  assert.throws(
    () => applied('Cast$Value', { spec: 'a:int8' }, 5),
    /Only Map objects supported in absence of schema for \[cast types\], found: number/,
  )
})
