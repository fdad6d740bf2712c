import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode, errorByCode, errorCodes, ProtocolError } from '../../src/protocol/errors.ts'

test('the table holds every code from -1 to 133 once, in order', () => {
  assert.deepEqual(
    errorCodes.map((error) => error.code),
    Array.from({ length: 135 }, (_, index) => index - 1),
  )
  assert.equal(new Set(errorCodes.map((error) => error.name)).size, errorCodes.length)
})

test('codes are found by name and entries by code', () => {
  assert.equal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 3)
  assert.equal(ErrorCode.UNKNOWN_SERVER_ERROR, -1)
  assert.equal(errorByCode(27).name, 'REBALANCE_IN_PROGRESS')
  assert.equal(errorByCode(12345).name, 'UNKNOWN_SERVER_ERROR')
})

test('an error tells its name, whether to retry, and what happened', () => {
  const error = new ProtocolError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  assert.equal(error.errorName, 'NOT_LEADER_OR_FOLLOWER')
  assert.equal(error.retriable, true)
  assert.equal(error.message, errorByCode(6).message)
  const told = new ProtocolError(ErrorCode.INVALID_CONFIG, "unknown key 'x'", { cause: error })
  assert.equal(told.message, "unknown key 'x'")
  assert.equal(told.retriable, false)
  assert.equal(told.cause, error)
  assert.equal(`${told}`, "ProtocolError: unknown key 'x'")
})

test('a code from a newer broker is kept and named in the message', () => {
  const error = new ProtocolError(999)
  assert.equal(error.code, 999)
  assert.match(error.message, /unknown error code 999/)
  assert.equal(error.retriable, false)
})
