import { withoutPrefix } from '../../connect/index.ts'
import { parseKey } from '../config-def/parse.ts'
import { WorkerConfigError } from '../errors.ts'
import { sslKeys } from './client-keys.ts'
import { restKeys } from './rest-keys.ts'

/** A key or trust store: a file, or PEM texts. */
export interface TlsStore {
  /** `JKS`, `PKCS12` or `PEM`, in capitals. */
  readonly type: string
  /** Path of the file; null when the texts are given, or nothing is. */
  readonly location: string | null
  readonly password: string | null
}

/** TLS of a REST listener, out of the `ssl.*` properties. Holds secrets: never log it. */
export interface ServerTls {
  readonly clientAuth: 'required' | 'requested' | 'none'
  /** TLS versions to allow, e.g. `TLSv1.3`. */
  readonly enabledProtocols: readonly string[]
  /** Empty: the usual ones. */
  readonly cipherSuites: readonly string[]
  readonly keystore: TlsStore & {
    /** Password of the private key; null: that of the store. */
    readonly keyPassword: string | null
    /** PEM texts in place of a file. */
    readonly key: string | null
    readonly certificateChain: string | null
  }
  readonly truststore: TlsStore & { readonly certificates: string | null }
  /** Empty: names need not match. For requests to other workers. */
  readonly endpointIdentification: string
}

const clientAuthKey = restKeys.filter(({ name }) => name === 'ssl.client.auth')

/**
 * Reads `ssl.*`. When there is any property with the prefix (`listeners.https.`), only those with it count, as in Kafka
 * Connect. Throws {@link WorkerConfigError}.
 */
export function serverTls(props: Readonly<Record<string, string>>, prefix: string): ServerTls {
  const prefixed = withoutPrefix(props, prefix)
  const hasOwn = Object.keys(prefixed).length > 0
  const given = hasOwn ? prefixed : props
  const errors: Record<string, readonly string[]> = {}
  const values = new Map(
    [...sslKeys, ...clientAuthKey].map((key) => {
      const parsed = parseKey(key, given)
      if (parsed.errors.length > 0) errors[hasOwn ? prefix + key.name : key.name] = parsed.errors
      return [key.name, parsed.value] as const
    }),
  )
  if (Object.keys(errors).length > 0) throw new WorkerConfigError(errors)
  const text = (name: string): string | null => (values.get(name) ?? null) as string | null
  const list = (name: string): readonly string[] => (values.get(name) ?? []) as readonly string[]
  const store = (name: string): TlsStore => ({
    type: (text(`ssl.${name}.type`) ?? 'JKS').toUpperCase(),
    location: text(`ssl.${name}.location`),
    password: text(`ssl.${name}.password`),
  })
  return {
    clientAuth: text('ssl.client.auth') as ServerTls['clientAuth'],
    enabledProtocols: list('ssl.enabled.protocols'),
    cipherSuites: list('ssl.cipher.suites'),
    keystore: {
      ...store('keystore'),
      keyPassword: text('ssl.key.password'),
      key: text('ssl.keystore.key'),
      certificateChain: text('ssl.keystore.certificate.chain'),
    },
    truststore: { ...store('truststore'), certificates: text('ssl.truststore.certificates') },
    endpointIdentification: text('ssl.endpoint.identification.algorithm') ?? '',
  }
}
