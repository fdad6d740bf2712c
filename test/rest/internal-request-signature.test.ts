import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BadRequestError, ForbiddenError } from '../../src/runtime/index.ts'
import { sign, verifySignature } from '../../src/runtime/herder/signature.ts'

// The bytes are those of Kafka's test.
const body = Buffer.from('[{"config":"value"},{"config":"other_value"}]')
const algorithm = 'HmacSHA256'
const key = {
  key: Buffer.from([
    109, 116, -111, 49, -94, 25, -103, 44, -99, -118, 53, -69, 87, -124, 5, 48, 89, -105, -2, 58, -92, 87, 67, 49, -125,
    -79, -39, -126, -51, -53, -85, 57,
  ]),
  algorithm,
  createdAt: 0,
}
const signature = Buffer.from([
  42, -3, 127, 57, 43, 49, -51, -43, 72, -62, -10, 120, 123, 125, 26, -65, 36, 72, 86, -71, -32, 13, -8, 115, 85, 73,
  -65, -112, 6, 68, 41, -50,
]).toString('base64')

const check = (given: { signature?: string | undefined; algorithm?: string | undefined; body?: Uint8Array }) => () =>
  verifySignature({ signature, algorithm, body, ...given }, key, [algorithm])

describe('InternalRequestSignatureTest', () => {
  test('fromHeadersShouldReturnNullOnNullHeaders: a request without both headers is refused', () => {
    assert.throws(check({ signature: undefined, algorithm: undefined }), BadRequestError)
  })

  test('fromHeadersShouldReturnNullIfSignatureHeaderMissing: so is one without the signature', () => {
    assert.throws(check({ signature: undefined }), BadRequestError)
  })

  test('fromHeadersShouldReturnNullIfSignatureAlgorithmHeaderMissing: and one without the algorithm', () => {
    assert.throws(check({ algorithm: undefined }), BadRequestError)
  })

  test('fromHeadersShouldThrowExceptionOnInvalidSignatureAlgorithm: an algorithm that is none', () => {
    assert.throws(check({ algorithm: "doesn'texist" }), BadRequestError)
  })

  test('fromHeadersShouldThrowExceptionOnInvalidBase64Signature: what is no base64', () => {
    assert.throws(check({ signature: 'not valid base 64' }), BadRequestError)
  })

  test('fromHeadersShouldReturnNonNullResultOnValidSignatureAndSignatureAlgorithm, testSignatureValidation: the right one passes, others are forbidden', () => {
    assert.doesNotThrow(check({}))
    assert.throws(check({ body: Buffer.from('[{"different_config":"different_value"}]') }), ForbiddenError)
    assert.throws(check({ signature: Buffer.from('bad signature').toString('base64') }), ForbiddenError)
  })

  test('addToRequestShouldAddHeadersOnValidSignatureAlgorithm: the signature is the one that Kafka Connect makes', () => {
    assert.equal(sign(body, key, algorithm), signature)
  })

  test('addToRequestShouldThrowExceptionOnInvalidSignatureAlgorithm: nothing is signed by an unknown algorithm', () => {
    assert.throws(() => sign(body, key, "doesn'texist"))
  })
})
