import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions, type SecureVersion, type TlsOptions } from 'node:tls'
import { RuntimeError } from '../errors.ts'
import type { WorkerConfig } from '../worker-config.ts'
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
      `An https listener needs a certificate: set ${prefix}ssl.keystore.location to a PEM or PKCS12 file, with ${prefix}ssl.keystore.type`,
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

function contextOf(tls: ServerTls, prefix: string): SecureContextOptions {
  const { minVersion, maxVersion } = versionsOf(tls.enabledProtocols, prefix)
  return {
    ...usable(
      keys(tls.keystore, prefix),
      tls.keystore,
      `${prefix}ssl.keystore`,
      passwordSettings(tls.keystore, prefix),
    ),
    ...usable(trust(tls.truststore, prefix), tls.truststore, `${prefix}ssl.truststore`, null),
    ...(tls.cipherSuites.length === 0 ? {} : { ciphers: tls.cipherSuites.map(opensslName).join(':') }),
    minVersion,
    maxVersion,
  }
}

function keys(store: ServerTls['keystore'], prefix: string): SecureContextOptions {
  const passphrase = store.keyPassword ?? store.password ?? undefined
  const secret = passphrase === undefined ? {} : { passphrase }
  if (store.key !== null) return { key: store.key, cert: store.certificateChain ?? '', ...secret }
  if (store.location === null) return {}
  if (store.type === 'PKCS12') return { pfx: read(store, `${prefix}ssl.keystore.location`), ...secret }
  requirePem(store, `${prefix}ssl.keystore`)
  const bytes = read(store, `${prefix}ssl.keystore.location`)
  // One file holds both: each reader takes its part of it.
  return { key: bytes, cert: bytes, ...secret }
}

function trust(store: ServerTls['truststore'], prefix: string): SecureContextOptions {
  if (store.certificates !== null) return { ca: store.certificates }
  if (store.location === null) return {}
  if (store.type === 'PKCS12') {
    throw new RuntimeError(
      `${prefix}ssl.truststore.type=PKCS12 is not supported: write its certificates as PEM, e.g. with "openssl pkcs12 -in store.p12 -nokeys -out store.pem", and set it to PEM`,
    )
  }
  requirePem(store, `${prefix}ssl.truststore`)
  return { ca: read(store, `${prefix}ssl.truststore.location`) }
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

/** Which settings may be wrong when a key store does not open. */
function passwordSettings({ type }: ServerTls['keystore'], prefix: string): string {
  return type === 'PKCS12' ? `${prefix}ssl.keystore.password` : `${prefix}ssl.key.password`
}

function requirePem({ type, location }: Store, setting: string): void {
  if (type === 'PEM') return
  throw new RuntimeError(
    `${setting}.type=${type} (${location}) is not supported: Java's own format has no reader here. Convert it, e.g. with "keytool -importkeystore -srckeystore ${location} -destkeystore store.p12 -deststoretype PKCS12", and set ${setting}.type to PKCS12 or, for certificates alone, PEM`,
  )
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
