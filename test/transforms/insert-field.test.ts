import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optional, primitive, struct, timestamp } from '../../src/connect/index.ts'
import { record, transform } from './support.ts'

const schema = struct(
  { a: primitive('INT32', { optional: true, default: 5 }) },
  { name: 'n', version: 3, optional: true },
)

test('fields are inserted behind the others, with the schema of Kafka Connect', () => {
  const insert = transform('InsertField$Value', {
    'topic.field': 'topic!',
    'partition.field': 'p',
    'timestamp.field': 'ts?',
    'static.field': 's',
    'static.value': 'x',
  })
  const changed = insert.apply(record({ a: 1 }, schema, { kafkaPartition: 2, timestamp: 7 }))
  assert.deepEqual(changed?.value, { a: 1, topic: 'orders', p: 2, ts: 7, s: 'x' })
  assert.deepEqual(
    changed?.valueSchema,
    struct(
      {
        a: schema.fields?.[0]?.schema ?? schema,
        topic: primitive('STRING'),
        p: optional(primitive('INT32')),
        ts: optional(timestamp()),
        s: optional(primitive('STRING')),
      },
      { name: 'n', version: 3 },
    ),
  )
})

test('maps get the fields that the record has', () => {
  const insert = transform('InsertField$Key', { 'topic.field': 't', 'partition.field': 'p', 'timestamp.field': 'ts' })
  assert.deepEqual(insert.apply(record(null, null, { key: { k: 1 } }))?.key, { k: 1, t: 'orders' })
  assert.deepEqual(insert.apply(record(null, null, { key: { k: 1 }, kafkaPartition: 0, timestamp: 5 }))?.key, {
    k: 1,
    t: 'orders',
    p: 0,
    ts: 5,
  })
})

test('a null value passes and anything but a struct or map is refused', () => {
  const insert = transform('InsertField$Value', { 'topic.field': 't' })
  const tombstone = record(null, schema)
  assert.equal(insert.apply(tombstone), tombstone)
  assert.throws(
    () => insert.apply(record('text')),
    /Only Map objects supported in absence of schema for \[field insertion\], found: string/,
  )
  assert.throws(
    () => insert.apply(record('text', primitive('STRING'))),
    /Only Struct objects supported for \[field insertion\], found: string/,
  )
  assert.throws(() => insert.apply(record({ t: 'x' }, struct({ t: primitive('STRING') }))), /field name duplication t/)
})

test('defaults stand for nulls unless that is turned off', () => {
  const props = { 'topic.field': 't' }
  assert.deepEqual(transform('InsertField$Value', props).apply(record({ a: null }, schema))?.value, {
    a: 5,
    t: 'orders',
  })
  const keeping = transform('InsertField$Value', { ...props, 'replace.null.with.default': 'false' })
  assert.deepEqual(keeping.apply(record({ a: null }, schema))?.value, { a: null, t: 'orders' })
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
