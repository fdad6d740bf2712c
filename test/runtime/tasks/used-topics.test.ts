import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsedTopics } from '../../../src/runtime/tasks/used-topics.ts'

test('a topic is reported when it is first used, and again when it is used a second later', () => {
  let now = 0
  const topics = new UsedTopics(() => now)
  assert.equal(topics.use('a'), true)
  assert.equal(topics.use('a'), false)
  assert.equal(topics.use('b'), true)
  now = 999
  assert.equal(topics.use('a'), false)
  now = 1000
  assert.equal(topics.use('a'), true)
  assert.equal(topics.use('a'), false)
})
