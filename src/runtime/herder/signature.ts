import { createHmac, generateKeySync, timingSafeEqual } from 'node:crypto'
import { BadRequestError, ForbiddenError, UnavailableError } from '../errors.ts'
import type { SessionKey } from '../stores/config-records.ts'
import type { RequestSignature } from './herder.ts'

/** Java's `HmacSHA256` is Node's `sha256`, and `HmacSHA512/224` is `sha512-224`. */
function digestOf(algorithm: string): string {
  return algorithm.replace(/^Hmac/i, '').replace('/', '-').toLowerCase()
}

/** A new session key; `bits` null takes the digest's own size. */
export function generateSessionKey(algorithm: string, bits: number | null, now: number): SessionKey {
  const size = bits ?? createHmac(digestOf(algorithm), '').digest().length * 8
  return { key: generateKeySync('hmac', { length: size }).export(), algorithm, createdAt: now }
}

export function sign(body: Uint8Array, key: SessionKey, algorithm: string): string {
  return createHmac(digestOf(algorithm), key.key).update(body).digest('base64')
}

/**
 * Checks an internal request, in Kafka Connect's order: headers there and readable (400), algorithm accepted (400),
 * key known (503), signature right (403).
 */
export function verifySignature(request: RequestSignature, key: SessionKey | null, accepted: readonly string[]): void {
  const { signature, algorithm } = request
  if (signature === undefined || algorithm === undefined) {
    throw new BadRequestError('Internal request missing required signature')
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(signature)) {
    throw new BadRequestError('The signature of the internal request is not valid base64')
  }
  if (!accepted.includes(algorithm)) {
    throw new BadRequestError(
      `This worker does not support the '${algorithm}' key signing algorithm used by other workers. ` +
        `This worker is currently configured to use: ${accepted.join(', ')}`,
    )
  }
  if (key === null)
    throw new UnavailableError(
      'This worker is still starting up and has not been able to read a session key from the config topic yet',
    )
  const expected = Buffer.from(sign(request.body, key, algorithm), 'base64')
  const given = Buffer.from(signature, 'base64')
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw new ForbiddenError('Internal request contained invalid signature.')
  }
}
