import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sign, verifySignature } from '../../src/runtime/herder/signature.ts'

const key = { key: Buffer.alloc(32, 7), algorithm: 'HmacSHA256', createdAt: 0 }
const body = Buffer.from('[{"config":"value"},{"config":"other_value"}]')
const algorithm = 'HmacSHA256'
const signature = sign(body, key, algorithm)

const verify = (given: object, sessionKey: typeof key | null = key): void =>
  verifySignature({ signature, algorithm, body, ...given }, sessionKey, [algorithm])
const badRequest = { name: 'BadRequestError' }

describe('InternalRequestSignatureTest', () => {
  test('fromHeadersShouldReturnNullOnNullHeaders: without headers a request is not signed', () => {
    assert.throws(() => verify({ signature: undefined, algorithm: undefined }), badRequest)
  })

  test('fromHeadersShouldReturnNullIfSignatureHeaderMissing: without a signature it is not signed', () => {
    assert.throws(() => verify({ signature: undefined }), { ...badRequest, message: /missing required signature/ })
  })

  test('fromHeadersShouldReturnNullIfSignatureAlgorithmHeaderMissing: without an algorithm it is not signed', () => {
    assert.throws(() => verify({ algorithm: undefined }), { ...badRequest, message: /missing required signature/ })
  })

  test('fromHeadersShouldThrowExceptionOnInvalidSignatureAlgorithm: another algorithm is refused', () => {
    assert.throws(() => verify({ algorithm: "doesn'texist" }), badRequest)
  })

  test('fromHeadersShouldThrowExceptionOnInvalidBase64Signature: a signature must be base64', () => {
    assert.throws(() => verify({ signature: 'not valid base 64' }), badRequest)
  })

  test('fromHeadersShouldReturnNonNullResultOnValidSignatureAndSignatureAlgorithm: good headers are read', () => {
    assert.doesNotThrow(() => verify({}))
    assert.throws(() => verify({}, null), { name: 'UnavailableError' })
  })

  test('addToRequestShouldThrowExceptionOnInvalidSignatureAlgorithm: nothing is signed with what there is not', () => {
    assert.throws(() => sign(body, key, "doesn'texist"))
  })

  test('addToRequestShouldAddHeadersOnValidSignatureAlgorithm: a signature is base64 of 32 bytes', () => {
    assert.equal(Buffer.from(signature, 'base64').length, 32)
    assert.equal(Buffer.from(signature, 'base64').toString('base64'), signature)
  })

  test('testSignatureValidation: another body, another signature and another key are refused', () => {
    assert.doesNotThrow(() => verify({}))
    const forbidden = { name: 'ForbiddenError' }
    assert.throws(() => verify({ body: Buffer.from('[{"different_config":"different_value"}]') }), forbidden)
    assert.throws(() => verify({ signature: Buffer.from('bad signature').toString('base64') }), forbidden)
    assert.throws(() => verify({}, { ...key, key: Buffer.alloc(32, 8) }), forbidden)
  })
})
