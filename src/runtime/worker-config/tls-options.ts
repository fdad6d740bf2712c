import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type SecureVersion, type TlsOptions } from 'node:tls'
import { RuntimeError } from '../errors.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { type KeyStore, KeyStoreError } from './key-stores/key-store.ts'
import { readKeyStore } from './key-stores/read-key-store.ts'
import type { ServerTls } from './server-tls.ts'

/** TLS of the ordinary https listeners, and the prefix that its settings have. */
export function listenerTls({ rest, properties }: Pick<WorkerConfig, 'rest' | 'properties'>): {
  prefix: string
  tls: ServerTls
} {
  const prefix = 'listeners.https.'
  return { prefix: Object.keys(properties).some((name) => name.startsWith(prefix)) ? prefix : '', tls: rest.tls }
}

/** The same of the https admin listeners. */
export function adminListenerTls({ rest, properties }: Pick<WorkerConfig, 'rest' | 'properties'>): {
  prefix: string
  tls: ServerTls
} {
  const prefix = 'admin.listeners.https.'
  return { prefix: Object.keys(properties).some((name) => name.startsWith(prefix)) ? prefix : '', tls: rest.adminTls }
}

type Store = ServerTls['keystore'] | ServerTls['truststore']

/** What Node's https server takes, from a listener's `ssl.*` properties. Throws {@link RuntimeError} that names the setting. */
export function serverTlsOptions(tls: ServerTls, prefix: string): TlsOptions {
  const { keystore } = tls
  if (keystore.location === null && keystore.key === null) {
    throw new RuntimeError(
      `An https listener needs a certificate: set ${prefix}ssl.keystore.location to a JKS, PKCS12 or PEM file, and ${prefix}ssl.keystore.type to which of these it is`,
    )
  }
  return {
    ...contextOf(tls, prefix),
    requestCert: tls.clientAuth !== 'none',
    rejectUnauthorized: tls.clientAuth === 'required',
  }
}

/** What a request to another worker's https listener takes. */
export function clientTlsOptions(
  tls: ServerTls,
  prefix: string,
): SecureContextOptions & { checkServerIdentity?: () => undefined } {
  return {
    ...contextOf(tls, prefix),
    ...(tls.endpointIdentification === '' ? { checkServerIdentity: () => undefined } : {}),
  }
}

/** What was read is kept: to open a Java store takes long, on purpose. */
const contexts = new WeakMap<ServerTls, SecureContextOptions>()

function contextOf(tls: ServerTls, prefix: string): SecureContextOptions {
  const known = contexts.get(tls) ?? newContext(tls, prefix)
  contexts.set(tls, known)
  return known
}

function newContext(tls: ServerTls, prefix: string): SecureContextOptions {
  const { minVersion, maxVersion } = versionsOf(tls.enabledProtocols, prefix)
  return {
    ...usable(keys(tls.keystore, prefix), tls.keystore, `${prefix}ssl.keystore`, `${prefix}ssl.key.password`),
    ...usable(trust(tls.truststore, prefix), tls.truststore, `${prefix}ssl.truststore`, null),
    ...(tls.cipherSuites.length === 0 ? {} : { ciphers: tls.cipherSuites.map(opensslName).join(':') }),
    minVersion,
    maxVersion,
  }
}

function keys(store: ServerTls['keystore'], prefix: string): SecureContextOptions {
  const setting = `${prefix}ssl.keystore`
  const passphrase = store.keyPassword ?? store.password ?? undefined
  const secret = passphrase === undefined ? {} : { passphrase }
  if (store.key !== null) return { key: store.key, cert: store.certificateChain ?? '', ...secret }
  if (store.location === null) return {}
  const bytes = read(store, `${setting}.location`)
  // One file holds both: each reader takes its part of it.
  if (store.type === 'PEM') return { key: bytes, cert: bytes, ...secret }
  const found = javaStore(bytes, store, store.keyPassword, setting, `${setting}.password or ${prefix}ssl.key.password`)
  const [first] = found.keys
  if (first === undefined || first.chain.length === 0) {
    throw new RuntimeError(
      `${setting}.location=${store.location} holds no private key with its certificate: it is a trust store, perhaps`,
    )
  }
  return { key: first.key, cert: first.chain.join('') }
}

function trust(store: ServerTls['truststore'], prefix: string): SecureContextOptions {
  const setting = `${prefix}ssl.truststore`
  if (store.certificates !== null) return { ca: store.certificates }
  if (store.location === null) return {}
  const bytes = read(store, `${setting}.location`)
  if (store.type === 'PEM') return { ca: bytes }
  const found = javaStore(bytes, store, null, setting, `${setting}.password`)
  // The certificates of its own keys are trusted by Java as well.
  const trusted = [...found.trusted, ...found.keys.flatMap(({ chain }) => chain.slice(0, 1))]
  if (trusted.length === 0) {
    throw new RuntimeError(
      `${setting}.location=${store.location} holds no trusted certificate. Add some with "keytool -importcert"; of a store that openssl made, only those with -jdktrust count, as in Java`,
    )
  }
  // Java trusts what is in the store, authorities or not; Node has that for its own requests only.
  return { ca: trusted, allowPartialTrustChain: true }
}

/** Reads a JKS or PKCS12 store. Throws {@link RuntimeError} that names the setting. */
function javaStore(
  bytes: Buffer,
  { type, location, password }: Store,
  keyPassword: string | null,
  setting: string,
  passwordSettings: string,
): KeyStore {
  if (type !== 'JKS' && type !== 'PKCS12') {
    throw new RuntimeError(
      `${setting}.type=${type} (${location}) is not supported: use JKS, PKCS12 or PEM. Convert it, e.g. with "keytool -importkeystore -srckeystore ${location} -srcstoretype ${type} -destkeystore store.p12 -deststoretype PKCS12"`,
    )
  }
  try {
    return readKeyStore(bytes, { store: password, key: keyPassword })
  } catch (error) {
    if (!(error instanceof KeyStoreError)) throw error
    const check = error.isPassword ? `. Check ${passwordSettings}` : ` (${setting}.type=${type})`
    throw new RuntimeError(`${setting}.location=${location} ${error.message}${check}`, { cause: error })
  }
}

/** Tries a store at once, since what Node says of a wrong one names no setting. */
function usable(
  options: SecureContextOptions,
  { location }: Store,
  setting: string,
  passwords: string | null,
): SecureContextOptions {
  try {
    createSecureContext(options)
    return options
  } catch (error) {
    const what = location === null ? `the PEM texts of ${setting}` : `${setting}.location=${location}`
    const check = passwords === null ? '' : `, or ${passwords} is wrong`
    throw new RuntimeError(`${what} cannot be read: ${(error as Error).message}. It is of another type${check}.`, {
      cause: error,
    })
  }
}

function read({ location }: Store, setting: string): Buffer {
  try {
    return readFileSync(location ?? '')
  } catch (error) {
    throw new RuntimeError(`${setting}: ${(error as Error).message}`, { cause: error })
  }
}

function versionsOf(
  protocols: readonly string[],
  prefix: string,
): { minVersion: SecureVersion; maxVersion: SecureVersion } {
  const known = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
  const used = known.filter((version) => protocols.includes(version))
  const [first] = used
  const last = used.at(-1)
  if (first === undefined || last === undefined) {
    throw new RuntimeError(`${prefix}ssl.enabled.protocols names none of ${known.join(', ')}`)
  }
  return { minVersion: first, maxVersion: last }
}

/** `TLS_AES_128_GCM_SHA256` is the same for both; older suites have other names in Java. */
function opensslName(suite: string): string {
  if (!suite.includes('_WITH_')) return suite
  return suite
    .replace(/^(?:TLS|SSL)_/, '')
    .replace(/^RSA_WITH_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/_CBC(?=_)/, '')
    .replaceAll('_', '-')
}
