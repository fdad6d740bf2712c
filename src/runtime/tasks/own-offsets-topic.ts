import type { Logger } from '../../base/logger.ts'
import { Admin, type Cluster, createCluster, type IsolationLevel, Producer } from '../../client/index.ts'
import { outsideOfScopes } from '../plugins/plugin-scope.ts'
import { ensureInternalTopics } from '../stores/internal-topics.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { clientOptions, clientProps, sourceProducerSettings } from './client-settings.ts'
import { listProp, type Props } from './props.ts'

/** How long to try to create the topic. */
const TOPIC_TIMEOUT_MS = 60_000

/** A topic of source offsets that a connector names for itself, and the settings of its clients that reach it. */
export interface OwnOffsetsTopic {
  readonly topic: string
  /** It is the worker's own topic on the worker's own cluster, as far as names tell. */
  readonly isWorkers: boolean
  readonly producer: Props
  readonly consumer: Props
  readonly admin: Props
}

/**
 * The topic that `offsets.storage.topic` names, on the cluster that the connector's clients are overridden to: null when
 * there is none. `name` goes into client ids. Throws `ConfigError` for overrides that the worker does not allow.
 */
export function ownOffsetsTopic(config: WorkerConfig, connectorProps: Props, name: string): OwnOffsetsTopic | null {
  const topic = connectorProps['offsets.storage.topic']?.trim()
  if (!topic) return null
  const props = (kind: 'producer' | 'consumer' | 'admin', defaults: Record<string, string>): Record<string, string> =>
    clientProps(kind, config, connectorProps, defaults)
  const producer = props('producer', { 'client.id': `connector-producer-${name}` })
  const servers = new Set(listProp(producer, 'bootstrap.servers'))
  const workers = new Set(config.bootstrapServers)
  const hasSameServers = servers.size === workers.size && [...workers].every((server) => servers.has(server))
  return {
    topic,
    isWorkers: topic === config.offsetStorage.topic && hasSameServers,
    producer,
    // A connector that was exactly-once before may have left aborted transactions in it.
    consumer: props('consumer', { 'client.id': `connector-consumer-${name}`, 'isolation.level': 'read_committed' }),
    admin: props('admin', { 'client.id': `connector-adminclient-${name}` }),
  }
}

/** Connections to a connector's own offsets topic, made when first used. They belong to nobody's plugin call. */
export class OwnOffsetsClients {
  readonly isolationLevel: IsolationLevel
  readonly #own: OwnOffsetsTopic
  readonly #config: WorkerConfig
  readonly #logger: Logger
  readonly #clusters = new Map<'producer' | 'consumer' | 'admin', Cluster>()
  readonly #closing = new AbortController()
  #producer: Producer | null = null
  #prepared: Promise<void> | null = null

  constructor(own: OwnOffsetsTopic, config: WorkerConfig, logger: Logger) {
    this.isolationLevel = own.consumer['isolation.level'] === 'read_uncommitted' ? 'read_uncommitted' : 'read_committed'
    this.#own = own
    this.#config = config
    this.#logger = logger
  }

  /** What a consumer reads the topic with. */
  cluster(): Cluster {
    return this.#clusterOf('consumer')
  }

  producer(): Producer {
    const { producer } = sourceProducerSettings(this.#own.producer)
    return (this.#producer ??= outsideOfScopes(
      () => new Producer(this.#clusterOf('producer'), { ...producer, lingerMs: 1 }),
    ))
  }

  /** Makes the topic when it is missing. */
  prepare(): Promise<void> {
    this.#prepared ??= outsideOfScopes(() => this.#ensureTopic()).catch((error: unknown) => {
      this.#prepared = null
      throw error
    })
    return this.#prepared
  }

  async #ensureTopic(): Promise<void> {
    const config = { ...this.#config.offsetStorage, topic: this.#own.topic }
    await ensureInternalTopics(new Admin(this.#clusterOf('admin')), [{ kind: 'offset', config }], {
      timeoutMs: TOPIC_TIMEOUT_MS,
      logger: this.#logger,
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TOPIC_TIMEOUT_MS)]),
    })
  }

  #clusterOf(kind: 'producer' | 'consumer' | 'admin'): Cluster {
    const known = this.#clusters.get(kind)
    if (known !== undefined) return known
    const made = outsideOfScopes(() => createCluster(clientOptions(this.#own[kind], this.#logger)))
    this.#clusters.set(kind, made)
    return made
  }

  /** Sends what was given, for a moment, and ends all connections. */
  async close(timeoutMs?: number): Promise<void> {
    this.#closing.abort()
    await this.#producer?.close(timeoutMs)
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.close()))
  }
}
