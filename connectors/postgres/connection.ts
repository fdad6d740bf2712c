import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError, isConnectError } from 'millrace/connect'
import type { Client, ClientConfig } from 'pg'
import type { Settings } from './config.ts'
import { type Endpoint, postgresError } from './errors.ts'
import { CopySocket } from './wire/copy-socket.ts'

type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export interface Address extends Endpoint {
  readonly password: string | null
  readonly sslMode: SslMode
  readonly options: Readonly<Record<string, string>>
}

/** Reads `jdbc:postgresql://host:port/database?key=value`, with user and password from the settings or the URL. */
export function parseAddress(settings: Pick<Settings, 'url' | 'user' | 'password'>): Address {
  let url: URL
  try {
    const rest = settings.url.replace(/^jdbc:postgresql:/, '')
    url = new URL(rest.startsWith('//') ? `postgresql:${rest}` : `postgresql://localhost/${rest}`)
  } catch {
    throw new ConfigError('connection.url is not of the form jdbc:postgresql://host:port/database', {
      errors: { 'connection.url': ['Expected jdbc:postgresql://host:port/database'] },
    })
  }
  const options = Object.fromEntries(url.searchParams)
  const user = settings.user ?? options['user'] ?? (decode(url.username) || 'postgres')
  const sslMode =
    options['sslmode'] ??
    (options['ssl'] === 'true' ? 'verify-full' : options['ssl'] === 'false' ? 'disable' : 'prefer')
  if (!['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'].includes(sslMode)) {
    throw new ConfigError(`connection.url has an unknown sslmode "${sslMode}"`, {
      errors: { 'connection.url': ['Unknown sslmode'] },
    })
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port: url.port === '' ? 5432 : Number(url.port),
    database: decode(url.pathname.slice(1)) || user,
    user,
    password: settings.password ?? options['password'] ?? (url.password === '' ? null : decode(url.password)),
    sslMode: sslMode as SslMode,
    options,
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new ConfigError(
      'connection.url has a % that begins no escape of two hexadecimal digits; write %25 for the sign',
      {
        errors: { 'connection.url': ['A % must begin an escape such as %25'] },
      },
    )
  }
}

/**
 * Connects, trying again as `connection.attempts` and `connection.backoff.ms` say, and fixes the formats that the cell
 * readers rely on. A refused password and an unknown database are not tried again.
 */
export async function connect(settings: Settings, applicationName: string, signal: AbortSignal): Promise<Client> {
  const address = parseAddress(settings)
  for (let attempt = 1; ; attempt++) {
    try {
      return await connectOnce(address, applicationName)
    } catch (error) {
      const translated = postgresError(error, address, 'Connecting')
      if (!isConnectError(translated, 'RetriableError') || attempt >= settings.attempts || signal.aborted)
        throw translated
      await delay(settings.backoffMs, undefined, { signal })
    }
  }
}

async function connectOnce(address: Address, applicationName: string): Promise<Client> {
  const tls = tlsOptions(address.sslMode)
  try {
    return await open(address, applicationName, tls)
  } catch (error) {
    const noTls = error instanceof Error && error.message.includes('does not support SSL')
    if (tls !== false && noTls && (address.sslMode === 'prefer' || address.sslMode === 'allow')) {
      return open(address, applicationName, false)
    }
    throw error
  }
}

function tlsOptions(mode: SslMode): NonNullable<ClientConfig['ssl']> {
  if (mode === 'disable') return false
  if (mode === 'verify-full') return true
  return { rejectUnauthorized: mode === 'verify-ca', checkServerIdentity: () => undefined }
}

async function open(address: Address, applicationName: string, ssl: NonNullable<ClientConfig['ssl']>): Promise<Client> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.user,
    password: address.password ?? '',
    ssl,
    ...(ssl === false ? { stream: () => new CopySocket() } : {}),
    application_name: address.options['ApplicationName'] ?? applicationName,
    connectionTimeoutMillis: Number(address.options['connectTimeout'] ?? 10) * 1000,
    keepAlive: true,
  })
  // Statements that are running are told by their own rejection; without a listener the process would end.
  client.on('error', () => undefined)
  await client.connect()
  await client.query(
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET client_encoding = 'UTF8'; SET IntervalStyle = 'postgres'",
  )
  if (address.options['currentSchema'] !== undefined) {
    await client.query("SELECT set_config('search_path', $1, false)", [address.options['currentSchema']])
  }
  return client
}

/** Ends a connection at once, whatever it is doing: a copy under way is not waited for. */
export function destroy(client: Client): void {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection
  client.end().catch(() => undefined)
  stream.destroy()
}
