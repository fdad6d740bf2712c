import assert from 'node:assert/strict'
import { test } from 'node:test'
import { primitive, struct } from '../../src/connect/index.ts'
import { record, transform } from './support.ts'

const int32 = primitive('INT32')
const schema = struct({ a: int32, b: int32, c: int32 })
const value = { a: 1, b: 2, c: 3 }

test('schemaless: the key is a map of the named members', () => {
  const changed = transform('ValueToKey', { fields: 'a,b' }).apply(
    record(value, null, { key: 'old', keySchema: int32 }),
  )
  assert.deepEqual(changed, record(value, null, { key: { a: 1, b: 2 }, keySchema: null }))
})

test('withSchema: the key is a struct of the named fields, in the order named', () => {
  const toKey = transform('ValueToKey', { fields: 'b,a' })
  const changed = toKey.apply(record(value, schema))
  assert.deepEqual(changed, record(value, schema, { key: { b: 2, a: 1 }, keySchema: struct({ b: int32, a: int32 }) }))
  assert.equal(toKey.apply(record(value, schema))?.keySchema, changed?.keySchema)
})

test('nonExistingField: a field that is missing is an error with a schema and null without', () => {
  const toKey = transform('ValueToKey', { fields: 'not_exist' })
  assert.throws(
    () => toKey.apply(record({ a: 1 }, struct({ a: int32 }))),
    /^DataError: Field does not exist: not_exist$/,
  )
  assert.deepEqual(toKey.apply(record({ a: 1 }))?.key, { not_exist: null })
})

test('testReplaceNullWithDefaultConfig: a null is read as the default unless that is turned off', () => {
  const withDefault = struct({ opt: primitive('INT32', { optional: true, default: 42 }) })
  for (const [replace, expected] of [
    ['true', 42],
    ['false', null],
  ] as const) {
    const toKey = transform('ValueToKey', { fields: 'opt', 'replace.null.with.default': replace })
    assert.deepEqual(toKey.apply(record({ opt: null }, withDefault))?.key, { opt: expected })
  }
})

test('a null value and an empty list of fields are refused', () => {
  assert.throws(
    () => transform('ValueToKey', { fields: 'a' }).apply(record(null, schema)),
    /Only Struct objects supported for \[copying fields from value to key\], found: null/,
  )
  assert.throws(
    () => transform('ValueToKey', { fields: '' }),
    /Configuration 'fields' must not be empty\. Valid values include: any non-empty value/,
  )
})
