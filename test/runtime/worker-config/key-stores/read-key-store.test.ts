import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { KeyStore } from '../../../../src/runtime/worker-config/key-stores/key-store.ts'
import { readKeyStore } from '../../../../src/runtime/worker-config/key-stores/read-key-store.ts'
import { type Certificates, makeCertificates } from '../../../support/certificates.ts'
import { type JavaStores, makeJavaStores } from '../../../support/java-stores.ts'

// Stores as the real keytool makes them.

const made = await makeCertificates()
after(() => made?.remove())
const stores = (made === null ? null : await makeJavaStores(made)) as JavaStores
const certificates = made as Certificates
const skip = made === null ? 'openssl is not installed' : stores === null ? "Java's keytool is not installed" : false

async function open(file: string, store: string | null = certificates.password, key: string | null = null) {
  return readKeyStore(await readFile(file), { store, key })
}

function fingerprints(pems: readonly string[]): string[] {
  return pems.map((pem) => new X509Certificate(pem).fingerprint256)
}

function assertWorkerKey({ keys, trusted }: KeyStore): void {
  assert.equal(keys.length, 1)
  const der = (pem: string) => createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  assert.deepEqual(der(keys[0]?.key ?? ''), der(certificates.key))
  assert.deepEqual(fingerprints(keys[0]?.chain ?? []), fingerprints([certificates.cert, certificates.ca]))
  assert.deepEqual(trusted, [])
}

describe('stores of keys', { skip }, () => {
  test('JKS, where the key has a password of its own', async () => {
    assertWorkerKey(await open(stores.jks, certificates.password, stores.keyPassword))
  })
  for (const name of ['pkcs12', 'oldPkcs12'] as const) {
    test(`${name}: the key and its certificates`, async () => assertWorkerKey(await open(stores[name])))
  }
  test('PKCS12 as openssl makes it', async () => assertWorkerKey(await open(certificates.p12File)))

  for (const name of ['rsa', 'oldRsa'] as const) {
    test(`${name}: the certificate is that of Java to the byte, and the key fits it`, async () => {
      const { keys } = await open(stores[name])
      const [{ key, chain } = { key: '', chain: [] as readonly string[] }] = keys
      const target = ['-keystore', stores[name], '-storepass', certificates.password]
      const exported = await stores.keytool('-exportcert', '-rfc', '-alias', 'rsa', ...target)
      assert.deepEqual(fingerprints(chain), fingerprints([exported]))
      assert.ok(new X509Certificate(chain[0] ?? '').checkPrivateKey(createPrivateKey(key)))
    })
  }
})

describe('stores of trusted certificates', { skip }, () => {
  for (const name of ['trustJks', 'trustPkcs12', 'oldTrustPkcs12', 'openTrust'] as const) {
    test(`${name}: the certificates that are trusted, and no key`, async () => {
      const { keys, trusted } = await open(stores[name])
      assert.deepEqual(fingerprints(trusted), fingerprints([certificates.ca]))
      assert.deepEqual(keys, [])
    })
  }
  test('those of JKS, and of PKCS12 without encryption, are read without a password', async () => {
    for (const file of [stores.trustJks, stores.openTrust]) assert.equal((await open(file, null)).trusted.length, 1)
  })
})

describe('stores that cannot be read', { skip }, () => {
  const refused: readonly (readonly [string, () => Promise<KeyStore>, RegExp])[] = [
    ['JKS with a wrong password', () => open(stores.trustJks, 'wrong'), /was changed, or its password is wrong/],
    ['PKCS12 with a wrong password', () => open(stores.pkcs12, 'wrong'), /was changed, or its password is wrong/],
    [
      'old PKCS12 with a wrong password',
      () => open(stores.oldPkcs12, 'wrong'),
      /was changed, or its password is wrong/,
    ],
    ['JKS with a wrong password of the key', () => open(stores.jks), /does not give its key worker/],
    ['PEM', () => open(certificates.pemFile), /is PEM: set its type to PEM/],
  ]
  for (const [title, read, message] of refused) test(title, () => assert.rejects(read(), message))

  test('those that are cut off anywhere, or spoilt, are refused with a sentence', async () => {
    // Of PKCS12 few, since each trial derives keys anew.
    const files: [string, number][] = [
      [stores.trustJks, 40],
      [stores.jks, 40],
      [stores.openTrust, 40],
      [stores.trustPkcs12, 6],
    ]
    for (const [file, places] of files) {
      const bytes = await readFile(file)
      for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / places)) {
        const spoilt = Buffer.from(bytes)
        spoilt[at] = (spoilt[at] as number) ^ 0xff
        for (const given of [bytes.subarray(0, at), spoilt]) {
          for (const store of [certificates.password, null]) {
            try {
              readKeyStore(given, { store, key: null })
            } catch (error) {
              assert.equal((error as Error).name, 'KeyStoreError', (error as Error).stack)
            }
          }
        }
      }
    }
  })

  test('JCEKS', async () => {
    await stores.keytool('-genseckey', '-alias', 's', '-keyalg', 'AES', '-keysize', '128', ...jceks('x.jceks'))
    await assert.rejects(open(join(certificates.caFile, '../x.jceks')), /JCEKS/)
  })
})

function jceks(name: string): string[] {
  return [
    '-keystore',
    name,
    '-storetype',
    'JCEKS',
    '-storepass',
    certificates.password,
    '-keypass',
    certificates.password,
  ]
}
