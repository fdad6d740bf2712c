import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateSessionKey, sign, verifySignature } from '../../../src/runtime/herder/signature.ts'

const key = { key: Buffer.from('key'), algorithm: 'HmacSHA256', createdAt: 0 }
const body = Buffer.from('The quick brown fox jumps over the lazy dog')
const signature = '97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg='

test('the signature is the HMAC of the body, in base64', () => {
  assert.equal(sign(body, key, 'HmacSHA256'), signature)
})

test('checks come in order: headers, algorithm, key, signature', () => {
  const check = (given: object, sessionKey: typeof key | null = key): void =>
    verifySignature({ signature, algorithm: 'HmacSHA256', body, ...given }, sessionKey, ['HmacSHA256'])
  assert.doesNotThrow(() => check({}))
  assert.throws(() => check({ signature: undefined }, null), {
    name: 'BadRequestError',
    message: /missing required signature/,
  })
  assert.throws(() => check({ algorithm: undefined }), { name: 'BadRequestError' })
  assert.throws(() => check({ signature: '***' }, null), { name: 'BadRequestError' })
  assert.throws(() => check({ algorithm: 'HmacMD5' }, null), { name: 'BadRequestError', message: /HmacMD5/ })
  assert.throws(() => check({}, null), { name: 'UnavailableError' })
  assert.throws(() => check({ body: Buffer.from('other') }), { name: 'ForbiddenError' })
  assert.throws(() => check({ signature: 'AAAA' }), { name: 'ForbiddenError' })
})

test('a session key has the size of its digest unless told otherwise', () => {
  assert.equal(generateSessionKey('HmacSHA256', null, 5).key.length, 32)
  assert.equal(generateSessionKey('HmacSHA512', 256, 5).key.length, 32)
  assert.notDeepEqual(generateSessionKey('HmacSHA256', null, 5).key, generateSessionKey('HmacSHA256', null, 5).key)
})
