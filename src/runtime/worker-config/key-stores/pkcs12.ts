import { X509Certificate } from 'node:crypto'
import { createRequire } from 'node:module'
import type forgeModule from 'node-forge'
import { type KeyEntry, type KeyStore, KeyStoreError, type KeyStorePasswords } from './key-store.ts'
import { pemOf } from './pem.ts'

type Forge = typeof forgeModule
type Bag = forgeModule.pkcs12.Bag & { readonly asn1?: forgeModule.asn1.Asn1 | null }

const require = createRequire(import.meta.url)

/** Java's attribute of certificates that are trusted by themselves; openssl writes it with `-jdktrust`. */
const TRUSTED_USAGE = '2.16.840.1.113894.746875.1.1'
const trustedUsage = 'trustedKeyUsage'

/** True when it is a DER or BER sequence. */
export function isPkcs12(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes[0] === 0x30
}

/**
 * Reads PKCS12 as Java does: certificates count as trusted when they carry Java's mark, a key's certificates are the one
 * with its id and those that issued it. Throws {@link KeyStoreError}.
 */
export function readPkcs12(bytes: Buffer, passwords: KeyStorePasswords): KeyStore {
  const forge = loadForge()
  const bags = bagsOf(forge, bytes, passwords)
  try {
    return storeOf(forge, bags)
  } catch (error) {
    throw new KeyStoreError('holds a key or certificate that is damaged', false, { cause: error })
  }
}

function storeOf(forge: Forge, bags: readonly Bag[]): KeyStore {
  const derOf = (node: forgeModule.asn1.Asn1): Buffer => Buffer.from(forge.asn1.toDer(node).getBytes(), 'binary')
  const certificates = bags
    .filter(({ type }) => type === forge.pki.oids['certBag'])
    .map((bag) => ({
      id: idOf(bag),
      isTrusted: bag.attributes[trustedUsage] !== undefined,
      x509: new X509Certificate(
        derOf(bag.asn1 ?? forge.pki.certificateToAsn1(bag.cert as forgeModule.pki.Certificate)),
      ),
    }))
  const keyTypes = [forge.pki.oids['keyBag'], forge.pki.oids['pkcs8ShroudedKeyBag']]
  const keys = bags
    .filter(({ type }) => keyTypes.includes(type))
    .map((bag): KeyEntry => {
      const own = certificates.find(({ id }) => id !== null && id === idOf(bag))
      const der = derOf(
        bag.asn1 ?? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key as forgeModule.pki.PrivateKey)),
      )
      const chain = chainOf(
        own?.x509,
        certificates.map(({ x509 }) => x509),
      )
      const alias = (bag.attributes['friendlyName'] as string[] | undefined)?.[0] ?? ''
      return { alias, key: pemOf('PRIVATE KEY', der), chain: chain.map(({ raw }) => pemOf('CERTIFICATE', raw)) }
    })
  const trusted = certificates.filter(({ isTrusted }) => isTrusted)
  return { keys, trusted: trusted.map(({ x509 }) => pemOf('CERTIFICATE', x509.raw)) }
}

/** Loaded when the first store is read: few workers have one. */
function loadForge(): Forge {
  const forge = require('node-forge') as Forge
  // Attributes that it does not know are dropped.
  forge.pki.oids[TRUSTED_USAGE] = trustedUsage
  return forge
}

function bagsOf(forge: Forge, bytes: Buffer, { store, key }: KeyStorePasswords): Bag[] {
  try {
    const asn1 = forge.asn1.fromDer(bytes.toString('binary'), false)
    return forge.pkcs12.pkcs12FromAsn1(asn1, false, store ?? key ?? '').safeContents.flatMap(({ safeBags }) => safeBags)
  } catch (error) {
    const { message } = error as Error
    const isPassword = /password|decrypt/i.test(message)
    const reason = isPassword ? 'was changed, or its password is wrong' : `cannot be read as PKCS12: ${message}`
    throw new KeyStoreError(reason, isPassword, { cause: error })
  }
}

function idOf(bag: Bag): string | null {
  return (bag.attributes['localKeyId'] as string[] | undefined)?.[0] ?? null
}

/** A certificate, the one that issued it, and so on, as far as they are there. */
function chainOf(leaf: X509Certificate | undefined, all: readonly X509Certificate[]): X509Certificate[] {
  const chain: X509Certificate[] = []
  for (let next = leaf; next !== undefined && !chain.includes(next); ) {
    chain.push(next)
    const current: X509Certificate = next
    next = all.find((candidate) => candidate !== current && current.checkIssued(candidate))
  }
  return chain
}
