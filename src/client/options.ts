import type { Logger } from '../base/logger.ts'
import { silentLogger } from '../base/logger.ts'
import { defaultSensorSettings, type SensorSettings } from '../base/sensor.ts'
import { ClientConfigError } from './errors.ts'

/** Settings of everything that talks to the cluster; the defaults are Kafka's. Times in milliseconds. */
export interface ClientOptions {
  /** `host:port` each; any one that answers is enough. IPv6 as `[::1]:9092`. */
  bootstrapServers: string[]
  /** Name of this client in the broker's logs and quotas, default `millrace`. */
  clientId?: string
  /** How long one request may take, default 30000. */
  requestTimeoutMs?: number
  /** How long a call that may need several requests (admin, look-ups) may take, default 60000. */
  defaultApiTimeoutMs?: number
  /** Default 100. */
  retryBackoffMs?: number
  /** Default 1000. */
  retryBackoffMaxMs?: number
  /** Default 50. */
  reconnectBackoffMs?: number
  /** Default 1000. */
  reconnectBackoffMaxMs?: number
  /** How long connecting and the version handshake may take, default 10000. */
  connectionSetupTimeoutMs?: number
  /** Default 300000. */
  metadataMaxAgeMs?: number
  /** Default 540000; -1 never. */
  connectionsMaxIdleMs?: number
  /** `metrics.sample.window.ms` and `metrics.num.samples`; default 30000 and 2. */
  sensors?: SensorSettings
  logger?: Logger
}

export type ResolvedClientOptions = Required<ClientOptions>

/** Fills in the defaults and checks what cannot work. @throws ClientConfigError */
export function resolveClientOptions(options: ClientOptions): ResolvedClientOptions {
  const resolved: ResolvedClientOptions = {
    bootstrapServers: options.bootstrapServers,
    clientId: options.clientId ?? 'millrace',
    requestTimeoutMs: options.requestTimeoutMs ?? 30000,
    defaultApiTimeoutMs: options.defaultApiTimeoutMs ?? 60000,
    retryBackoffMs: options.retryBackoffMs ?? 100,
    retryBackoffMaxMs: options.retryBackoffMaxMs ?? 1000,
    reconnectBackoffMs: options.reconnectBackoffMs ?? 50,
    reconnectBackoffMaxMs: options.reconnectBackoffMaxMs ?? 1000,
    connectionSetupTimeoutMs: options.connectionSetupTimeoutMs ?? 10000,
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300000,
    connectionsMaxIdleMs: options.connectionsMaxIdleMs ?? 540000,
    sensors: options.sensors ?? defaultSensorSettings,
    logger: options.logger ?? silentLogger,
  }
  if (resolved.bootstrapServers.length === 0) {
    throw new ClientConfigError('bootstrap.servers', 'at least one host:port is needed')
  }
  for (const server of resolved.bootstrapServers) parseServer(server)
  return resolved
}

/** Splits `host:port`. @throws ClientConfigError naming `bootstrap.servers`. */
export function parseServer(server: string): { host: string; port: number } {
  const match = /^(?:[A-Z_]+:\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(server.trim())
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port < 1 || port > 65535) {
    throw new ClientConfigError('bootstrap.servers', `'${server}' is not of the form host:port`)
  }
  return { host, port }
}
