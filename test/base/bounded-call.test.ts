import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTime } from '../../src/base/bounded-call.ts'

test('what a call gives or throws comes through', () => {
  assert.equal(
    inTime(() => /^a+$/.test('aaa')),
    true,
  )
  assert.equal(
    inTime(() => 'text'),
    'text',
  )
  assert.throws(
    () =>
      inTime(() => {
        throw new RangeError('its own')
      }),
    RangeError,
  )
})

test('a call that would never end is ended, and others work after it', () => {
  const began = performance.now()
  assert.equal(
    inTime(() => /^(?:a+)+$/.test(`${'a'.repeat(60)}!`)),
    null,
  )
  assert.ok(performance.now() - began < 5_000)
  assert.equal(
    inTime(() => 1),
    1,
  )
})
