import type { Logger } from '../../base/logger.ts'
import { type Cluster, createCluster, type IsolationLevel, Producer } from '../../client/index.ts'
import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { outsideOfScopes } from '../plugins/plugin-scope.ts'
import { clientOptions } from './client-settings.ts'
import { offsetKey, offsetValue } from './offset-json.ts'
import { OffsetLog } from './offset-log.ts'
import { OwnOffsetsClients, ownOffsetsTopic } from './own-offsets-topic.ts'
import type { Props } from './props.ts'
import { propsWithPrefix } from './props.ts'
import type { CommittableOffset } from './submitted-records.ts'

/** Reads and writes the source offsets of connectors. */
export interface OffsetStore {
  /** Current offsets, read to the end of the topic first; null for partitions that have none. */
  read(connector: string, partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]>
  /** Resolves when all of them are stored. */
  write(connector: string, offsets: readonly CommittableOffset[]): Promise<void>
}

/** The store as a task has it, which closes it at its end. */
export interface TaskOffsetStore extends OffsetStore {
  /** Sends what was given within the time (by default some seconds) and ends the connections that are the task's own. */
  close(timeoutMs?: number): Promise<void>
}

/** Connections to a topic of offsets. */
interface OffsetsClients {
  readonly isolationLevel: IsolationLevel
  cluster(): Cluster
  producer(): Producer
  /** Makes sure that the topic is there. */
  prepare(): Promise<void>
  close(timeoutMs?: number): Promise<void>
}

/**
 * The offset stores of a thread: that of the worker, which its tasks share, and those of connectors that name a topic of
 * their own, which may be on another cluster.
 */
export class OffsetStores {
  readonly #config: WorkerConfig
  readonly #logger: Logger
  readonly #local: OffsetStore | null
  #worker: TopicOffsetStore | null = null

  /** @param local a store that takes the place of all topics, as a standalone worker has it */
  constructor(config: WorkerConfig, logger: Logger, local: OffsetStore | null = null) {
    this.#config = config
    this.#logger = logger
    this.#local = local
  }

  /** Connects when first used. Throws `ConfigError` for client settings that the worker does not allow. */
  forTask({ connector, task }: ConnectorTaskId, connectorProps: Props): TaskOffsetStore {
    if (this.#local !== null) return shared(this.#local)
    const own = ownOffsetsTopic(this.#config, connectorProps, `${connector}-${task}`)
    if (own === null) return shared(this.#workers())
    const store = new TopicOffsetStore(own.topic, new OwnOffsetsClients(own, this.#config, this.#logger))
    return own.isWorkers ? store : new LayeredOffsetStore(store, this.#workers(), this.#logger)
  }

  #workers(): TopicOffsetStore {
    const { topic } = this.#config.offsetStorage
    this.#worker ??= new TopicOffsetStore(topic, new WorkerOffsetsClients(this.#config, this.#logger))
    return this.#worker
  }

  async close(): Promise<void> {
    await this.#worker?.close()
    this.#worker = null
  }
}

/** A store that goes on when a task ends. */
function shared(store: OffsetStore): TaskOffsetStore {
  return {
    read: (connector, partitions) => store.read(connector, partitions),
    write: (connector, offsets) => store.write(connector, offsets),
    close: () => Promise.resolve(),
  }
}

/** Connections to the worker's topic, which the worker has made. */
class WorkerOffsetsClients implements OffsetsClients {
  readonly isolationLevel = 'read_uncommitted'
  readonly #config: WorkerConfig
  readonly #logger: Logger
  #open: { readonly cluster: Cluster; readonly producer: Producer } | null = null

  constructor(config: WorkerConfig, logger: Logger) {
    this.#config = config
    this.#logger = logger
  }

  cluster(): Cluster {
    return this.#opened().cluster
  }

  producer(): Producer {
    return this.#opened().producer
  }

  prepare(): Promise<void> {
    return Promise.resolve()
  }

  #opened(): { readonly cluster: Cluster; readonly producer: Producer } {
    this.#open ??= outsideOfScopes(() => {
      const props = {
        ...propsWithPrefix(this.#config.properties, 'producer.'),
        'bootstrap.servers': this.#config.bootstrapServers.join(','),
        'client.id': 'connector-offsets',
      }
      const cluster = createCluster(clientOptions(props, this.#logger))
      const { maxRequestSize } = this.#config
      const producer = new Producer(cluster, {
        acks: -1,
        deliveryTimeoutMs: 2_147_483_647,
        lingerMs: 1,
        maxRequestSize,
      })
      return { cluster, producer }
    })
    return this.#open
  }

  async close(timeoutMs?: number): Promise<void> {
    await this.#open?.producer.close(timeoutMs)
    await this.#open?.cluster.close()
    this.#open = null
  }
}

class TopicOffsetStore implements TaskOffsetStore {
  readonly #topic: string
  readonly #clients: OffsetsClients
  readonly #log: OffsetLog

  constructor(topic: string, clients: OffsetsClients) {
    this.#topic = topic
    this.#clients = clients
    this.#log = new OffsetLog(topic, clients)
  }

  async read(connector: string, partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]> {
    if (partitions.length === 0) return []
    await this.#log.readToEnd()
    return partitions.map((partition) => this.#log.get(connector, partition))
  }

  async write(connector: string, offsets: readonly CommittableOffset[]): Promise<void> {
    await this.#clients.prepare()
    const producer = this.#clients.producer()
    const encoder = new TextEncoder()
    const records = offsets.map(({ partition, offset }) => ({
      topic: this.#topic,
      key: encoder.encode(offsetKey(connector, partition)),
      value: encoder.encode(offsetValue(offset)),
    }))
    await outsideOfScopes(() => Promise.all(records.map((record) => producer.send(record))))
  }

  async close(timeoutMs?: number): Promise<void> {
    await this.#log.close()
    await this.#clients.close(timeoutMs)
  }
}

/** A connector's own offsets topic, in front of the worker's: reads fall back to the worker's, writes go to both. */
class LayeredOffsetStore implements TaskOffsetStore {
  readonly #own: TaskOffsetStore
  readonly #worker: OffsetStore
  readonly #logger: Logger

  constructor(own: TaskOffsetStore, worker: OffsetStore, logger: Logger) {
    this.#own = own
    this.#worker = worker
    this.#logger = logger
  }

  async read(connector: string, partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]> {
    const [own, worker] = await Promise.all([
      this.#own.read(connector, partitions),
      this.#worker.read(connector, partitions),
    ])
    return own.map((offset, i) => offset ?? worker[i] ?? null)
  }

  async write(connector: string, offsets: readonly CommittableOffset[]): Promise<void> {
    await this.#own.write(connector, offsets)
    // The connector's own topic is what counts.
    this.#worker.write(connector, offsets).catch((error: unknown) => {
      this.#logger.warn({ connector, err: error }, "Source offsets could not be copied to the worker's offsets topic")
    })
  }

  close(timeoutMs?: number): Promise<void> {
    return this.#own.close(timeoutMs)
  }
}
