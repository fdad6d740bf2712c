import assert from 'node:assert/strict'
import { test } from 'node:test'
import { primitive, struct } from '../../src/connect/index.ts'
import { transformPlugins } from '../../src/transforms/index.ts'
import { parseFieldPath } from '../../src/transforms/field-path.ts'
import { record, transform } from './support.ts'

const schema = struct(
  { id: primitive('INT32'), name: primitive('STRING', { optional: true, default: 'none' }), c: primitive('BOOLEAN') },
  { name: 'n', optional: true },
)
const value = { id: 1, name: null, c: true }

test('every class has the name that users of Kafka Connect write', () => {
  assert.deepEqual(
    transformPlugins.map((plugin) => plugin.class.replace('org.apache.kafka.connect.transforms.', '')),
    [
      'Cast$Key',
      'Cast$Value',
      'DropHeaders',
      'ExtractField$Key',
      'ExtractField$Value',
      'Filter',
      'Flatten$Key',
      'Flatten$Value',
      'HeaderFrom$Key',
      'HeaderFrom$Value',
      'HoistField$Key',
      'HoistField$Value',
      'InsertField$Key',
      'InsertField$Value',
      'InsertHeader',
      'MaskField$Key',
      'MaskField$Value',
      'RegexRouter',
      'ReplaceField$Key',
      'ReplaceField$Value',
      'SetSchemaMetadata$Key',
      'SetSchemaMetadata$Value',
      'TimestampConverter$Key',
      'TimestampConverter$Value',
      'TimestampRouter',
      'ValueToKey',
    ],
  )
})

test('ReplaceField drops, keeps and renames by the old names', () => {
  const replace = transform('ReplaceField$Value', { exclude: 'c', include: 'id, name, c', renames: 'name:label' })
  const changed = replace.apply(record(value, schema))
  assert.deepEqual(changed?.value, { id: 1, label: 'none' })
  assert.deepEqual(
    changed?.valueSchema,
    struct({ id: primitive('INT32'), label: primitive('STRING', { optional: true, default: 'none' }) }, { name: 'n' }),
  )
  assert.deepEqual(replace.apply(record({ id: 1, c: 2, d: 3 }))?.value, { id: 1 })
  assert.equal(replace.apply(record(null))?.value, null)
  assert.throws(
    () => replace.apply(record(5)),
    /Only Map objects supported in absence of schema for \[field replacement\]/,
  )
})

test('ReplaceField refuses mappings that are none', () => {
  assert.throws(() => transform('ReplaceField$Value', { renames: 'a:b,c' }), /Invalid rename mapping: c/)
  assert.throws(() => transform('ReplaceField$Value', { renames: 'a:' }), /Invalid rename mapping: a:/)
})

test('RegexRouter changes topics that match as a whole', () => {
  const router = transform('RegexRouter', { regex: 'or(.*)', replacement: 'x-$1' })
  assert.equal(router.apply(record(1))?.topic, 'x-ders')
  assert.equal(router.apply(record(1, null, { topic: 'my-orders' }))?.topic, 'my-orders')
  assert.throws(
    () => transform('RegexRouter', { regex: '(', replacement: '' }),
    /Invalid value \( for configuration regex: Invalid regex/,
  )
  assert.throws(
    () => transform('RegexRouter', { regex: 'a', replacement: '$1' }),
    /for configuration replacement: No group 1/,
  )
})

test('ValueToKey makes the key of fields of the value', () => {
  const toKey = transform('ValueToKey', { fields: 'name,id' })
  const changed = toKey.apply(record(value, schema, { key: 'old' }))
  assert.deepEqual(changed?.key, { name: 'none', id: 1 })
  assert.deepEqual(
    changed?.keySchema?.fields?.map(({ name }) => name),
    ['name', 'id'],
  )
  assert.equal(changed?.value, value)
  assert.deepEqual(toKey.apply(record({ id: 2 }))?.key, { name: null, id: 2 })
  assert.equal(toKey.apply(record(value, schema))?.keySchema, changed?.keySchema)
  assert.throws(
    () => toKey.apply(record(null, schema)),
    /Only Struct objects supported for \[copying fields from value to key\], found: null/,
  )
  assert.throws(() => transform('ValueToKey', { fields: 'x' }).apply(record(value, schema)), /Field does not exist: x/)
  assert.throws(
    () => transform('ValueToKey', { fields: '' }),
    /Configuration 'fields' must not be empty. Valid values include: any non-empty value/,
  )
})

test('ExtractField puts the field in place of the whole', () => {
  const extract = transform('ExtractField$Key', { field: 'id' })
  const changed = extract.apply(record('v', null, { key: value, keySchema: schema }))
  assert.equal(changed?.key, 1)
  assert.equal(changed?.keySchema, schema.fields?.[0]?.schema)
  assert.equal(transform('ExtractField$Value', { field: 'name' }).apply(record(value, schema))?.value, 'none')
  assert.equal(extract.apply(record('v', null, { key: { x: 1 } }))?.key, null)
  assert.equal(extract.apply(record('v', null, { key: null }))?.key, null)
  assert.throws(() => transform('ExtractField$Value', { field: 'x' }).apply(record(value, schema)), /Unknown field: x/)
})

test('ExtractField follows a path in syntax V2', () => {
  const nested = struct({ a: struct({ 'b.c': primitive('INT32') }, { optional: true }) })
  const extract = transform('ExtractField$Value', { field: 'a.`b.c`', 'field.syntax.version': 'V2' })
  assert.equal(extract.apply(record({ a: { 'b.c': 7 } }, nested))?.value, 7)
  assert.equal(extract.apply(record({ a: null }, nested))?.value, null)
  assert.equal(extract.apply(record({ a: { 'b.c': 8 } }))?.value, 8)
  assert.equal(transform('ExtractField$Value', { field: 'a.b' }).apply(record({ 'a.b': 9 }))?.value, 9)
})

test('paths of syntax V2 quote names with backticks', () => {
  const cases: [string, string[]][] = [
    ['a.b', ['a', 'b']],
    ['`a.b`.c', ['a.b', 'c']],
    ['`a`b`', ['a`b']],
    ['a`b', ['a`b']],
    ['`a\\`.b`', ['a`.b']],
    ['', ['']],
  ]
  for (const [text, names] of cases) assert.deepEqual(parseFieldPath(text, 'V2'), names, text)
  assert.throws(() => parseFieldPath('a.`b', 'V2'), /Incomplete backtick pair/)
})
