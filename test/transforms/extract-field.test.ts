import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optional, primitive, struct } from '../../src/connect/index.ts'
import { applied } from './support.ts'

const int32 = primitive('INT32')
const flat = struct({ magic: int32 })
const nested = struct({ magic: struct({ foo: int32 }) })
const byPath = (field: string) => ({ field, 'field.syntax.version': 'V2' })

test('schemaless: the key becomes its member', () => {
  assert.deepEqual(applied('ExtractField$Key', { field: 'magic' }, { magic: 42 }), { schema: null, value: 42 })
})

test('schemalessAndNestedPath: the key becomes a member of its member', () => {
  const extracted = applied('ExtractField$Key', byPath('magic.foo'), { magic: { foo: 42 } })
  assert.deepEqual(extracted, { schema: null, value: 42 })
})

test('nullSchemaless: a null passes', () => {
  assert.deepEqual(applied('ExtractField$Key', { field: 'magic' }, null), { schema: null, value: null })
})

test('withSchema: the key becomes its field, with the schema of that', () => {
  assert.deepEqual(applied('ExtractField$Key', { field: 'magic' }, { magic: 42 }, flat), { schema: int32, value: 42 })
})

test('withSchemaAndNestedPath: the key becomes a field of its field', () => {
  const extracted = applied('ExtractField$Key', byPath('magic.foo'), { magic: { foo: 42 } }, nested)
  assert.deepEqual(extracted, { schema: int32, value: 42 })
})

test('testNullWithSchema: a null stays one, under the schema of the field', () => {
  const extracted = applied('ExtractField$Key', { field: 'magic' }, null, optional(flat))
  assert.deepEqual(extracted, { schema: int32, value: null })
})

test('nonExistentFieldSchemalessShouldReturnNull: without a schema, a missing member is null', () => {
  assert.deepEqual(applied('ExtractField$Key', { field: 'nonexistent' }, { magic: 42 }), { schema: null, value: null })
})

test('nonExistentNestedFieldSchemalessShouldReturnNull: so is one of a member', () => {
  const extracted = applied('ExtractField$Key', byPath('magic.nonexistent'), { magic: { foo: 42 } })
  assert.deepEqual(extracted, { schema: null, value: null })
})

test('nonExistentFieldWithSchemaShouldFail: with a schema, a missing field is an error', () => {
  assert.throws(
    () => applied('ExtractField$Key', { field: 'nonexistent' }, { magic: 42 }, flat),
    /^DataError: Unknown field: nonexistent$/,
  )
})

test('nonExistentNestedFieldWithSchemaShouldFail: the error names the whole path', () => {
  assert.throws(
    () => applied('ExtractField$Key', byPath('magic.nonexistent'), { magic: { foo: 42 } }, nested),
    /^DataError: Unknown field: magic\.nonexistent$/,
  )
})

for (const [title, part] of [
  ['testUnsetOptionalKey', 'Key'],
  ['testUnsetOptionalField', 'Value'],
] as const)
  test(`${title}: a null is read as the default unless that is turned off`, () => {
    const withDefault = primitive('INT32', { optional: true, default: 42 })
    for (const [replace, expected] of [
      ['true', 42],
      ['false', null],
    ] as const) {
      const props = { field: 'opt', 'replace.null.with.default': replace }
      assert.deepEqual(applied(`ExtractField$${part}`, props, { opt: null }, struct({ opt: withDefault })), {
        schema: withDefault,
        value: expected,
      })
    }
  })
