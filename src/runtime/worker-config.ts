import { withoutPrefix } from '../connect/index.ts'
import type { ParsedValue } from './config-def/key.ts'
import { invalidValue, parseKey } from './config-def/parse.ts'
import { WorkerConfigError } from './errors.ts'
import { connectionKeys, saslKeys, sslKeys } from './worker-config/client-keys.ts'
import { clusterKeys } from './worker-config/cluster-keys.ts'
import { type ResponseHeaderRule, responseHeaderRules, restKeys } from './worker-config/rest-keys.ts'
import { serverTls, type ServerTls } from './worker-config/server-tls.ts'
import { sharedKeys, threadKeys } from './worker-config/shared-keys.ts'
import type { WorkerKey } from './worker-config/worker-key.ts'

export { withoutPrefix }

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

/** Settings of the REST server beside `listeners` and `rest.advertised.*`. */
export interface RestConfig {
  /** Null: the administration endpoints are at the ordinary listeners; empty: there are none. */
  readonly adminListeners: readonly string[] | null
  /** `access.control.allow.origin`: empty for none, `*` for all. */
  readonly allowOrigin: string
  /** `access.control.allow.methods`: empty for GET, POST and HEAD. */
  readonly allowMethods: string
  /** `response.http.headers.config`, in order. */
  readonly responseHeaders: readonly ResponseHeaderRule[]
  /** `rest.extension.classes`, in order. */
  readonly extensionClasses: readonly string[]
  /** `ssl.*` for https listeners, and for https admin listeners. Holds secrets. */
  readonly tls: ServerTls
  readonly adminTls: ServerTls
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
  /** Most bytes of a record in one of these topics. */
  readonly maxRequestSize: number
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
  /** What only the REST server reads. */
  readonly rest: RestConfig
  readonly interWorkerKeyAlgorithm: string
  /** In bits; null: the algorithm's own. */
  readonly interWorkerKeySize: number | null
  readonly interWorkerKeyTtlMs: number
  readonly interWorkerSignatureAlgorithm: string
  readonly interWorkerVerificationAlgorithms: readonly string[]
  /** Alias → class and parameters of each configuration provider. */
  readonly configProviders: readonly { alias: string; class: string; params: Readonly<Record<string, string>> }[]
}

/** Every property of a worker of a cluster, for its check and for documentation. */
export const workerKeys: readonly WorkerKey[] = [
  ...sharedKeys,
  ...clusterKeys,
  ...connectionKeys,
  ...saslKeys,
  ...restKeys,
  ...sslKeys,
  ...threadKeys,
]

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
  const name = 'inter.worker.verification.algorithms'
  if (errors[name] === undefined && signature !== null && !accepted.includes(signature)) {
    errors[name] = [invalidValue(accepted, name, `Must contain inter.worker.signature.algorithm (${signature})`)]
  }
  if (Object.keys(errors).length > 0) throw new WorkerConfigError(errors)
  const text = (name: string): string => values[name] as string
  const number = (name: string): number => values[name] as number
  const flag = (name: string): boolean => values[name] as boolean
  const list = (name: string): readonly string[] => (values[name] ?? []) as readonly string[]
  const adminListeners = values['admin.listeners'] as readonly string[] | null
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
    maxRequestSize: number('max.request.size'),
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
    // Empty, as from a variable that is not set, it counts as not set.
    advertisedHost: (values['rest.advertised.host.name'] as string | null) || null,
    advertisedPort: values['rest.advertised.port'] as number | null,
    advertisedListener: values['rest.advertised.listener'] as string | null,
    rest: {
      adminListeners: adminListeners === null ? null : adminListeners.filter((url) => url.trim() !== ''),
      allowOrigin: text('access.control.allow.origin'),
      allowMethods: text('access.control.allow.methods'),
      // Faulty rules were found above.
      responseHeaders: responseHeaderRules(text('response.http.headers.config')) as ResponseHeaderRule[],
      extensionClasses: list('rest.extension.classes'),
      tls: serverTls(props, 'listeners.https.'),
      adminTls: serverTls(props, 'admin.listeners.https.'),
    },
    interWorkerKeyAlgorithm: text('inter.worker.key.generation.algorithm'),
    interWorkerKeySize: values['inter.worker.key.size'] as number | null,
    interWorkerKeyTtlMs: number('inter.worker.key.ttl.ms'),
    interWorkerSignatureAlgorithm: signature,
    interWorkerVerificationAlgorithms: accepted,
    configProviders: declaredProviders(props),
  }
}

/** The configuration providers of `config.providers`; a class that is not set is empty. */
export function declaredProviders(props: Readonly<Record<string, string>>): WorkerConfig['configProviders'] {
  const aliases = (props['config.providers'] ?? '').split(',').map((alias) => alias.trim())
  return aliases
    .filter((alias) => alias !== '')
    .map((alias) => ({
      alias,
      class: props[`config.providers.${alias}.class`]?.trim() ?? '',
      params: withoutPrefix(props, `config.providers.${alias}.param.`),
    }))
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
  return { topic: props[`${kind}.storage.topic`]?.trim() ?? '', partitions, replicationFactor, settings }
}
