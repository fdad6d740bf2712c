import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optional, primitive, struct, timestamp } from '../../src/connect/index.ts'
import { applied, record, transform } from './support.ts'

const props = {
  'topic.field': 'topic_field!',
  'partition.field': 'partition_field',
  'timestamp.field': 'timestamp_field?',
  'static.field': 'instance_id',
  'static.value': 'my-instance-id',
}
const more = { topic: 'test', kafkaPartition: 0 }
const insert = transform('InsertField$Value', props)
const insertIntoKey = transform('InsertField$Key', props)
const magic = primitive('INT64', { optional: true })
const about = { name: 'name', version: 1, doc: 'doc' }
const schema = struct({ magic }, { ...about, optional: true, default: { magic: 1 } })
const inserted = {
  topic_field: primitive('STRING'),
  partition_field: optional(primitive('INT32')),
  timestamp_field: optional(timestamp()),
  instance_id: optional(primitive('STRING')),
}

test('topLevelStructRequired: anything but a struct or a map is refused', () => {
  assert.throws(
    () => applied('InsertField$Value', { 'topic.field': 'topic_field' }, 42, primitive('INT32')),
    /Only Struct objects supported for \[field insertion\], found: number/,
  )
  assert.throws(
    () => applied('InsertField$Value', { 'topic.field': 'topic_field' }, 42),
    /Only Map objects supported in absence of schema for \[field insertion\], found: number/,
  )
})

test('copySchemaAndInsertConfiguredFields: fields follow the others, in a schema that is never optional', () => {
  const changed = insert.apply(record({ magic: 42 }, schema, { ...more, timestamp: 789 }))
  assert.deepEqual(changed?.valueSchema, struct({ magic, ...inserted }, about))
  assert.deepEqual(changed?.value, {
    magic: 42,
    topic_field: 'test',
    partition_field: 0,
    timestamp_field: 789,
    instance_id: 'my-instance-id',
  })
  assert.equal(insert.apply(record({ magic: 1 }, schema, more))?.valueSchema, changed?.valueSchema)
})

test('schemalessInsertConfiguredFields: a map gets the members', () => {
  assert.deepEqual(insert.apply(record({ magic: 42 }, null, { ...more, timestamp: 123 }))?.value, {
    magic: 42,
    topic_field: 'test',
    partition_field: 0,
    timestamp_field: 123,
    instance_id: 'my-instance-id',
  })
})

test('insertConfiguredFieldsIntoTombstoneEventWithoutSchemaLeavesValueUnchanged: a null passes', () => {
  const tombstone = record(null, null, more)
  assert.equal(insert.apply(tombstone), tombstone)
})

test('insertConfiguredFieldsIntoTombstoneEventWithSchemaLeavesValueUnchanged: a null passes', () => {
  const tombstone = record(null, schema, more)
  assert.equal(insert.apply(tombstone), tombstone)
})

test('insertKeyFieldsIntoTombstoneEvent: the key gets fields even if the value is null, but for what the record lacks', () => {
  const changed = insertIntoKey.apply(record(null, null, { ...more, key: { magic: 42 } }))
  const key = { magic: 42, topic_field: 'test', partition_field: 0, instance_id: 'my-instance-id' }
  assert.deepEqual(changed, record(null, null, { ...more, keySchema: null, key }))
})

test('insertIntoNullKeyLeavesRecordUnchanged: a null key passes', () => {
  const given = record({ magic: 42 }, null, more)
  assert.equal(insertIntoKey.apply(given), given)
})

test('testUnsetOptionalField: a null is read as the default unless that is turned off', () => {
  const withDefault = struct({ magic: primitive('INT64', { optional: true, default: 42 }) })
  for (const [replace, expected] of [
    ['true', 42],
    ['false', null],
  ] as const) {
    const set = { 'topic.field': 't', 'replace.null.with.default': replace }
    assert.deepEqual(applied('InsertField$Value', set, { magic: null }, withDefault).value, {
      magic: expected,
      t: 'orders',
    })
  }
})

test('a name that is taken is refused with a schema and replaced without', () => {
  const set = { 'topic.field': 't' }
  assert.throws(
    () => applied('InsertField$Value', set, { t: 'x' }, struct({ t: primitive('STRING') })),
    /Cannot create field because of field name duplication t/,
  )
  assert.deepEqual(applied('InsertField$Value', set, { t: 'x' }).value, { t: 'orders' })
})

test('offsets are inserted in sinks and refused in sources', () => {
  const insert = transform('InsertField$Value', { 'offset.field': 'o' })
  const sink = { ...record({}), kafkaOffset: 12 }
  assert.deepEqual(insert.apply(sink)?.value, { o: 12 })
  assert.throws(() => insert.apply(record({})), /Only SinkRecord supported/)
})

test('something to insert must be configured', () => {
  assert.throws(() => transform('InsertField$Value'), /No field insertion configured/)
  assert.throws(() => transform('InsertField$Value', { 'static.field': 'a' }), /No value specified for static field: a/)
})
