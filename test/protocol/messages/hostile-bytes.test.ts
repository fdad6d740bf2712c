import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeRequestBody, decodeResponse, encodeResponse } from '../../../src/protocol/codec.ts'
import { ProtocolDecodeError } from '../../../src/protocol/errors.ts'
import { apis } from '../../../src/protocol/messages/index.ts'
import { decodeRequestHeader } from '../../../src/protocol/request-header.ts'
import { arbitraryMessage, seed } from '../../support/arbitrary-message.ts'

const RUNS_PER_VERSION = 15

/** Runs a decoder; any error but the one for bad bytes fails the test. Returns whether the bytes were accepted. */
function accepts(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (error) {
    assert.ok(error instanceof ProtocolDecodeError, `${String(error)} is not a ProtocolDecodeError`)
    return false
  }
}

/** Overwrites, cuts or extends bytes; `0xff` and `0x7f` runs are what turns lengths hostile. */
function mutate(bytes: Uint8Array, changes: readonly [number, number][], cut: number | null): Buffer {
  const mutated = Buffer.from(bytes)
  for (const [where, value] of changes) if (mutated.length > 0) mutated[where % mutated.length] = value
  return cut === null ? mutated : mutated.subarray(0, cut % (mutated.length + 1))
}

const changes = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255))), {
  minLength: 1,
  maxLength: 4,
})

for (const api of apis.values()) {
  test(`${api.name} decoders meet damaged and random bytes with a ProtocolDecodeError or a message, nothing else`, (t) => {
    t.diagnostic(`seed ${seed}`)
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      const decodeRequest = (bytes: Uint8Array) => accepts(() => decodeRequestBody(api, version, bytes, 0))
      const decodeAnswer = (bytes: Uint8Array) => accepts(() => decodeResponse(api, version, bytes))
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
          decodeRequest(bytes)
          decodeAnswer(bytes)
        }),
        { seed, numRuns: RUNS_PER_VERSION },
      )
      fc.assert(
        fc.property(arbitraryMessage(api.request.fields, version), changes, fc.option(fc.nat()), (body, list, cut) => {
          decodeRequest(mutate(api.request.toBytes(version, body), list, cut))
        }),
        { seed, numRuns: RUNS_PER_VERSION },
      )
      fc.assert(
        fc.property(arbitraryMessage(api.response.fields, version), changes, fc.option(fc.nat()), (body, list, cut) => {
          decodeAnswer(mutate(Buffer.concat(encodeResponse(api, version, 1, body)).subarray(4), list, cut))
        }),
        { seed, numRuns: RUNS_PER_VERSION },
      )
    }
  })

  test(`${api.name} messages that end early or go on too long are refused`, () => {
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      const whole = api.request.toBytes(version, {})
      for (let size = 0; size < whole.length; size++) {
        assert.equal(
          accepts(() => decodeRequestBody(api, version, whole.subarray(0, size), 0)),
          false,
        )
      }
      const longer = Buffer.concat([whole, Buffer.of(0)])
      assert.throws(() => decodeRequestBody(api, version, longer, 0), /1 bytes more than expected/)
    }
  })
}

test('random frame headers give a header or a ProtocolDecodeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      accepts(() => decodeRequestHeader(bytes))
    }),
    { seed, numRuns: 2000 },
  )
})
