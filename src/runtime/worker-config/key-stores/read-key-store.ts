import { readJks } from './jks.ts'
import { type KeyStore, KeyStoreError, type KeyStorePasswords } from './key-store.ts'
import { isPkcs12, readPkcs12 } from './pkcs12.ts'

const JKS_MAGIC = 0xfeedfeed
const JCEKS_MAGIC = 0xcececece

/**
 * Reads a key or trust store of Java's. Whether it is JKS or PKCS12 is told by its content and not by its declared type, as
 * Java has it since version 9. Throws {@link KeyStoreError}.
 */
export function readKeyStore(bytes: Buffer, passwords: KeyStorePasswords): KeyStore {
  const magic = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0
  if (magic === JKS_MAGIC) return readJks(bytes, passwords)
  if (magic === JCEKS_MAGIC) throw new KeyStoreError('is a JCEKS store, which is not supported')
  if (bytes.includes('-----BEGIN ')) throw new KeyStoreError('is PEM: set its type to PEM')
  if (isPkcs12(bytes)) return readPkcs12(bytes, passwords)
  throw new KeyStoreError('is neither a JKS nor a PKCS12 store')
}
