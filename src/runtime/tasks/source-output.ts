import { pause } from '../../base/deadline.ts'
import { Admin, createCluster, type Cluster, isRetriable, Producer } from '../../client/index.ts'
import type { RecordBatchBuilder } from '../../protocol/records/index.ts'
import type { TaskClient } from '../metrics/task-meter.ts'
import { clientOptions, clientProps, type SourceProducerSettings, sourceProducerSettings } from './client-settings.ts'
import type { TaskEnvironment } from './task-environment.ts'
import { SourceTopics } from './source-topics.ts'
import { TopicCreationRules } from './topic-creation.ts'
import { UsedTopics } from './used-topics.ts'

/** Number of partitions is looked up again after this long: topics may grow. */
const PARTITIONS_MAX_AGE_MS = 300_000
const RETRY_PAUSE_MS = 1000

/** Where a source task's records go: its producer, and the topics, created by the connector's rules when they are missing. */
export interface SourceOutput {
  readonly settings: SourceProducerSettings
  /** For metrics. */
  readonly client?: TaskClient
  send(topic: string, partition: number, builder: RecordBatchBuilder): Promise<{ baseOffset: number }>
  /** The number of partitions if it is known, without waiting. */
  knownPartitions(topic: string): number | undefined
  /** Makes sure that the topic is there. Rejects when it cannot be created. */
  partitions(topic: string): Promise<number>
  /** The topic's `max.message.bytes`, once its partitions were asked for; null when it is not known. */
  maxMessageBytes(topic: string): number | null
  /** True when the topic is to be reported as in use, see {@link UsedTopics}. */
  markUsed(topic: string): boolean
  close(): Promise<void>
  /** Ends all connections at once. */
  abort(): void
}

/** Opens the output of a source task. Connects when first used. Throws `ConfigError` for settings that cannot work. */
export function openSourceOutput(env: TaskEnvironment): SourceOutput {
  const { connector, task } = env.id
  const defaults = { 'client.id': `connector-producer-${connector}-${task}` }
  const props = clientProps('producer', env.config, env.connectorProps, defaults)
  const settings = sourceProducerSettings(props)
  const rules = TopicCreationRules.fromProps(env.connectorProps, env.config.topicCreationEnable, env.logger)
  const cluster = createCluster(clientOptions(props, env.logger))
  const closing: (() => Promise<void>)[] = []
  const openAdmin = (): Admin => {
    const defaults = { 'client.id': `connector-adminclient-${connector}-${task}` }
    const adminProps = clientProps('admin', env.config, env.connectorProps, defaults)
    const adminCluster = createCluster(clientOptions(adminProps, env.logger))
    closing.push(() => adminCluster.close())
    return new Admin(adminCluster)
  }
  let admin: Admin | null = null
  const topics = rules === null ? null : new SourceTopics(rules, () => (admin ??= openAdmin()), env)
  return new KafkaSourceOutput(cluster, settings, topics, env, closing)
}

class KafkaSourceOutput implements SourceOutput {
  readonly settings: SourceProducerSettings
  readonly client: TaskClient
  readonly #cluster: Cluster
  readonly #producer: Producer
  readonly #topics: SourceTopics | null
  readonly #env: TaskEnvironment
  /** What else is to be closed. */
  readonly #closing: readonly (() => Promise<void>)[]
  readonly #known = new Map<string, { partitions: number; until: number }>()
  readonly #used = new UsedTopics()
  readonly #limits = new Map<string, number | null>()

  constructor(
    cluster: Cluster,
    settings: SourceProducerSettings,
    topics: SourceTopics | null,
    env: TaskEnvironment,
    closing: (() => Promise<void>)[],
  ) {
    this.settings = settings
    this.client = { id: cluster.options.clientId, meter: cluster.meter }
    this.#cluster = cluster
    this.#producer = new Producer(cluster, settings.producer)
    this.#topics = topics
    this.#closing = closing
    this.#env = env
  }

  send(topic: string, partition: number, builder: RecordBatchBuilder): Promise<{ baseOffset: number }> {
    return this.#producer.sendBatch(topic, partition, builder)
  }

  knownPartitions(topic: string): number | undefined {
    const known = this.#known.get(topic)
    return known !== undefined && known.until > performance.now() ? known.partitions : undefined
  }

  /** As long as the cluster cannot be reached it tries on, as a producer does: an outage is no reason to fail. */
  async partitions(topic: string): Promise<number> {
    const { signal } = this.#env.control
    for (;;) {
      try {
        await this.#topics?.ensure(topic)
        const partitions = await this.#cluster.partitionCount(topic, { create: true, signal })
        await this.#learnLimit(topic)
        this.#known.set(topic, { partitions, until: performance.now() + PARTITIONS_MAX_AGE_MS })
        return partitions
      } catch (error) {
        if (!isRetriable(error) || signal.aborted) throw error
        this.#env.logger.warn({ topic, err: error }, `Topic ${topic} cannot be looked up at the moment; trying again`)
        await pause(RETRY_PAUSE_MS, signal)
      }
    }
  }

  /** Batches are larger here than Kafka's producer makes them, so a topic with a low limit has to be known. */
  async #learnLimit(topic: string): Promise<void> {
    if (this.#limits.has(topic)) return
    try {
      const { signal } = this.#env.control
      const [described] = await new Admin(this.#cluster).describeConfigs([{ type: 'topic', name: topic }], { signal })
      const text = described?.entries.find(({ name }) => name === 'max.message.bytes')?.value
      this.#limits.set(topic, Number(text) > 0 ? Number(text) : null)
    } catch (error) {
      // Not everybody may read configurations; then the usual sizes have to do.
      this.#env.logger.debug({ topic, err: error }, 'The largest message size of a topic is not known')
      this.#limits.set(topic, null)
    }
  }

  maxMessageBytes(topic: string): number | null {
    return this.#limits.get(topic) ?? null
  }

  markUsed(topic: string): boolean {
    return this.#used.use(topic)
  }

  async close(): Promise<void> {
    await this.#producer.close(0)
    await this.#cluster.close()
    for (const close of this.#closing) await close()
  }

  abort(): void {
    this.#cluster.close().catch(() => {})
  }
}
