import { ConfigError } from '../../connect/index.ts'
import type { Logger } from '../../base/logger.ts'
import type { ClientOptions } from '../../client/index.ts'
import type { ProducerOptions } from '../../client/producer/options.ts'
import { type CompressionType, compressionTypes } from '../../protocol/records/index.ts'
import type { ClientKind } from '../config-def/client-keys.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { bundledPolicy } from '../plugins/override-policies.ts'
import { sensorSettings } from '../metrics/sensor-settings.ts'
import { listProp, type Props, propsWithPrefix } from './props.ts'

/**
 * The settings of a client that a task uses, under Kafka's names: `defaults`, then the worker's `<kind>.*`, then the
 * connector's `<kind>.override.*` as far as the worker's policy lets it. Throws `ConfigError` for what the policy forbids.
 */
export function clientProps(
  kind: ClientKind,
  config: WorkerConfig,
  connector: Props,
  defaults: Record<string, string>,
): Record<string, string> {
  const overrides = propsWithPrefix(connector, `${kind}.override.`)
  requireAllowed(kind, overrides, config)
  const props: Record<string, string> = {
    'bootstrap.servers': config.bootstrapServers.join(','),
    ...defaults,
    ...propsWithPrefix(config.properties, `${kind}.`),
    ...overrides,
  }
  // Blanks around them do not count in any setting of Kafka's clients, passwords included.
  return Object.fromEntries(Object.entries(props).map(([name, value]) => [name, value.trim()]))
}

/** Reads Kafka's settings that all clients share. Throws `ConfigError` for a security protocol that is not there. */
export function clientOptions(props: Props, logger: Logger): ClientOptions {
  const protocol = (props['security.protocol'] ?? 'PLAINTEXT').trim().toUpperCase()
  if (protocol !== 'PLAINTEXT') {
    throw new ConfigError(
      `security.protocol=${protocol} is not supported yet; only PLAINTEXT is: use a listener of the brokers that has neither TLS nor SASL`,
    )
  }
  const options: ClientOptions = {
    bootstrapServers: listProp(props, 'bootstrap.servers'),
    sensors: sensorSettings(props),
    logger,
  }
  const clientId = props['client.id']
  if (clientId !== undefined) options.clientId = clientId
  for (const [key, name] of clientNumbers) {
    const value = clientNumber(props, key, Number.NaN)
    if (!Number.isNaN(value)) options[name] = value
  }
  return options
}

/** A number among client settings. Throws `ConfigError` for other text. */
export function clientNumber(props: Props, key: string, byDefault: number): number {
  const text = props[key]?.trim()
  if (text === undefined || text === '') return byDefault
  const value = Number(text)
  if (Number.isInteger(value)) return value
  throw new ConfigError(`Invalid value ${text} for configuration ${key}: Not a number of type LONG`)
}

const clientNumbers = [
  ['request.timeout.ms', 'requestTimeoutMs'],
  ['default.api.timeout.ms', 'defaultApiTimeoutMs'],
  ['retry.backoff.ms', 'retryBackoffMs'],
  ['retry.backoff.max.ms', 'retryBackoffMaxMs'],
  ['reconnect.backoff.ms', 'reconnectBackoffMs'],
  ['reconnect.backoff.max.ms', 'reconnectBackoffMaxMs'],
  ['socket.connection.setup.timeout.ms', 'connectionSetupTimeoutMs'],
  ['metadata.max.age.ms', 'metadataMaxAgeMs'],
  ['connections.max.idle.ms', 'connectionsMaxIdleMs'],
] as const

/** A policy that is a plugin was asked before the task started. */
function requireAllowed(kind: ClientKind, overrides: Record<string, string>, config: WorkerConfig): void {
  const policy = bundledPolicy(config.clientConfigOverridePolicy, config.properties)
  if (policy === null) return
  const forbidden = Object.keys(overrides).filter((setting) => !policy.allows(setting))
  if (forbidden.length === 0) return
  const keys = forbidden.map((setting) => `${kind}.override.${setting}`).join(', ')
  throw new ConfigError(
    `The '${policy.name}' policy (connector.client.config.override.policy of the worker) does not allow ${keys} to be overridden in the connector configuration.`,
  )
}

/** Bytes at which a task's record batch is full, unless `batch.size` says otherwise: large, for throughput. */
const DEFAULT_BATCH_BYTES = 262_144
const DEFAULT_LINGER_MS = 5
/** Bytes that a source task may have on their way, unless `buffer.memory` says otherwise. */
const DEFAULT_BUFFER_BYTES = 16_777_216

export interface SourceProducerSettings {
  readonly producer: ProducerOptions
  readonly compression: CompressionType
  readonly batchBytes: number
  readonly lingerMs: number
  readonly bufferBytes: number
  readonly maxRequestBytes: number
}

/** Reads Kafka's producer settings for a source task. Throws `ConfigError`. */
export function sourceProducerSettings(props: Props): SourceProducerSettings {
  const compression = (props['compression.type'] ?? 'none').trim().toLowerCase()
  if (!(compressionTypes as readonly string[]).includes(compression)) {
    throw new ConfigError(
      `Invalid value ${compression} for the producer's compression.type: use one of ${compressionTypes.join(', ')}`,
    )
  }
  const acks = acksOf(props['acks'])
  const inFlight = clientNumber(props, 'max.in.flight.requests.per.connection', 5)
  const maxRequestBytes = clientNumber(props, 'max.request.size', 1_048_576)
  const idempotence = props['enable.idempotence']?.trim().toLowerCase()
  return {
    compression: compression as CompressionType,
    batchBytes: Math.min(maxRequestBytes, Math.max(1, clientNumber(props, 'batch.size', DEFAULT_BATCH_BYTES))),
    lingerMs: Math.max(0, clientNumber(props, 'linger.ms', DEFAULT_LINGER_MS)),
    bufferBytes: clientNumber(props, 'buffer.memory', DEFAULT_BUFFER_BYTES),
    maxRequestBytes,
    producer: {
      acks,
      // Kafka Connect has it off with one request in flight; on, several may be, and a retry cannot duplicate.
      ...(idempotence === undefined ? {} : { enableIdempotence: idempotence === 'true' }),
      maxInFlight: inFlight,
      maxRequestSize: maxRequestBytes,
      deliveryTimeoutMs: clientNumber(props, 'delivery.timeout.ms', 2_147_483_647),
      maxBlockMs: Math.min(2_147_483_647, clientNumber(props, 'max.block.ms', 2_147_483_647)),
      bufferMemory: clientNumber(props, 'buffer.memory', DEFAULT_BUFFER_BYTES),
      compressionType: compression as CompressionType,
      lingerMs: 0,
    },
  }
}

function acksOf(text: string | undefined): -1 | 0 | 1 {
  switch (text?.trim()) {
    case undefined:
    case 'all':
    case '-1':
      return -1
    case '0':
      return 0
    case '1':
      return 1
    default:
      throw new ConfigError(`Invalid value ${text} for the producer's acks: use all, -1, 0 or 1`)
  }
}
