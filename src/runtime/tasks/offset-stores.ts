import type { Logger } from '../../base/logger.ts'
import { Admin, type Cluster, createCluster, Producer } from '../../client/index.ts'
import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { ensureInternalTopics } from '../stores/internal-topics.ts'
import { outsideOfScopes } from '../plugins/plugin-scope.ts'
import { clientOptions } from './client-settings.ts'
import { offsetKey, offsetValue } from './offset-json.ts'
import { OffsetLog } from './offset-log.ts'
import type { Props } from './props.ts'
import { propsWithPrefix } from './props.ts'
import type { CommittableOffset } from './submitted-records.ts'

/** How long to try to create a connector's own offsets topic. */
const TOPIC_TIMEOUT_MS = 60_000

/** Reads and writes the source offsets of connectors. */
export interface OffsetStore {
  /** Current offsets, read to the end of the topic first; null for partitions that have none. */
  read(connector: string, partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]>
  /** Resolves when all of them are stored. */
  write(connector: string, offsets: readonly CommittableOffset[]): Promise<void>
}

/** The offset stores of a thread: that of the worker, and those of connectors with an `offsets.storage.topic` of their own. */
export class OffsetStores {
  readonly #config: WorkerConfig
  readonly #logger: Logger
  readonly #local: OffsetStore | null
  readonly #topics = new Map<string, TopicOffsetStore>()
  #cluster: Cluster | null = null
  #producer: Producer | null = null

  /** @param local a store that takes the place of the worker's topic, as a standalone worker has it */
  constructor(config: WorkerConfig, logger: Logger, local: OffsetStore | null = null) {
    this.#config = config
    this.#logger = logger
    this.#local = local
  }

  /** Connects when first used. */
  forConnector(connectorProps: Props): OffsetStore {
    if (this.#local !== null) return this.#local
    const worker = this.#topic(this.#config.offsetStorage.topic)
    const own = connectorProps['offsets.storage.topic']?.trim()
    if (!own || own === this.#config.offsetStorage.topic) return worker
    return new LayeredOffsetStore(this.#topic(own), worker, this.#logger)
  }

  #topic(name: string): TopicOffsetStore {
    let store = this.#topics.get(name)
    if (store === undefined) {
      let made: Promise<void> | null = null
      const prepare = (): Promise<void> => {
        made ??= this.#ensureTopic(name).catch((error: unknown) => {
          made = null
          throw error
        })
        return made
      }
      const log = new OffsetLog(name, () => this.#open().cluster, prepare)
      store = new TopicOffsetStore(name, log, prepare, () => this.#open().producer)
      this.#topics.set(name, store)
    }
    return store
  }

  /** The worker has made its own topic, but not those that connectors name. */
  async #ensureTopic(topic: string): Promise<void> {
    const shared = this.#config.offsetStorage
    if (topic === shared.topic) return
    await ensureInternalTopics(new Admin(this.#open().cluster), [{ kind: 'offset', config: { ...shared, topic } }], {
      timeoutMs: TOPIC_TIMEOUT_MS,
      logger: this.#logger,
      signal: AbortSignal.timeout(TOPIC_TIMEOUT_MS),
    })
  }

  #open(): { cluster: Cluster; producer: Producer } {
    return outsideOfScopes(() => this.#openOnce())
  }

  #openOnce(): { cluster: Cluster; producer: Producer } {
    if (this.#cluster === null || this.#producer === null) {
      const props = {
        ...propsWithPrefix(this.#config.properties, 'producer.'),
        'bootstrap.servers': this.#config.bootstrapServers.join(','),
        'client.id': 'connector-offsets',
      }
      this.#cluster = createCluster(clientOptions(props, this.#logger))
      this.#producer = new Producer(this.#cluster, { acks: -1, deliveryTimeoutMs: 2_147_483_647, lingerMs: 1 })
    }
    return { cluster: this.#cluster, producer: this.#producer }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#topics.values()].map((store) => store.log.close()))
    await this.#producer?.close()
    await this.#cluster?.close()
    this.#topics.clear()
    this.#producer = null
    this.#cluster = null
  }
}

class TopicOffsetStore implements OffsetStore {
  readonly log: OffsetLog
  readonly #topic: string
  readonly #prepare: () => Promise<void>
  readonly #producer: () => Producer

  constructor(topic: string, log: OffsetLog, prepare: () => Promise<void>, producer: () => Producer) {
    this.#prepare = prepare
    this.#topic = topic
    this.log = log
    this.#producer = producer
  }

  async read(connector: string, partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]> {
    if (partitions.length === 0) return []
    await this.log.readToEnd()
    return partitions.map((partition) => this.log.get(connector, partition))
  }

  async write(connector: string, offsets: readonly CommittableOffset[]): Promise<void> {
    const producer = this.#producer()
    await outsideOfScopes(() => this.#prepare())
    const encoder = new TextEncoder()
    const records = offsets.map(({ partition, offset }) => ({
      topic: this.#topic,
      key: encoder.encode(offsetKey(connector, partition)),
      value: encoder.encode(offsetValue(offset)),
    }))
    await outsideOfScopes(() => Promise.all(records.map((record) => producer.send(record))))
  }
}

/** A connector's own offsets topic, in front of the worker's: reads fall back to the worker's, writes go to both. */
class LayeredOffsetStore implements OffsetStore {
  readonly #own: OffsetStore
  readonly #worker: OffsetStore
  readonly #logger: Logger

  constructor(own: OffsetStore, worker: OffsetStore, logger: Logger) {
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
}
