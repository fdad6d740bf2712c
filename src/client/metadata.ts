import { ErrorCode, ProtocolError } from '../protocol/errors.ts'
import type { RequestInput, ResponseOf } from '../protocol/messages/index.ts'
import type { Metadata as MetadataApi } from '../protocol/messages/index.ts'
import type { BrokerAddress } from './connection.ts'
import { type Deferred, deferred, now } from './waits.ts'

export interface BrokerNode extends BrokerAddress {
  id: number
  rack: string | null
}

export interface PartitionMetadata {
  partition: number
  /** Node id, -1 while there is none. */
  leader: number
  leaderEpoch: number
  replicas: number[]
  isr: number[]
  /** Kafka's error code of this partition, 0 for none. */
  errorCode: number
}

export interface TopicMetadata {
  name: string
  /** 22 characters of base64url; all zero from brokers before 2.8. */
  topicId: string
  isInternal: boolean
  /** By number, without gaps. */
  partitions: PartitionMetadata[]
  /** Kafka's error code of the topic, 0 for none. */
  errorCode: number
  /** When it was fetched, on the clock of `now()`. */
  fetchedAt: number
}

type Request = (body: RequestInput<typeof MetadataApi>) => Promise<ResponseOf<typeof MetadataApi>>

interface Flight {
  topics: Set<string>
  allTopics: boolean
  done: Deferred<void>
}

/** What the cluster looks like: brokers, topics, leaders. Filled on demand; concurrent demands share a request. */
export class MetadataCache {
  readonly #request: Request
  readonly #maxAgeMs: number
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #invalid = new Set<string>()
  #brokers = new Map<number, BrokerNode>()
  #controllerId = -1
  #clusterId: string | null = null
  /** Demands that the next request will serve, by whether it may create topics. */
  readonly #next: Record<'create' | 'look', Flight | null> = { create: null, look: null }
  readonly #running: Record<'create' | 'look', boolean> = { create: false, look: false }

  constructor(request: Request, maxAgeMs: number) {
    this.#request = request
    this.#maxAgeMs = maxAgeMs
  }

  get brokers(): ReadonlyMap<number, BrokerNode> {
    return this.#brokers
  }

  get controllerId(): number {
    return this.#controllerId
  }

  get clusterId(): string | null {
    return this.#clusterId
  }

  /** What is known about a topic without asking, however old; undefined when nothing is, or it has an error. */
  peek(topic: string): TopicMetadata | undefined {
    const known = this.#topics.get(topic)
    return known?.errorCode === ErrorCode.NONE ? known : undefined
  }

  /** Kafka's error code of a topic as of the last answer about it, 0 for none. */
  errorCode(topic: string): number {
    return this.#topics.get(topic)?.errorCode ?? ErrorCode.NONE
  }

  /** The leader of a partition as far as known, -1 when it is not, or not any more. */
  leader(topic: string, partition: number): number {
    if (this.#invalid.has(topic)) return -1
    return this.peek(topic)?.partitions[partition]?.leader ?? -1
  }

  /** Whether what is known about a topic is older than `metadata.max.age.ms`. */
  isStale(topic: string): boolean {
    const known = this.#topics.get(topic)
    return known === undefined || this.#invalid.has(topic) || now() - known.fetchedAt > this.#maxAgeMs
  }

  /** What is known about a topic's leaders is wrong: the next look asks a broker. */
  invalidate(topic: string): void {
    this.#invalid.add(topic)
  }

  /** One topic, from the cache if it is young enough. @throws ProtocolError with the topic's error code. */
  async topic(name: string, options: { create?: boolean } = {}): Promise<TopicMetadata> {
    const known = this.peek(name)
    if (known !== undefined && !this.isStale(name)) return known
    await this.refresh([name], options)
    const topic = this.#topics.get(name)
    if (topic === undefined)
      throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name} does not exist`)
    if (topic.errorCode !== ErrorCode.NONE) throw topicError(topic)
    return topic
  }

  /**
   * Asks a broker about topics: those given, `'all'`, or none (brokers only).
   * @param options `create` lets the broker create missing topics if it is set up to
   */
  refresh(topics: readonly string[] | 'all' = [], options: { create?: boolean } = {}): Promise<void> {
    const lane = options.create === true ? 'create' : 'look'
    const flight = (this.#next[lane] ??= { topics: new Set(), allTopics: false, done: deferred() })
    if (topics === 'all') flight.allTopics = true
    else for (const topic of topics) flight.topics.add(topic)
    if (!this.#running[lane]) void this.#run(lane)
    return flight.done.promise
  }

  /** All topics of the cluster. */
  async allTopics(): Promise<TopicMetadata[]> {
    await this.refresh('all')
    return [...this.#topics.values()].filter(({ errorCode }) => errorCode === ErrorCode.NONE)
  }

  async #run(lane: 'create' | 'look'): Promise<void> {
    this.#running[lane] = true
    // Demands of the same turn of the event loop travel together.
    await Promise.resolve()
    for (let flight = this.#next[lane]; flight !== null; flight = this.#next[lane]) {
      this.#next[lane] = null
      const topics = flight.allTopics ? null : [...flight.topics].map((name) => ({ name }))
      try {
        const answer = await this.#request({ topics, allowAutoTopicCreation: lane === 'create' })
        if (answer.errorCode !== ErrorCode.NONE) throw new ProtocolError(answer.errorCode)
        this.#apply(answer, flight)
        flight.done.resolve()
      } catch (error) {
        flight.done.reject(error)
      }
    }
    this.#running[lane] = false
  }

  #apply(answer: ResponseOf<typeof MetadataApi>, flight: Flight): void {
    // A broker that is just starting may not know anybody yet: keep what we have.
    if (answer.brokers.length > 0) {
      this.#brokers = new Map(
        answer.brokers.map(({ nodeId, host, port, rack }) => [nodeId, { id: nodeId, host, port, rack }]),
      )
    }
    this.#controllerId = answer.controllerId
    this.#clusterId = answer.clusterId ?? this.#clusterId
    if (flight.allTopics) {
      this.#topics.clear()
      this.#invalid.clear()
    }
    for (const topic of answer.topics) {
      if (topic.name === null) continue
      this.#invalid.delete(topic.name)
      this.#topics.set(topic.name, {
        name: topic.name,
        topicId: topic.topicId,
        isInternal: topic.isInternal,
        errorCode: topic.errorCode,
        fetchedAt: now(),
        partitions: topic.partitions
          .map((p) => ({
            partition: p.partitionIndex,
            leader: p.leaderId,
            leaderEpoch: p.leaderEpoch,
            replicas: p.replicaNodes,
            isr: p.isrNodes,
            errorCode: p.errorCode,
          }))
          .sort((a, b) => a.partition - b.partition),
      })
    }
  }
}

function topicError({ name, errorCode }: TopicMetadata): ProtocolError {
  if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return new ProtocolError(errorCode, `topic ${name} does not exist`)
  return new ProtocolError(errorCode, `topic ${name}: ${new ProtocolError(errorCode).message}`)
}
