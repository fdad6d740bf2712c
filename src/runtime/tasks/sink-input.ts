import { Consumer, createCluster } from '../../client/index.ts'
import type { ConsumerOptions } from '../../client/index.ts'
import { ConfigError, JavaRegex } from '../../connect/index.ts'
import type { TaskClient } from '../metrics/task-meter.ts'
import { clientNumber, clientOptions, clientProps } from './client-settings.ts'
import { booleanProp, listProp, type Props } from './props.ts'
import type { TaskEnvironment } from './task-environment.ts'

/** What a sink task may hold fetched but not delivered, unless `fetch.max.bytes` says otherwise. */
const DEFAULT_FETCH_MAX_BYTES = 16_777_216

/**
 * How long a broker may hold a fetch for which it has had nothing for a while, unless `fetch.max.wait.ms` says otherwise.
 * Kafka Connect's 500 ms are no sooner at a record that arrives, and cost an idle task sixty times the requests.
 */
const FETCH_MAX_IDLE_WAIT_MS = 30_000

/** What a sink task needs of its consumer. */
export type SinkConsumer = Pick<
  Consumer,
  'subscribe' | 'poll' | 'release' | 'position' | 'seek' | 'pause' | 'resume' | 'commit' | 'close'
>

export interface SinkInput {
  readonly consumer: SinkConsumer
  /** The most records for one `put`: `max.poll.records`. */
  readonly maxRecords: number
  readonly subscription: { readonly topics: string[] } | { readonly pattern: RegExp }
  /** For metrics. */
  readonly client?: TaskClient
  /** Ends all connections. */
  disconnect(): Promise<void>
}

/** Makes the consumer of a sink task, group `connect-<name>` unless overridden. Throws `ConfigError`. */
export function openSinkInput(env: TaskEnvironment): SinkInput {
  const { connector, task } = env.id
  const props = clientProps('consumer', env.config, env.connectorProps, {
    'client.id': `connector-consumer-${connector}-${task}`,
    'group.id': `connect-${connector}`,
    'auto.offset.reset': 'earliest',
  })
  const subscription = subscriptionOf(env.connectorProps)
  const options = consumerOptions(props)
  const cluster = createCluster(clientOptions(props, env.logger))
  return {
    client: { id: cluster.options.clientId, meter: cluster.meter },
    disconnect: () => cluster.close(),
    consumer: new Consumer(cluster, options),
    maxRecords: Math.max(1, clientNumber(props, 'max.poll.records', 500)),
    subscription,
  }
}

function subscriptionOf(props: Props): SinkInput['subscription'] {
  const topics = listProp(props, 'topics')
  const pattern = props['topics.regex']?.trim() ?? ''
  if (topics.length > 0 && pattern !== '')
    throw new ConfigError('topics and topics.regex are mutually exclusive options, but both are set')
  if (topics.length > 0) return { topics: [...new Set(topics)] }
  if (pattern === '') throw new ConfigError('Must configure one of topics or topics.regex')
  try {
    return { pattern: new JavaRegex(pattern).toRegExp() }
  } catch (error) {
    throw new ConfigError(`Invalid value for configuration topics.regex: ${(error as Error).message}`)
  }
}

function consumerOptions(props: Props): ConsumerOptions {
  const reset = oneOf(props, 'auto.offset.reset', ['earliest', 'latest', 'none'] as const, 'earliest')
  const isolation = oneOf(props, 'isolation.level', ['read_uncommitted', 'read_committed'] as const, 'read_uncommitted')
  const strategies = listProp(props, 'partition.assignment.strategy').map(strategyOf)
  const instance = props['group.instance.id']
  return {
    groupId: props['group.id'] ?? '',
    ...(instance === undefined ? {} : { groupInstanceId: instance }),
    autoOffsetReset: reset,
    isolationLevel: isolation,
    fetchMinBytes: clientNumber(props, 'fetch.min.bytes', 1),
    ...fetchWaits(props),
    fetchMaxBytes: clientNumber(props, 'fetch.max.bytes', DEFAULT_FETCH_MAX_BYTES),
    maxPartitionFetchBytes: clientNumber(props, 'max.partition.fetch.bytes', 1_048_576),
    sessionTimeoutMs: clientNumber(props, 'session.timeout.ms', 45_000),
    heartbeatIntervalMs: clientNumber(props, 'heartbeat.interval.ms', 3000),
    maxPollIntervalMs: clientNumber(props, 'max.poll.interval.ms', 300_000),
    allowAutoCreateTopics: booleanProp(props, 'allow.auto.create.topics', true),
    ...(strategies.length === 0 ? {} : { partitionAssignmentStrategy: strategies }),
  }
}

/** What the user sets holds. With a larger `fetch.min.bytes` the time is what bounds the wait for more. */
function fetchWaits(props: Props): Pick<ConsumerOptions, 'fetchMaxWaitMs' | 'fetchMaxIdleWaitMs'> {
  const given = clientNumber(props, 'fetch.max.wait.ms', Number.NaN)
  if (!Number.isNaN(given)) return { fetchMaxWaitMs: given }
  if (clientNumber(props, 'fetch.min.bytes', 1) > 1) return {}
  return { fetchMaxIdleWaitMs: FETCH_MAX_IDLE_WAIT_MS }
}

const strategies = {
  RangeAssignor: 'range',
  RoundRobinAssignor: 'roundrobin',
  StickyAssignor: 'sticky',
  CooperativeStickyAssignor: 'cooperative-sticky',
} as const

function strategyOf(className: string): (typeof strategies)[keyof typeof strategies] {
  const simple = className.slice(className.lastIndexOf('.') + 1)
  if (Object.hasOwn(strategies, simple)) return strategies[simple as keyof typeof strategies]
  const known = Object.values(strategies).find((name) => name === className)
  if (known) return known
  throw new ConfigError(
    `Invalid value ${className} for the consumer's partition.assignment.strategy: use one of ${Object.keys(strategies).join(', ')}`,
  )
}

function oneOf<T extends string>(props: Props, key: string, allowed: readonly T[], byDefault: T): T {
  const text = props[key]?.trim().toLowerCase() ?? byDefault
  const found = allowed.find((value) => value === text)
  if (found === undefined)
    throw new ConfigError(`Invalid value ${text} for the consumer's ${key}: use one of ${allowed.join(', ')}`)
  return found
}
