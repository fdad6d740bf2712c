import assert from 'node:assert/strict'
import { test } from 'node:test'
import { date, optional, primitive, type Schema, struct, time, timestamp } from '../../src/connect/index.ts'
import { applied, transform } from './support.ts'

const dayMs = 86_400_000
const dayAndTime = dayMs + 1234
const pattern = 'yyyy MM dd HH mm ss SSS z'
const text = '1970 01 02 00 00 01 234 UTC'
const string = primitive('STRING')
const int64 = primitive('INT64')

const converted = (props: Record<string, string>, value: unknown, schema: Schema | null = null) =>
  applied('TimestampConverter$Value', props, value, schema)
const to = (type: string, value: unknown, schema: Schema | null = null, more: Record<string, string> = {}) =>
  converted({ 'target.type': type, format: pattern, ...more }, value, schema)
const refused = (props: Record<string, string>, reason: RegExp): void => {
  for (const part of ['Key', 'Value']) assert.throws(() => transform(`TimestampConverter$${part}`, props), reason)
}

test('testConfigNoTargetType: the target type is required', () => {
  refused({}, /Missing required configuration "target\.type"/)
})

test('testConfigInvalidTargetType: the target type is one of five', () => {
  refused(
    { 'target.type': 'invalid' },
    /Invalid value invalid for configuration target\.type: String must be one of: string, unix, Date, Time, Timestamp/,
  )
})

test('testConfigInvalidUnixPrecision: the precision is one of four', () => {
  refused(
    { 'target.type': 'unix', 'unix.precision': 'invalid' },
    /unix\.precision: String must be one of: nanoseconds, microseconds, milliseconds, seconds/,
  )
})

test('testConfigValidUnixPrecision: seconds are a precision', () => {
  assert.ok(transform('TimestampConverter$Value', { 'target.type': 'unix', 'unix.precision': 'seconds' }))
})

test('testConfigMissingFormat: strings need a format', () => {
  refused({ 'target.type': 'string' }, /requires format option to be specified when using string timestamps/)
})

test('testConfigInvalidFormat: a format is a pattern of dates', () => {
  refused(
    { 'target.type': 'string', format: 'bad-format' },
    /Invalid value bad-format for configuration format: .*SimpleDateFormat: Illegal pattern character 'b'/,
  )
})

const schemalessCases: [name: string, target: string, given: unknown, expected: unknown][] = [
  ['testSchemalessIdentity', 'Timestamp', new Date(dayAndTime), new Date(dayAndTime)],
  ['testSchemalessTimestampToDate', 'Date', new Date(dayAndTime), new Date(dayMs)],
  ['testSchemalessTimestampToTime', 'Time', new Date(dayAndTime), new Date(1234)],
  ['testSchemalessTimestampToUnix', 'unix', new Date(dayAndTime), dayAndTime],
  ['testSchemalessTimestampToString', 'string', new Date(dayAndTime), text],
  ['testSchemalessDateToTimestamp', 'Timestamp', new Date(dayMs), new Date(dayMs)],
  ['testSchemalessTimeToTimestamp', 'Timestamp', new Date(1234), new Date(1234)],
  ['testSchemalessUnixToTimestamp', 'Timestamp', dayAndTime, new Date(dayAndTime)],
  ['testSchemalessStringToTimestamp', 'Timestamp', text, new Date(dayAndTime)],
]
for (const [name, target, given, expected] of schemalessCases)
  test(`${name}: without a schema, the value says what it is`, () => {
    assert.deepEqual(to(target, given), { schema: null, value: expected })
  })

const withSchemaCases: [name: string, target: string, given: [Schema, unknown], expected: [Schema, unknown]][] = [
  ['testWithSchemaIdentity', 'Timestamp', [timestamp(), dayAndTime], [timestamp(), dayAndTime]],
  ['testWithSchemaTimestampToDate', 'Date', [timestamp(), dayAndTime], [date(), 1]],
  ['testWithSchemaTimestampToTime', 'Time', [timestamp(), dayAndTime], [time(), 1234]],
  ['testWithSchemaTimestampToUnix', 'unix', [timestamp(), dayAndTime], [int64, dayAndTime]],
  ['testWithSchemaTimestampToString', 'string', [timestamp(), dayAndTime], [string, text]],
  ['testWithSchemaDateToTimestamp', 'Timestamp', [date(), 1], [timestamp(), dayMs]],
  ['testWithSchemaTimeToTimestamp', 'Timestamp', [time(), 1234], [timestamp(), 1234]],
  ['testWithSchemaUnixToTimestamp', 'Timestamp', [int64, dayAndTime], [timestamp(), dayAndTime]],
  ['testWithSchemaStringToTimestamp', 'Timestamp', [string, text], [timestamp(), dayAndTime]],
]
for (const [name, target, [schema, value], [expectedSchema, expected]] of withSchemaCases)
  test(`${name}: with a schema, that says what the value is`, () => {
    assert.deepEqual(to(target, value, schema), { schema: expectedSchema, value: expected })
  })

const targets: [name: string, target: string, schema: Schema][] = [
  ['String', 'string', string],
  ['Date', 'Date', date()],
  ['Timestamp', 'Timestamp', timestamp()],
  ['Unix', 'unix', int64],
  ['Time', 'Time', time()],
]
for (const [name, target, schema] of targets) {
  test(`testSchemalessNullValueTo${name}: a null passes, whole or as a field`, () => {
    assert.deepEqual(to(target, null), { schema: null, value: null })
    assert.deepEqual(to(target, null, null, { field: 'ts' }), { schema: null, value: null })
  })

  const origins = [int64, time(), date(), string, timestamp()].map(optional)
  test(`testWithSchemaNullValueTo${name}: a null stays null under the new schema`, () => {
    for (const origin of origins)
      assert.deepEqual(to(target, null, origin), { schema: optional(schema), value: null }, origin.name ?? origin.type)
  })

  test(`testWithSchemaNullFieldTo${name}: a null field, and one in a null struct, stay null under the new schema`, () => {
    for (const origin of origins) {
      const before = struct({ ts: origin, other: string })
      const after = struct({ ts: optional(schema), other: string })
      const field = { field: 'ts' }
      assert.deepEqual(to(target, { ts: null, other: 'test' }, before, field), {
        schema: after,
        value: { ts: null, other: 'test' },
      })
      assert.deepEqual(to(target, null, optional(before), field), { schema: optional(after), value: null })
    }
  })
}

test('testSchemalessFieldConversion: a member of a map is converted', () => {
  const props = { field: 'ts', 'target.type': 'Date' }
  assert.deepEqual(converted(props, { ts: new Date(dayAndTime) }).value, { ts: new Date(dayMs) })
  assert.deepEqual(converted(props, { a: 1 }).value, { a: 1, ts: null })
})

test('testWithSchemaFieldConversion: a field is converted, the others stay', () => {
  const converted64 = converted(
    { field: 'ts', 'target.type': 'Timestamp' },
    { ts: dayAndTime, other: 'test' },
    struct({ ts: int64, other: string }, { name: 'n', version: 2, doc: 'd' }),
  )
  assert.deepEqual(converted64, {
    schema: struct({ ts: timestamp(), other: string }, { name: 'n', version: 2, doc: 'd' }),
    value: { ts: dayAndTime, other: 'test' },
  })
})

test('testWithSchemaNullFieldWithDefaultConversion: a null is read as the default unless that is turned off', () => {
  const schema = struct({ ts: primitive('INT64', { optional: true, default: 0 }), other: string })
  for (const [replace, expected] of [
    ['false', null],
    ['true', 0],
  ] as const) {
    const props = { field: 'ts', 'target.type': 'Timestamp', 'replace.null.with.default': replace }
    assert.deepEqual(converted(props, { ts: null, other: 'test' }, schema), {
      schema: struct({ ts: timestamp({ optional: true }), other: string }),
      value: { ts: expected, other: 'test' },
    })
  }
})

const units: [name: string, precision: string, given: number, expected: number][] = [
  ['Micros', 'microseconds', 86_401_234_123, dayAndTime],
  ['Nanos', 'nanoseconds', 86_401_234_123_456, dayAndTime],
  ['Seconds', 'seconds', 86_401, 86_401_000],
]
for (const [name, precision, given, expected] of units)
  test(`testWithSchemaFieldConversion_${name}: unix times are read in ${precision}`, () => {
    const props = { field: 'ts', 'target.type': 'Timestamp', 'unix.precision': precision }
    assert.deepEqual(converted(props, { ts: given }, struct({ ts: int64 })), {
      schema: struct({ ts: timestamp() }),
      value: { ts: expected },
    })
  })

const written: [name: string, precision: string, expected: number][] = [
  ['Micros', 'microseconds', 86_401_234_000],
  ['Nanos', 'nanoseconds', 86_401_234_000_000],
  ['Seconds', 'seconds', 86_401],
]
for (const [name, precision, expected] of written)
  test(`testSchemalessStringToUnix_${name}: unix times are written in ${precision}`, () => {
    assert.equal(to('unix', text, null, { 'unix.precision': precision }).value, expected)
  })

test('testKey: the key is converted by its class', () => {
  const key = applied('TimestampConverter$Key', { 'target.type': 'Timestamp' }, new Date(dayAndTime))
  assert.deepEqual(key, { schema: null, value: new Date(dayAndTime) })
})

test('times before 1970 and beyond a safe integer keep their value', () => {
  assert.equal(to('Date', -1, timestamp()).value, -1)
  assert.equal(to('Time', -1, timestamp()).value, dayMs - 1)
  assert.equal(to('unix', -1999, timestamp(), { 'unix.precision': 'seconds' }).value, -1)
  const nanos = 1_700_000_000_123_456_789n
  assert.equal(to('Timestamp', nanos, int64, { 'unix.precision': 'nanoseconds' }).value, 1_700_000_000_123)
  assert.equal(
    to('unix', 1_700_000_000_123, timestamp(), { 'unix.precision': 'nanoseconds' }).value,
    1_700_000_000_123_000_000n,
  )
  const last = 2n ** 63n - 1n
  assert.equal(to('unix', last, timestamp(), { 'unix.precision': 'nanoseconds' }).value, last)
  assert.equal(to('Timestamp', last, timestamp()).value, last)
  assert.throws(() => to('Timestamp', last), /is beyond the last Date/)
})

test('the default of a struct is converted with it', () => {
  const schema = struct({ ts: int64 }, { optional: true, default: { ts: dayAndTime } })
  assert.deepEqual(
    to('string', { ts: 0 }, schema, { field: 'ts' }).schema,
    struct({ ts: string }, { optional: true, default: { ts: text } }),
  )
})

test('what is no timestamp is refused', () => {
  assert.throws(
    () => to('Date', 5, primitive('INT32')),
    /Schema of type INT32 does not correspond to a known timestamp/,
  )
  assert.throws(() => to('Date', true), /does not support boolean values as timestamps/)
  assert.throws(() => to('Date', 1.5), /does not support number values as timestamps: it takes whole numbers/)
  assert.throws(
    () => to('Date', 'x', string),
    /Could not parse timestamp: value \(x\) does not match pattern \(yyyy MM dd HH mm ss SSS z\)/,
  )
  assert.throws(() => converted({ 'target.type': 'unix' }, text), /requires format option to be specified to read/)
  assert.throws(() => to('Date', 'x', int64), /Expected unix timestamp to be a whole number, but found string/)
  assert.throws(
    () => to('Date', 5, int64, { field: 'ts' }),
    /Only Struct objects supported for \[converting timestamp formats\], found: number/,
  )
  assert.throws(() => to('Date', 5, null, { field: 'ts' }), /Only Map objects supported in absence of schema/)
})
