import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Certificates } from './certificates.ts'

const run = promisify(execFile)

/** Stores made by Java's keytool, beside {@link Certificates} and with the same key and certificates. */
export interface JavaStores {
  /** `worker` and, in JKS, a password of its own for the key. */
  readonly jks: string
  readonly keyPassword: string
  /** As today's keytool writes PKCS12, as that of Java 8 to 15 did, and with RSA keys. */
  readonly pkcs12: string
  readonly oldPkcs12: string
  readonly rsa: string
  readonly oldRsa: string
  /** Trust the authority alone. */
  readonly trustJks: string
  readonly trustPkcs12: string
  readonly oldTrustPkcs12: string
  /** Without any encryption, as Java's own `cacerts` is. */
  readonly openTrust: string
  /** Runs keytool in the folder of the stores; gives what it prints. */
  keytool(...args: string[]): Promise<string>
}

type StoreName = Exclude<keyof JavaStores, 'keyPassword' | 'keytool'>

/**
 * Null where keytool is missing. The stores have the password of the certificates and are in their folder. With `only`, none
 * but these are made: keytool takes a second for each.
 */
export async function makeJavaStores(
  { caFile, p12File, password }: Certificates,
  only?: readonly StoreName[],
): Promise<JavaStores | null> {
  const folder = join(p12File, '..')
  const file = (name: string): string => join(folder, name)
  const keytool = async (...args: string[]): Promise<string> =>
    (await run('keytool', ['-J-XX:TieredStopAtLevel=1', '-J-XX:+UseSerialGC', ...args], { cwd: folder })).stdout
  const keyPassword = 'key-pa55word'
  const legacy = '-J-Dkeystore.pkcs12.legacy'
  const source = ['-srckeystore', p12File, '-srcstoretype', 'PKCS12', '-srcstorepass', password]
  const copied = (name: string, type: string, ...more: string[]): Promise<string> => {
    const target = ['-destkeystore', file(name), '-deststoretype', type, '-deststorepass', password, '-noprompt']
    return keytool('-importkeystore', ...source, ...target, ...more)
  }
  const trusting = (name: string, type: string, ...more: string[]): Promise<string> => {
    const target = ['-keystore', file(name), '-storetype', type, '-storepass', password]
    return keytool('-importcert', '-noprompt', '-alias', 'authority', '-file', caFile, ...target, ...more)
  }
  const rsa = (name: string, ...more: string[]): Promise<string> => {
    const target = ['-keystore', file(name), '-storetype', 'PKCS12', '-storepass', password]
    const key = ['-alias', 'rsa', '-keyalg', 'RSA', '-keysize', '2048', '-dname', 'CN=Ärger, O=RSA', '-validity', '1']
    return keytool('-genkeypair', ...key, '-ext', 'SAN=dns:localhost', ...target, ...more)
  }
  const open = ['-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE', '-J-Dkeystore.pkcs12.macAlgorithm=NONE']
  const worker = ['-srcalias', '1', '-destalias', 'worker', '-destkeypass', keyPassword]
  const makers: Record<StoreName, () => Promise<string>> = {
    jks: () => copied('worker.jks', 'JKS', ...worker),
    pkcs12: () => copied('java.p12', 'PKCS12'),
    oldPkcs12: () => copied('old-java.p12', 'PKCS12', legacy),
    trustJks: () => trusting('trust.jks', 'JKS'),
    trustPkcs12: () => trusting('trust.p12', 'PKCS12'),
    oldTrustPkcs12: () => trusting('old-trust.p12', 'PKCS12', legacy),
    openTrust: () => trusting('open-trust.p12', 'PKCS12', ...open),
    rsa: () => rsa('rsa.p12'),
    oldRsa: () => rsa('old-rsa.p12', legacy),
  }
  try {
    for (const name of only ?? (Object.keys(makers) as StoreName[])) await makers[name]()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  return {
    jks: file('worker.jks'),
    keyPassword,
    pkcs12: file('java.p12'),
    oldPkcs12: file('old-java.p12'),
    rsa: file('rsa.p12'),
    oldRsa: file('old-rsa.p12'),
    trustJks: file('trust.jks'),
    trustPkcs12: file('trust.p12'),
    oldTrustPkcs12: file('old-trust.p12'),
    openTrust: file('open-trust.p12'),
    keytool,
  }
}
