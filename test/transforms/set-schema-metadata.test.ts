import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrayOf, primitive, type Schema, struct } from '../../src/connect/index.ts'
import { applied, record, transform } from './support.ts'

const both = { 'schema.name': 'foo', 'schema.version': '42' }
const changed = (props: Record<string, string>, value: unknown, schema: Schema) =>
  applied('SetSchemaMetadata$Value', props, value, schema)
const schema = struct({ f1: primitive('STRING'), f2: primitive('INT32') }, { name: 'my.orig.SchemaDefn', doc: 'd' })
const value = { f1: 'value1', f2: 1 }

test('schemaNameUpdate: the schema gets the name, also of a null', () => {
  assert.deepEqual(changed({ 'schema.name': 'foo' }, null, struct({})).schema, struct({}, { name: 'foo' }))
})

test('schemaVersionUpdate: the schema gets the version', () => {
  assert.deepEqual(changed({ 'schema.version': '42' }, null, struct({})).schema, struct({}, { version: 42 }))
})

test('schemaNameAndVersionUpdate: the schema gets both', () => {
  assert.deepEqual(changed(both, null, struct({})).schema, struct({}, { name: 'foo', version: 42 }))
})

test('schemaNameAndVersionUpdateWithStruct: everything else of the schema stays', () => {
  const { fields } = schema
  assert.deepEqual(changed(both, value, schema), {
    schema: struct(fields ?? [], { name: 'foo', version: 42, doc: 'd' }),
    value,
  })
})

test('schemaNameAndVersionUpdateWithStructAndNullField: a null is read as the default unless that is turned off', () => {
  const withDefault = struct({
    f1: primitive('STRING', { optional: true, default: 'default' }),
    f2: primitive('INT32'),
  })
  for (const [replace, expected] of [
    ['true', 'default'],
    ['false', null],
  ] as const) {
    const props = { ...both, 'replace.null.with.default': replace }
    assert.deepEqual(changed(props, { f1: null, f2: 1 }, withDefault).value, { f1: expected, f2: 1 })
  }
})

test('valueSchemaRequired: a value without a schema is refused', () => {
  assert.throws(
    () => transform('SetSchemaMetadata$Value', both).apply(record(42)),
    /Schema required for \[updating schema metadata\]/,
  )
})

test('ignoreRecordWithNullValue: neither value nor schema passes', () => {
  const tombstone = record(null)
  assert.equal(transform('SetSchemaMetadata$Value', both).apply(tombstone), tombstone)
})

test('updateSchemaOfStruct: the value has the fields of the new schema', () => {
  assert.deepEqual(changed(both, value, schema).value, value)
  assert.deepEqual(applied('SetSchemaMetadata$Key', both, value, schema).value, value)
})

test('updateSchemaOfNonStruct: other values stay as they are', () => {
  const list = [1, 2]
  const { schema: named, value: same } = changed({ 'schema.name': 'n' }, list, arrayOf(primitive('INT32')))
  assert.equal(same, list)
  assert.deepEqual(named, arrayOf(primitive('INT32'), { name: 'n' }))
})

test('updateSchemaOfNull: a null stays one', () => {
  assert.equal(changed(both, null, schema).value, null)
})

test('one of both must be configured, and the same schema gives the same again', () => {
  assert.throws(() => transform('SetSchemaMetadata$Value'), /Neither schema name nor version configured/)
  const set = transform('SetSchemaMetadata$Value', both)
  assert.equal(set.apply(record(value, schema))?.valueSchema, set.apply(record(value, schema))?.valueSchema)
})
