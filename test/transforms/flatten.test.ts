import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrayOf, mapOf, optional, primitive, type Schema, struct } from '../../src/connect/index.ts'
import { applied, fieldSchema, record, transform } from './support.ts'

const string = primitive('STRING')
const optionalInt32 = primitive('INT32', { optional: true })
const flatten = (value: unknown, schema: Schema | null = null, props: Record<string, string> = {}) =>
  applied('Flatten$Value', props, value, schema)

const leaves = struct({
  int8: primitive('INT8'),
  int16: primitive('INT16'),
  int32: primitive('INT32'),
  int64: primitive('INT64'),
  float32: primitive('FLOAT32'),
  float64: primitive('FLOAT64'),
  boolean: primitive('BOOLEAN'),
  string,
  bytes: primitive('BYTES'),
})
const values = {
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  float32: 32,
  float64: 64,
  boolean: true,
  string: 'stringy',
  bytes: Uint8Array.of(1, 2),
}
const under = (prefix: string, object: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [prefix + name, value]))

test('topLevelStructRequired: with a schema, anything but a struct is refused', () => {
  assert.throws(
    () => flatten(42, primitive('INT32')),
    /Only Struct objects supported for \[flattening\], found: number/,
  )
})

test('topLevelMapRequired: without a schema, anything but a map is refused', () => {
  assert.throws(() => flatten(42), /Only Map objects supported in absence of schema for \[flattening\], found: number/)
})

test('testNestedStruct: fields of structs in structs come to the top', () => {
  const flat = flatten({ A: { B: values } }, struct({ A: struct({ B: leaves }) }))
  assert.deepEqual(flat.value, under('A.B.', values))
  assert.deepEqual(
    flat.schema,
    struct((leaves.fields ?? []).map(({ name, schema }) => ({ name: `A.B.${name}`, schema }))),
  )
})

test('testNestedMapWithDelimiter: members of maps in maps come to the top, under the delimiter', () => {
  assert.deepEqual(flatten({ A: { B: values } }, null, { delimiter: '#' }), {
    schema: null,
    value: under('A#B#', values),
  })
  const odd = flatten(JSON.parse('{"a":{"b":1},"__proto__":2}')).value
  assert.deepEqual(JSON.stringify(odd), '{"a.b":1,"__proto__":2}')
  assert.deepEqual(flatten(new Map([['A', new Map([['B', 1]])]])).value, { 'A.B': 1 })
})

test('testOptionalFieldStruct: a null leaf stays null', () => {
  const flat = flatten({ B: { opt_int32: null } }, struct({ B: struct({ opt_int32: optionalInt32 }) }))
  assert.deepEqual(flat, { schema: struct({ 'B.opt_int32': optionalInt32 }), value: { 'B.opt_int32': null } })
})

test('testOptionalStruct: a null struct passes', () => {
  const schema = struct({ opt_int32: optionalInt32 }, { optional: true })
  assert.deepEqual(flatten(null, schema), { schema, value: null })
})

test('testOptionalNestedStruct: what lies in a null struct is null', () => {
  const schema = struct({ B: struct({ int32: primitive('INT32') }, { optional: true }) })
  const flat = flatten({ B: null }, schema)
  assert.deepEqual(flat.schema, struct({ 'B.int32': optionalInt32 }))
  assert.deepEqual(flat.value, { 'B.int32': null })
})

test('testOptionalFieldMap: a null in a map stays null', () => {
  assert.deepEqual(flatten({ B: { opt_int32: null } }).value, { 'B.opt_int32': null })
})

test('testKey: the key is flattened by its class', () => {
  assert.deepEqual(applied('Flatten$Key', {}, { A: { B: 12 } }), { schema: null, value: { 'A.B': 12 } })
})

test('testSchemalessArray: lists stay as they are', () => {
  const value = { foo: ['bar', { baz: { lfg: 'lfg' } }] }
  assert.deepEqual(flatten(value).value, value)
})

test('testArrayWithSchema: arrays stay as they are, with their schema', () => {
  const schema = struct({ foo: arrayOf(struct({ baz: struct({ lfg: string }) }), { doc: 'durk' }) })
  const value = { foo: [{ baz: { lfg: 'lfg' } }] }
  assert.deepEqual(flatten(value, schema), { schema, value })
})

test('testOptionalAndDefaultValuesNested: leaves take optional and default from what they lie in', () => {
  const schema = struct(
    { req_field: string, opt_field: primitive('STRING', { optional: true, default: 'child_default' }) },
    { optional: true, default: { req_field: 'req_default' } },
  )
  const flat = flatten({}, schema)
  assert.equal(flat.schema?.optional, false)
  assert.equal(flat.schema?.default, undefined)
  assert.deepEqual(
    fieldSchema(flat.schema, 'req_field'),
    primitive('STRING', { optional: true, default: 'req_default' }),
  )
  assert.deepEqual(
    fieldSchema(flat.schema, 'opt_field'),
    primitive('STRING', { optional: true, default: 'child_default' }),
  )
})

test('tombstoneEventWithoutSchemaShouldPassThrough: the same record comes out', () => {
  const given = record(null)
  assert.equal(transform('Flatten$Value').apply(given), given)
})

test('tombstoneEventWithSchemaShouldPassThrough: the same record comes out', () => {
  const schema = struct({ magic: primitive('INT64', { optional: true }) }, { name: 'name', version: 1, doc: 'doc' })
  const given = record(null, schema)
  assert.equal(transform('Flatten$Value').apply(given), given)
})

const sparse = {
  firstNull: null,
  firstNonNull: 'nonNull',
  secondNull: null,
  secondNonNull: 'alsoNonNull',
  thirdNonNull: null,
}

test('testMapWithNullFields: nulls between others are kept', () => {
  assert.deepEqual(flatten(sparse).value, sparse)
})

test('testStructWithNullFields: nulls between others are kept', () => {
  const schema = struct(Object.fromEntries(Object.keys(sparse).map((name) => [name, optional(string)])))
  assert.deepEqual(flatten(sparse, schema), { schema, value: sparse })
})

test('a map inside a struct is refused by name, and so is what no map can hold', () => {
  const schema = struct({ a: struct({ m: mapOf(string, string) }) })
  assert.throws(
    () => flatten({ a: { m: new Map() } }, schema),
    /does not support MAP for record with schemas \(for field a\.m\)/,
  )
  assert.throws(() => flatten({ at: new Date() }), /passed a value of type Date which is not supported/)
})
