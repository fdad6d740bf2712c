import assert from 'node:assert/strict'
import { test } from 'node:test'
import { record, transform } from './support.ts'

const timestamp = 1483425001864
const routed = (props: Record<string, string>, topic = 'test'): string | undefined =>
  transform('TimestampRouter', props).apply(record(null, null, { topic, timestamp }))?.topic

test('defaultConfiguration: the day follows the topic', () => {
  assert.equal(routed({}), 'test-20170103')
})

test('both placeholders may come several times, and dollars in a topic stay', () => {
  const props = { 'topic.format': '${timestamp}.${topic}.${timestamp}', 'timestamp.format': 'HH' }
  assert.equal(routed(props, 'a$&b'), '06.a$&b.06')
  assert.equal(routed({ 'topic.format': 'same' }), 'same')
})

test('a record without timestamp and a faulty pattern are refused', () => {
  assert.throws(() => transform('TimestampRouter').apply(record(1)), /Timestamp missing on record/)
  assert.throws(
    () => transform('TimestampRouter', { 'timestamp.format': 'bad' }),
    /Invalid value bad for configuration timestamp\.format: .*Illegal pattern character 'b'/,
  )
})
