import { key, type ConfigKey, type ParsedValue } from './config-def/key.ts'
import { invalidValue, parseKey } from './config-def/parse.ts'
import { atLeast, brokerDefaultOrPositive, oneOf, oneOfIgnoringCase } from './config-def/validators.ts'
import { WorkerConfigError } from './errors.ts'

export type ConnectProtocol = 'eager' | 'compatible' | 'sessioned'
export type ExactlyOnceSupport = 'disabled' | 'preparing' | 'enabled'

/** One internal topic: its name and how to create it. */
export interface InternalTopicConfig {
  readonly topic: string
  /** −1: the broker's default. */
  readonly partitions: number
  /** −1: the broker's default. */
  readonly replicationFactor: number
  /** Extra topic settings, without `cleanup.policy`. */
  readonly settings: Readonly<Record<string, string>>
}

/** The worker's properties, parsed. Names are Kafka Connect's; times are milliseconds. */
export interface WorkerConfig {
  /** As given, for client settings and for plugins; holds secrets: never log it. */
  readonly properties: Readonly<Record<string, string>>
  readonly bootstrapServers: readonly string[]
  readonly groupId: string
  readonly clientId: string
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  readonly connectProtocol: ConnectProtocol
  readonly scheduledRebalanceMaxDelayMs: number
  readonly workerSyncTimeoutMs: number
  readonly workerUnsyncBackoffMs: number
  readonly configStorage: InternalTopicConfig
  readonly offsetStorage: InternalTopicConfig
  readonly statusStorage: InternalTopicConfig
  readonly keyConverter: string
  readonly valueConverter: string
  readonly headerConverter: string
  readonly taskShutdownGracefulTimeoutMs: number
  readonly offsetFlushIntervalMs: number
  readonly offsetFlushTimeoutMs: number
  readonly pluginPath: readonly string[]
  readonly topicCreationEnable: boolean
  readonly topicTrackingEnable: boolean
  readonly topicTrackingAllowReset: boolean
  readonly clientConfigOverridePolicy: string
  readonly exactlyOnceSupport: ExactlyOnceSupport
  readonly listeners: readonly string[]
  readonly advertisedHost: string | null
  readonly advertisedPort: number | null
  readonly advertisedListener: string | null
  readonly interWorkerKeyAlgorithm: string
  /** In bits; null: the algorithm's own. */
  readonly interWorkerKeySize: number | null
  readonly interWorkerKeyTtlMs: number
  readonly interWorkerSignatureAlgorithm: string
  readonly interWorkerVerificationAlgorithms: readonly string[]
  /** Alias → class and parameters of each configuration provider. */
  readonly configProviders: readonly { alias: string; class: string; params: Readonly<Record<string, string>> }[]
}

const workerKeys: readonly ConfigKey[] = [
  key(
    'bootstrap.servers',
    'LIST',
    'localhost:9092',
    'HIGH',
    'Brokers to start from, as host:port, separated by commas.',
  ),
  key('group.id', 'STRING', undefined, 'HIGH', 'Names the cluster of workers that this one belongs to.'),
  key('client.id', 'STRING', '', 'LOW', 'Goes into the names of the clients that the worker makes.'),
  key('key.converter', 'CLASS', undefined, 'HIGH', 'Converter of record keys, for connectors that name none.'),
  key('value.converter', 'CLASS', undefined, 'HIGH', 'Converter of record values, for connectors that name none.'),
  key(
    'header.converter',
    'CLASS',
    'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    'LOW',
    'Converter of record headers, for connectors that name none.',
  ),
  key('config.storage.topic', 'STRING', undefined, 'HIGH', 'Topic that keeps connector configurations.'),
  key('offset.storage.topic', 'STRING', undefined, 'HIGH', 'Topic that keeps source offsets.'),
  key('status.storage.topic', 'STRING', undefined, 'HIGH', 'Topic that keeps connector and task statuses.'),
  key('config.storage.replication.factor', 'SHORT', '3', 'LOW', 'Replication factor of the configuration topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('offset.storage.replication.factor', 'SHORT', '3', 'LOW', 'Replication factor of the offsets topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('status.storage.replication.factor', 'SHORT', '3', 'LOW', 'Replication factor of the status topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('offset.storage.partitions', 'INT', '25', 'LOW', 'Partitions of the offsets topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('status.storage.partitions', 'INT', '5', 'LOW', 'Partitions of the status topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('session.timeout.ms', 'INT', '10000', 'HIGH', 'A worker that is silent for this long is taken for dead.', {
    validator: atLeast(1),
  }),
  key('heartbeat.interval.ms', 'INT', '3000', 'HIGH', 'Pause between heartbeats to the group coordinator.', {
    validator: atLeast(1),
  }),
  key('rebalance.timeout.ms', 'INT', '60000', 'HIGH', 'Time that a worker has to join a rebalance.', {
    validator: atLeast(1),
  }),
  key('connect.protocol', 'STRING', 'sessioned', 'LOW', 'Newest group protocol to offer.', {
    validator: oneOf('eager', 'compatible', 'sessioned'),
  }),
  key(
    'scheduled.rebalance.max.delay.ms',
    'INT',
    '300000',
    'LOW',
    'How long work of a departed worker waits for its return.',
    { validator: atLeast(0) },
  ),
  key('worker.sync.timeout.ms', 'INT', '3000', 'MEDIUM', 'Time to catch up with the configuration topic.', {
    validator: atLeast(0),
  }),
  key('worker.unsync.backoff.ms', 'INT', '300000', 'MEDIUM', 'Pause out of the group after failing to catch up.', {
    validator: atLeast(0),
  }),
  key('exactly.once.source.support', 'STRING', 'disabled', 'HIGH', 'Exactly-once for source connectors.', {
    validator: oneOfIgnoringCase('disabled', 'preparing', 'enabled'),
  }),
  key('task.shutdown.graceful.timeout.ms', 'LONG', '5000', 'LOW', 'Time for tasks to stop, all together.', {
    validator: atLeast(0),
  }),
  key('offset.flush.interval.ms', 'LONG', '60000', 'LOW', 'Pause between offset commits.', { validator: atLeast(0) }),
  key('offset.flush.timeout.ms', 'LONG', '5000', 'LOW', 'Time for an offset commit.', { validator: atLeast(0) }),
  key('plugin.path', 'LIST', null, 'LOW', 'Folders with plugins, separated by commas.'),
  key('topic.creation.enable', 'BOOLEAN', 'true', 'LOW', 'Whether source connectors may have their topics created.'),
  key('topic.tracking.enable', 'BOOLEAN', 'true', 'LOW', 'Whether topics that connectors use are recorded.'),
  key('topic.tracking.allow.reset', 'BOOLEAN', 'true', 'LOW', 'Whether the recorded topics may be reset over REST.'),
  key(
    'connector.client.config.override.policy',
    'STRING',
    'All',
    'MEDIUM',
    'Which client settings connectors may override: All, None or Principal.',
  ),
  key('config.providers', 'LIST', '', 'LOW', 'Aliases of configuration providers.'),
  key('listeners', 'LIST', 'http://127.0.0.1:8083', 'LOW', 'Addresses that the REST server listens on, as URLs.', {
    validator: (value, name) => listenersFault(value, name),
  }),
  key('rest.advertised.host.name', 'STRING', null, 'LOW', 'Host name that other workers reach this one by.'),
  key('rest.advertised.port', 'INT', null, 'LOW', 'Port that other workers reach this one by.'),
  key('rest.advertised.listener', 'STRING', null, 'LOW', 'Scheme that other workers reach this one by: http or https.'),
  key('inter.worker.key.generation.algorithm', 'STRING', 'HmacSHA256', 'LOW', 'Algorithm of the session key.', {
    validator: hmac,
  }),
  key('inter.worker.key.size', 'INT', null, 'LOW', 'Size of the session key in bits.'),
  key('inter.worker.key.ttl.ms', 'INT', '3600000', 'LOW', 'Age at which the session key is replaced.', {
    validator: atLeast(0),
  }),
  key('inter.worker.signature.algorithm', 'STRING', 'HmacSHA256', 'LOW', 'Algorithm that signs internal requests.', {
    validator: hmac,
  }),
  key('inter.worker.verification.algorithms', 'LIST', 'HmacSHA256', 'LOW', 'Algorithms accepted on internal requests.'),
]

function listenersFault(value: ParsedValue, name: string): string | null {
  const urls = (value ?? []) as readonly string[]
  if (urls.length === 0)
    return invalidValue(value, name, 'Must provide at least one listener, e.g. http://127.0.0.1:8083')
  const wrong = urls.find((url) => !/^http:\/\/[^/]*:\d+\/?$/.test(url))
  if (wrong === undefined) return null
  return invalidValue(
    wrong,
    name,
    wrong.startsWith('https:')
      ? 'https listeners are not supported yet; put a proxy in front'
      : 'Expected http://host:port',
  )
}

function hmac(value: ParsedValue, name: string): string | null {
  return /^HmacSHA(1|224|256|384|512)$/i.test(String(value))
    ? null
    : invalidValue(value, name, 'Unknown algorithm; HmacSHA256 is the usual one')
}

/** Parses and checks a worker's properties. Throws {@link WorkerConfigError} that names every faulty one. */
export function workerConfig(props: Readonly<Record<string, string>>): WorkerConfig {
  const values: Record<string, ParsedValue> = {}
  const errors: Record<string, string[]> = {}
  for (const configKey of workerKeys) {
    const parsed = parseKey(configKey, props)
    values[configKey.name] = parsed.value
    if (parsed.errors.length > 0) errors[configKey.name] = parsed.errors
  }
  const signature = values['inter.worker.signature.algorithm'] as string
  const accepted = (values['inter.worker.verification.algorithms'] ?? []) as readonly string[]
  if (signature !== null && !accepted.includes(signature)) {
    const name = 'inter.worker.verification.algorithms'
    errors[name] = [invalidValue(accepted, name, `Must contain inter.worker.signature.algorithm (${signature})`)]
  }
  if (Object.keys(errors).length > 0) throw new WorkerConfigError(errors)
  const text = (name: string): string => values[name] as string
  const number = (name: string): number => values[name] as number
  const flag = (name: string): boolean => values[name] as boolean
  const list = (name: string): readonly string[] => (values[name] ?? []) as readonly string[]
  return {
    properties: props,
    bootstrapServers: list('bootstrap.servers'),
    groupId: text('group.id'),
    clientId: text('client.id'),
    sessionTimeoutMs: number('session.timeout.ms'),
    heartbeatIntervalMs: number('heartbeat.interval.ms'),
    rebalanceTimeoutMs: number('rebalance.timeout.ms'),
    connectProtocol: text('connect.protocol') as ConnectProtocol,
    scheduledRebalanceMaxDelayMs: number('scheduled.rebalance.max.delay.ms'),
    workerSyncTimeoutMs: number('worker.sync.timeout.ms'),
    workerUnsyncBackoffMs: number('worker.unsync.backoff.ms'),
    configStorage: internalTopic(props, 'config', 1, number('config.storage.replication.factor')),
    offsetStorage: internalTopic(
      props,
      'offset',
      number('offset.storage.partitions'),
      number('offset.storage.replication.factor'),
    ),
    statusStorage: internalTopic(
      props,
      'status',
      number('status.storage.partitions'),
      number('status.storage.replication.factor'),
    ),
    keyConverter: text('key.converter'),
    valueConverter: text('value.converter'),
    headerConverter: text('header.converter'),
    taskShutdownGracefulTimeoutMs: number('task.shutdown.graceful.timeout.ms'),
    offsetFlushIntervalMs: number('offset.flush.interval.ms'),
    offsetFlushTimeoutMs: number('offset.flush.timeout.ms'),
    pluginPath: list('plugin.path'),
    topicCreationEnable: flag('topic.creation.enable'),
    topicTrackingEnable: flag('topic.tracking.enable'),
    topicTrackingAllowReset: flag('topic.tracking.allow.reset'),
    clientConfigOverridePolicy: text('connector.client.config.override.policy'),
    exactlyOnceSupport: text('exactly.once.source.support').toLowerCase() as ExactlyOnceSupport,
    listeners: list('listeners'),
    advertisedHost: values['rest.advertised.host.name'] as string | null,
    advertisedPort: values['rest.advertised.port'] as number | null,
    advertisedListener: values['rest.advertised.listener'] as string | null,
    interWorkerKeyAlgorithm: text('inter.worker.key.generation.algorithm'),
    interWorkerKeySize: values['inter.worker.key.size'] as number | null,
    interWorkerKeyTtlMs: number('inter.worker.key.ttl.ms'),
    interWorkerSignatureAlgorithm: signature,
    interWorkerVerificationAlgorithms: accepted,
    configProviders: list('config.providers').map((alias) => ({
      alias,
      class: props[`config.providers.${alias}.class`] ?? '',
      params: withoutPrefix(props, `config.providers.${alias}.param.`),
    })),
  }
}

const ownStorageKeys = new Set(['topic', 'partitions', 'replication.factor', 'cleanup.policy'])

function internalTopic(
  props: Readonly<Record<string, string>>,
  kind: 'config' | 'offset' | 'status',
  partitions: number,
  replicationFactor: number,
): InternalTopicConfig {
  const settings = withoutPrefix(props, `${kind}.storage.`)
  for (const own of ownStorageKeys) delete settings[own]
  return { topic: props[`${kind}.storage.topic`] ?? '', partitions, replicationFactor, settings }
}

/** The entries of `props` whose key starts with `prefix`, with the prefix cut off. */
export function withoutPrefix<V>(props: Readonly<Record<string, V>>, prefix: string): Record<string, V> {
  const found: Record<string, V> = {}
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith(prefix) && name.length > prefix.length) found[name.slice(prefix.length)] = value
  }
  return found
}
