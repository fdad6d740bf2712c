import { createHash, timingSafeEqual } from 'node:crypto'
import { type KeyEntry, type KeyStore, KeyStoreError, type KeyStorePasswords } from './key-store.ts'
import { pemOf } from './pem.ts'

// magic, version (int32 each), count (int32), then per entry: tag (int32), alias (utf), created (int64), and
//   tag 1: private key: length and bytes of an EncryptedPrivateKeyInfo, count and certificates
//   tag 2: trusted certificate: one certificate
// certificate: type (utf; from version 2 on), length and bytes. At the end SHA-1 of password, a sentence and all before.
// Integers are big-endian, utf is length (int16) and bytes.

const PRIVATE_KEY = 1
const TRUSTED_CERTIFICATE = 2
const DIGEST_BYTES = 20
const SENTENCE = 'Mighty Aphrodite'
/** 1.3.6.1.4.1.42.2.17.1.1: how JKS protects keys. */
const PROTECTOR = Buffer.from('060a2b060104012a02110101', 'hex')

/** Reads Java's own format of stores. Throws {@link KeyStoreError}. */
export function readJks(bytes: Buffer, passwords: KeyStorePasswords): KeyStore {
  try {
    verify(bytes, passwords.store)
    return read(new Cursor(bytes.subarray(0, bytes.length - DIGEST_BYTES)), passwords.key ?? passwords.store)
  } catch (error) {
    if (error instanceof KeyStoreError) throw error
    throw new KeyStoreError(`is a JKS store that is cut off or damaged`, false, { cause: error })
  }
}

function verify(bytes: Buffer, password: string | null): void {
  if (password === null) return
  const end = bytes.length - DIGEST_BYTES
  const digest = sha1(passwordBytes(password), Buffer.from(SENTENCE), bytes.subarray(0, end))
  if (!timingSafeEqual(digest, bytes.subarray(end)))
    throw new KeyStoreError('was changed, or its password is wrong', true)
}

function read(cursor: Cursor, keyPassword: string | null): KeyStore {
  cursor.int()
  const version = cursor.int()
  const keys: KeyEntry[] = []
  const trusted: string[] = []
  const certificate = (): string => {
    if (version >= 2) cursor.utf()
    return pemOf('CERTIFICATE', cursor.bytes(cursor.int()))
  }
  for (let left = cursor.int(); left > 0; left--) {
    const tag = cursor.int()
    const alias = cursor.utf()
    cursor.bytes(8)
    if (tag === TRUSTED_CERTIFICATE) trusted.push(certificate())
    else if (tag === PRIVATE_KEY) {
      const info = cursor.bytes(cursor.int())
      const chain = Array.from({ length: cursor.int() }, certificate)
      keys.push({ alias, key: pemOf('PRIVATE KEY', unprotected(info, keyPassword, alias)), chain })
    } else throw new KeyStoreError(`has an entry of the unknown kind ${tag}`)
  }
  return { keys, trusted }
}

/** The key in an EncryptedPrivateKeyInfo: a salt, the key XOR a stream of digests of the password, and a digest of both. */
function unprotected(info: Buffer, password: string | null, alias: string): Buffer {
  if (password === null) throw new KeyStoreError('needs a password', true)
  const outer = new Cursor(new Cursor(info).der())
  if (!new Cursor(outer.der()).rest().subarray(0, PROTECTOR.length).equals(PROTECTOR))
    throw new KeyStoreError(`protects its key ${alias} in a way that is not known`)
  const sealed = outer.der()
  const secret = passwordBytes(password)
  const cipher = sealed.subarray(DIGEST_BYTES, sealed.length - DIGEST_BYTES)
  const key = Buffer.alloc(cipher.length)
  let stream: Buffer = sealed.subarray(0, DIGEST_BYTES)
  for (let at = 0; at < cipher.length; at++) {
    const within = at % DIGEST_BYTES
    if (within === 0) stream = sha1(secret, stream)
    key[at] = (cipher[at] as number) ^ (stream[within] as number)
  }
  if (!timingSafeEqual(sha1(secret, key), sealed.subarray(sealed.length - DIGEST_BYTES)))
    throw new KeyStoreError(`does not give its key ${alias} for the password`, true)
  return key
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** UTF-16 with the high byte first. */
function passwordBytes(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16()
}

class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int(): number {
    this.#at += 4
    return this.#bytes.readInt32BE(this.#at - 4)
  }

  utf(): string {
    this.#at += 2
    return this.bytes(this.#bytes.readUInt16BE(this.#at - 2)).toString('utf8')
  }

  bytes(length: number): Buffer {
    if (length < 0 || this.#at + length > this.#bytes.length) throw new RangeError('beyond the end')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Contents of the next DER element. */
  der(): Buffer {
    const [, first = 0] = this.bytes(2)
    if (first < 0x80) return this.bytes(first)
    const length = first & 0x7f
    return this.bytes(this.bytes(length).readUIntBE(0, length))
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at)
  }
}
