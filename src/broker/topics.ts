import type { Logger } from '../base/logger.ts'
import { ErrorCode, ProtocolError } from '../protocol/errors.ts'
import { randomUuid } from '../protocol/primitives/uuid.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { effectiveTopicConfig, type TopicOverrides } from './config/topic-config.ts'
import { logConfigFrom } from './log/log-config.ts'
import type { LogManager } from './log/log-manager.ts'
import type { PartitionLog } from './log/partition-log.ts'
import type { MetadataStore, StoredTopic } from './metadata-store.ts'
import { CONSUMER_OFFSETS, collisionKey, invalidTopicName, isInternalTopic } from './topic-name.ts'

/** A topic as the handlers see it. Replaced as a whole when something changes. */
export interface Topic {
  readonly name: string
  readonly id: string
  readonly partitions: number
  readonly overrides: TopicOverrides
  readonly isInternal: boolean
}

/** Topics of many partitions of which few are ever used: their logs are made when something is written to them. */
export const sparseTopics: ReadonlySet<string> = new Set([CONSUMER_OFFSETS])

/** The one leader epoch that all partitions of a single node have. */
export const LEADER_EPOCH = 0

/** The broker's topics: their names, ids, settings and logs. Changes are on disk before they are answered. */
export class Topics {
  readonly #store: MetadataStore
  readonly #logs: LogManager
  readonly #config: BrokerConfig
  readonly #logger: Logger
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  readonly #collisions = new Map<string, string>()
  readonly #creating = new Map<string, Promise<Topic>>()
  readonly #opening = new Map<string, Promise<PartitionLog>>()
  readonly #deletionListeners = new Set<(topic: Topic) => Promise<void>>()

  private constructor(store: MetadataStore, logs: LogManager, config: BrokerConfig, logger: Logger) {
    this.#store = store
    this.#logs = logs
    this.#config = config
    this.#logger = logger
  }

  /**
   * Brings the stored topics and the logs on disk together: unfinished deletions are finished, logs of unknown topics are
   * taken over, missing logs are made.
   */
  static async load(store: MetadataStore, logs: LogManager, config: BrokerConfig, logger: Logger): Promise<Topics> {
    const topics = new Topics(store, logs, config, logger)
    await topics.#load()
    return topics
  }

  async #load(): Promise<void> {
    const { topics, deleting } = this.#store.data
    let isChanged = false
    for (const name of Object.keys(deleting)) {
      if (topics[name] === undefined) await this.#logs.delete(name)
      delete deleting[name]
      isChanged = true
    }
    for (const { topic, topicId, partitions } of this.#logs.topics()) {
      if (topics[topic] !== undefined) continue
      this.#logger.warn({ topic }, 'Found the logs of a topic that was not registered; taking it over')
      topics[topic] =
        topic === CONSUMER_OFFSETS
          ? this.#offsetsTopic(topicId, partitions.length)
          : { id: topicId, partitions: partitions.length, configs: {} }
      isChanged = true
    }
    if (topics[CONSUMER_OFFSETS] === undefined) {
      topics[CONSUMER_OFFSETS] = this.#offsetsTopic(randomUuid(), 0)
      isChanged = true
    }
    if (isChanged) await this.#store.save()
    for (const [name, stored] of Object.entries(topics)) {
      const topic = this.#register(name, stored)
      if (!sparseTopics.has(name)) {
        await this.#logs.create(name, topic.partitions, topic.id, this.#logConfig(topic))
      }
    }
  }

  /** Which partition a group is in depends on their number: it is fixed from here on. */
  #offsetsTopic(id: string, minPartitions: number): StoredTopic {
    return {
      id,
      partitions: Math.max(minPartitions, this.#config.number('offsets.topic.num.partitions')),
      configs: {
        'cleanup.policy': 'compact',
        'compression.type': 'producer',
        'segment.bytes': this.#config.string('offsets.topic.segment.bytes'),
      },
    }
  }

  #register(name: string, stored: StoredTopic): Topic {
    const topic: Topic = {
      name,
      id: stored.id,
      partitions: stored.partitions,
      overrides: stored.configs,
      isInternal: isInternalTopic(name),
    }
    this.#byName.set(name, topic)
    this.#byId.set(topic.id, topic)
    this.#collisions.set(collisionKey(name), name)
    return topic
  }

  #logConfig(topic: Pick<Topic, 'overrides'>) {
    return logConfigFrom(effectiveTopicConfig(topic.overrides, this.#config))
  }

  /** Every topic, in the order of their names. */
  all(): Topic[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): Topic | undefined {
    return this.#byId.get(id)
  }

  /** The log of a partition if it exists and has been made; internal topics get theirs only when needed. */
  log(name: string, partition: number): PartitionLog | undefined {
    return this.#byName.has(name) ? this.#logs.get(name, partition) : undefined
  }

  /**
   * The log of a partition, made now if it was not needed before.
   * @throws {ProtocolError} UNKNOWN_TOPIC_OR_PARTITION
   */
  async openLog(name: string, partition: number): Promise<PartitionLog> {
    const existing = this.log(name, partition)
    if (existing !== undefined) return existing
    const topic = this.#byName.get(name)
    if (topic === undefined || !(partition >= 0 && partition < topic.partitions)) {
      throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
    const key = `${name}-${partition}`
    const opening =
      this.#opening.get(key) ??
      this.#logs
        .createPartition(name, partition, topic.id, this.#logConfig(topic))
        .finally(() => this.#opening.delete(key))
    this.#opening.set(key, opening)
    return opening
  }

  /** Says why a topic of this name cannot be made: the error, or null. */
  creationError(name: string): ProtocolError | null {
    const complaint = invalidTopicName(name)
    if (complaint !== null) return new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, complaint)
    if (this.#byName.has(name) || this.#creating.has(name)) {
      return new ProtocolError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`)
    }
    const other = this.#collisions.get(collisionKey(name))
    if (other !== undefined) {
      const text = `Topic '${name}' collides with existing topic: ${other}`
      return new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, text)
    }
    return null
  }

  /** Waits until a creation of this name that is under way has ended, either way: until then nobody else sees the topic. */
  async creationEnded(name: string): Promise<void> {
    await this.#creating.get(name)?.catch(() => undefined)
  }

  /** Makes a topic; `overrides` have been checked. @throws {ProtocolError} as {@link creationError} says */
  async create(name: string, partitions: number, overrides: TopicOverrides): Promise<Topic> {
    const error = this.creationError(name)
    if (error !== null) throw error
    const creation = this.#create(name, partitions, overrides).finally(() => {
      this.#creating.delete(name)
      if (!this.#byName.has(name)) this.#collisions.delete(collisionKey(name))
    })
    this.#creating.set(name, creation)
    this.#collisions.set(collisionKey(name), name)
    return creation
  }

  async #create(name: string, partitions: number, overrides: TopicOverrides): Promise<Topic> {
    const stored: StoredTopic = { id: randomUuid(), partitions, configs: { ...overrides } }
    const config = this.#logConfig({ overrides })
    try {
      await this.#logs.create(name, partitions, stored.id, config)
      this.#store.data.topics[name] = stored
      await this.#store.save()
    } catch (error) {
      delete this.#store.data.topics[name]
      await this.#logs.delete(name).catch(() => undefined)
      throw error
    }
    this.#logger.info({ topic: name, partitions }, 'Topic created')
    return this.#register(name, stored)
  }

  /** The topic of this name, made with the broker's defaults if there is none. */
  async ensure(name: string): Promise<Topic> {
    return (
      this.#byName.get(name) ?? this.#creating.get(name) ?? this.create(name, this.#config.number('num.partitions'), {})
    )
  }

  /** Has `listener` called, and waited for, when a topic was deleted. */
  onDelete(listener: (topic: Topic) => Promise<void>): void {
    this.#deletionListeners.add(listener)
  }

  /** Deletes a topic with its records. @throws {ProtocolError} UNKNOWN_TOPIC_OR_PARTITION */
  async delete(name: string): Promise<void> {
    const topic = this.#byName.get(name)
    if (topic === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const { data } = this.#store
    const stored = data.topics[name]
    this.#byName.delete(name)
    this.#byId.delete(topic.id)
    await this.#store.change(
      () => {
        delete data.topics[name]
        data.deleting[name] = topic.id
      },
      () => {
        delete data.deleting[name]
        if (stored === undefined) return
        data.topics[name] = stored
        this.#register(name, stored)
      },
    )
    await this.#logs.delete(name)
    for (const listener of this.#deletionListeners) await listener(topic)
    this.#collisions.delete(collisionKey(name))
    delete data.deleting[name]
    await this.#store.save()
    this.#logger.info({ topic: name }, 'Topic deleted')
  }

  /** Adds partitions up to `count`, which the caller has checked to be larger than now. */
  async addPartitions(name: string, count: number): Promise<void> {
    const topic = this.#byName.get(name)
    const stored = this.#store.data.topics[name]
    if (topic === undefined || stored === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    await this.#logs.create(name, count, topic.id, this.#logConfig(topic))
    const { partitions } = stored
    await this.#store.change(
      () => {
        stored.partitions = count
      },
      () => {
        stored.partitions = partitions
      },
    )
    this.#register(name, stored)
  }

  /** Replaces a topic's own settings; the caller has checked them. */
  async setOverrides(name: string, overrides: Record<string, string>): Promise<void> {
    const stored = this.#store.data.topics[name]
    if (stored === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const { configs } = stored
    await this.#store.change(
      () => {
        stored.configs = overrides
      },
      () => {
        stored.configs = configs
      },
    )
    this.#applyConfig(this.#register(name, stored))
  }

  /** Lets all logs know that defaults of the broker have changed. */
  applyDefaults(): void {
    for (const topic of this.#byName.values()) this.#applyConfig(topic)
  }

  #applyConfig(topic: Topic): void {
    this.#logs.updateConfig(topic.name, this.#logConfig(topic))
  }
}
