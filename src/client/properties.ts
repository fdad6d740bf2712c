import type { Logger } from '../base/logger.ts'
import { type CompressionType, compressionTypes } from '../protocol/records/index.ts'
import type { AssignmentStrategy, ConsumerOptions } from './consumer/options.ts'
import { ClientConfigError } from './errors.ts'
import { type ClientOptions, resolveClientOptions } from './options.ts'
import type { ProducerOptions } from './producer/options.ts'

/** Settings by Kafka's names, as they stand in a properties file. Names that do not concern clients may be among them. */
export type Properties = Readonly<Record<string, string | null | undefined>>

const INT_MAX = 2147483647

/**
 * What `bootstrap.servers`, `client.id`, `request.timeout.ms` and so on say, as options of `createCluster`.
 * @throws ClientConfigError naming the setting, also for `security.protocol` other than PLAINTEXT
 */
export function clientOptionsFromProperties(properties: Properties, extra: { logger?: Logger } = {}): ClientOptions {
  const read = new PropertyReader(properties)
  const protocol = read.text('security.protocol') ?? 'PLAINTEXT'
  if (protocol.toUpperCase() !== 'PLAINTEXT') {
    throw new ClientConfigError('security.protocol', `only PLAINTEXT is supported so far, not ${protocol}`)
  }
  const options: ClientOptions = defined({
    bootstrapServers: read.list('bootstrap.servers') ?? [],
    clientId: read.text('client.id') || undefined,
    requestTimeoutMs: read.int('request.timeout.ms', 1),
    defaultApiTimeoutMs: read.int('default.api.timeout.ms', 1),
    retryBackoffMs: read.int('retry.backoff.ms', 0),
    retryBackoffMaxMs: read.int('retry.backoff.max.ms', 0),
    reconnectBackoffMs: read.int('reconnect.backoff.ms', 0),
    reconnectBackoffMaxMs: read.int('reconnect.backoff.max.ms', 0),
    connectionSetupTimeoutMs: read.int('socket.connection.setup.timeout.ms', 1),
    metadataMaxAgeMs: read.int('metadata.max.age.ms', 0),
    connectionsMaxIdleMs: read.int('connections.max.idle.ms', -1),
    logger: extra.logger,
  })
  resolveClientOptions(options)
  return options
}

/** What `acks`, `linger.ms`, `batch.size` and so on say. @throws ClientConfigError naming the setting */
export function producerOptionsFromProperties(properties: Properties): ProducerOptions {
  const read = new PropertyReader(properties)
  if (read.text('transactional.id')) {
    throw new ClientConfigError('transactional.id', 'transactions are not supported so far: leave it out')
  }
  const acks = read.oneOf('acks', ['all', '-1', '0', '1'])
  return defined({
    acks: acks === undefined ? undefined : acks === 'all' || acks === '-1' ? -1 : acks === '0' ? 0 : 1,
    enableIdempotence: read.boolean('enable.idempotence'),
    compressionType: read.oneOf<CompressionType>('compression.type', compressionTypes),
    lingerMs: read.int('linger.ms', 0),
    batchSize: read.int('batch.size', 0),
    maxRequestSize: read.int('max.request.size', 0),
    maxInFlight: read.int('max.in.flight.requests.per.connection', 1),
    retries: read.int('retries', 0),
    deliveryTimeoutMs: read.int('delivery.timeout.ms', 0),
    requestTimeoutMs: read.int('request.timeout.ms', 1),
    bufferMemory: read.int('buffer.memory', 0, Number.MAX_SAFE_INTEGER),
    maxBlockMs: read.int('max.block.ms', 0),
  } satisfies Loose<ProducerOptions>)
}

const strategyNames: Record<string, AssignmentStrategy> = {
  range: 'range',
  'org.apache.kafka.clients.consumer.RangeAssignor': 'range',
  roundrobin: 'roundrobin',
  'org.apache.kafka.clients.consumer.RoundRobinAssignor': 'roundrobin',
  sticky: 'sticky',
  'org.apache.kafka.clients.consumer.StickyAssignor': 'sticky',
  'cooperative-sticky': 'cooperative-sticky',
  'org.apache.kafka.clients.consumer.CooperativeStickyAssignor': 'cooperative-sticky',
}

/** What `group.id`, `auto.offset.reset`, `fetch.max.bytes` and so on say. @throws ClientConfigError naming the setting */
export function consumerOptionsFromProperties(properties: Properties): ConsumerOptions {
  const read = new PropertyReader(properties)
  const strategies = read.list('partition.assignment.strategy')?.map((name) => {
    const strategy = strategyNames[name]
    if (strategy !== undefined) return strategy
    const known = Object.keys(strategyNames).join(', ')
    throw new ClientConfigError('partition.assignment.strategy', `'${name}' is not one of ${known}`)
  })
  return defined({
    groupId: read.text('group.id') || undefined,
    groupInstanceId: read.text('group.instance.id') || undefined,
    autoOffsetReset: read.oneOf('auto.offset.reset', ['earliest', 'latest', 'none'] as const),
    fetchMinBytes: read.int('fetch.min.bytes', 0),
    fetchMaxWaitMs: read.int('fetch.max.wait.ms', 0),
    fetchMaxBytes: read.int('fetch.max.bytes', 1),
    maxPartitionFetchBytes: read.int('max.partition.fetch.bytes', 1),
    isolationLevel: read.oneOf('isolation.level', ['read_uncommitted', 'read_committed'] as const),
    maxPollRecords: read.int('max.poll.records', 1),
    sessionTimeoutMs: read.int('session.timeout.ms', 1),
    heartbeatIntervalMs: read.int('heartbeat.interval.ms', 1),
    maxPollIntervalMs: read.int('max.poll.interval.ms', 1),
    partitionAssignmentStrategy: strategies,
    allowAutoCreateTopics: read.boolean('allow.auto.create.topics'),
    requestTimeoutMs: read.int('request.timeout.ms', 1),
  } satisfies Loose<ConsumerOptions>)
}

type Loose<T> = { [K in keyof T]?: T[K] | undefined }

/** Without the entries that are undefined: those settings keep their defaults. */
function defined<T extends object>(entries: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** Reads settings of one type each; undefined when there is none. */
class PropertyReader {
  readonly #properties: Properties

  constructor(properties: Properties) {
    this.#properties = properties
  }

  text(name: string): string | undefined {
    return this.#properties[name]?.trim()
  }

  int(name: string, min: number, max = INT_MAX): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || value > max) throw new ClientConfigError(name, `'${text}' is not a whole number`)
    if (value < min) throw new ClientConfigError(name, `${value} is less than ${min}`)
    return value
  }

  boolean(name: string): boolean | undefined {
    const text = this.text(name)?.toLowerCase()
    if (text === undefined) return undefined
    if (text !== 'true' && text !== 'false') throw new ClientConfigError(name, `'${text}' is neither true nor false`)
    return text === 'true'
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const found = values.find((value) => value === text.toLowerCase())
    if (found === undefined) throw new ClientConfigError(name, `'${text}' is not one of ${values.join(', ')}`)
    return found
  }

  list(name: string): string[] | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  }
}
