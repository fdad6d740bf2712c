import assert from 'node:assert/strict'
import { test } from 'node:test'
import { primitive, struct } from '../../src/connect/index.ts'
import { applied, record, transform } from './support.ts'

const int32 = primitive('INT32')
const hoisted = (value: unknown, schema: typeof int32 | null = null) =>
  applied('HoistField$Key', { field: 'magic' }, value, schema)

test('schemaless: the key becomes a map that holds it', () => {
  assert.deepEqual(hoisted(42), { schema: null, value: { magic: 42 } })
})

test('withSchema: the key becomes a struct that holds it', () => {
  assert.deepEqual(hoisted(42, int32), { schema: struct({ magic: int32 }), value: { magic: 42 } })
})

test('testSchemalessMapIsMutable: each record has a map of its own', () => {
  const { value } = hoisted(420)
  Object.assign(value as object, { k: 'v' })
  assert.deepEqual(value, { magic: 420, k: 'v' })
  assert.deepEqual(hoisted(420).value, { magic: 420 })
})

test('a null is hoisted like anything else, and equal schemas are the same object', () => {
  assert.deepEqual(applied('HoistField$Value', { field: 'a' }, null), { schema: null, value: { a: null } })
  const hoist = transform('HoistField$Value', { field: 'a' })
  assert.equal(hoist.apply(record(1, int32))?.valueSchema, hoist.apply(record(2, int32))?.valueSchema)
})
