import assert from 'node:assert/strict'
import { test } from 'node:test'
import { predicate, record } from './support.ts'

test('TopicNameMatches looks at the whole name', () => {
  const matches = predicate('TopicNameMatches', { pattern: 'ord.*' })
  assert.equal(matches.test(record(1)), true)
  assert.equal(matches.test(record(1, null, { topic: 'my-orders' })), false)
  assert.throws(() => predicate('TopicNameMatches', { pattern: '' }), /String must be non-empty/)
  assert.throws(() => predicate('TopicNameMatches', { pattern: '[' }), /Invalid regex/)
})

test('RecordIsTombstone is true for null values only', () => {
  const tombstone = predicate('RecordIsTombstone')
  assert.deepEqual(
    [null, undefined, '', 0, {}].map((value) => tombstone.test(record(value))),
    [true, true, false, false, false],
  )
})

test('HasHeaderKey compares names exactly', () => {
  const has = predicate('HasHeaderKey', { name: 'a' })
  const headers = [{ key: 'A', schema: null, value: 1 }]
  assert.equal(has.test(record(1, null, { headers })), false)
  assert.equal(has.test(record(1, null, { headers: [...headers, { key: 'a', schema: null, value: null }] })), true)
  assert.equal(has.test(record(1)), false)
})
