import type { Logger } from '../../base/logger.ts'
import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import { RuntimeError } from '../errors.ts'
import type { KafkaLogFactory } from '../stores/kafka-log.ts'
import type { TaskRunner } from '../task-runner.ts'
import type { InternalTopicConfig, WorkerConfig } from '../worker-config.ts'
import type { ConnectorOffset, ConnectorType } from './herder.ts'
import { type PartitionOffset, parseSinkOffsets, SinkOffsets } from './sink-offsets.ts'
import { SourceOffsets } from './source-offsets.ts'

/** A connector whose offsets are looked at or changed. */
export interface OffsetSubject {
  readonly name: string
  readonly type: ConnectorType
  /** References to providers resolved. */
  readonly props: Readonly<Record<string, string>>
}

/**
 * Where connectors stand (KIP-875). A sink's offsets are its consumer group's; a source's are in the worker's offsets
 * topic, and in the one that `offsets.storage.topic` of the connector names, which counts first.
 */
export class ConnectorOffsets {
  readonly #openLog: KafkaLogFactory
  readonly #worker: WorkerConfig
  readonly #logger: Logger
  readonly #sinks: SinkOffsets
  readonly #hook: TaskRunner['alterOffsets']
  readonly #ensureTopic: (topic: InternalTopicConfig) => Promise<void>
  readonly #topics = new Map<string, SourceOffsets>()

  /**
   * @param hook asks the plugin, in a thread, whether it changes offsets that it keeps elsewhere
   * @param ensureTopic makes a connector's own offsets topic when it is missing
   */
  constructor(
    worker: WorkerConfig,
    openLog: KafkaLogFactory,
    hook: TaskRunner['alterOffsets'],
    ensureTopic: (topic: InternalTopicConfig) => Promise<void>,
    logger: Logger,
  ) {
    this.#ensureTopic = ensureTopic
    this.#worker = worker
    this.#openLog = openLog
    this.#hook = hook
    this.#logger = logger
    this.#sinks = new SinkOffsets(worker, logger)
  }

  async read({ name, type, props }: OffsetSubject): Promise<ConnectorOffset[]> {
    if (type === 'sink') return this.#sinks.read(name, props)
    const stored = await Promise.all(this.#topicsOf(props).map((topic) => topic.read(name)))
    const found = new Map<string, ConnectorOffset>()
    for (const entry of stored.toReversed().flat()) found.set(keyOf(entry.partition), entry)
    return [...found.values()]
  }

  /**
   * Changes offsets, all of them together as far as the brokers do that. The plugin is asked first; what it throws is
   * thrown on. Gives what REST answers.
   */
  async alter(subject: OffsetSubject, offsets: readonly PartitionOffset[]): Promise<string> {
    const { name, type, props } = subject
    if (type === 'sink') {
      const parsed = parseSinkOffsets(offsets)
      const isExternal = await this.#ask(
        subject,
        parsed.map(({ topic, partition, offset }) => ({
          partition: { kafka_topic: topic, kafka_partition: partition },
          offset: offset === null ? null : { kafka_offset: offset },
        })),
      )
      await this.#sinks.alter(name, props, parsed)
      return message('altered', isExternal)
    }
    const entries = offsets.map(({ partition, offset }) => ({
      partition: (partition ?? {}) as SourcePartition,
      offset: offset as SourceOffset | null,
    }))
    const isExternal = await this.#ask(subject, entries)
    await this.#write(subject, entries)
    return message('altered', isExternal)
  }

  /** Deletes all of a connector's offsets; when there are none, that is fine. */
  async reset(subject: OffsetSubject): Promise<string> {
    const { name, type, props } = subject
    const entries = (await this.read(subject)).map(({ partition }) => ({ partition, offset: null }))
    const isExternal = await this.#ask(subject, entries)
    if (type === 'sink') await this.#sinks.reset(name, props)
    else await this.#write(subject, entries)
    return message('reset', isExternal)
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#topics.values()].map((topic) => topic.stop()))
  }

  #ask({ props }: OffsetSubject, offsets: readonly ConnectorOffset[]): Promise<boolean> {
    return this.#hook(props['connector.class'] ?? '', props, offsets)
  }

  async #write({ name, props }: OffsetSubject, entries: readonly ConnectorOffset[]): Promise<void> {
    try {
      for (const topic of this.#topicsOf(props)) await topic.write(name, entries)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new RuntimeError(`Failed to write the offsets of connector ${name}: ${reason}`, { cause: error })
    }
  }

  /** The connector's own topic, if it has one, and the worker's. */
  #topicsOf(props: Readonly<Record<string, string>>): SourceOffsets[] {
    const shared = this.#worker.offsetStorage
    const own = props['offsets.storage.topic']?.trim()
    const names = !own || own === shared.topic ? [shared.topic] : [own, shared.topic]
    return names.map((topic) => {
      const known = this.#topics.get(topic)
      if (known !== undefined) return known
      const opened = new SourceOffsets(
        { ...shared, topic },
        this.#openLog,
        topic === shared.topic ? () => Promise.resolve() : this.#ensureTopic,
        this.#logger,
      )
      this.#topics.set(topic, opened)
      return opened
    })
  }
}

function keyOf(partition: SourcePartition): string {
  return JSON.stringify(
    Object.entries(partition).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  )
}

function message(verb: 'altered' | 'reset', isExternal: boolean): string {
  if (isExternal) return `The offsets for this connector have been ${verb} successfully`
  return (
    `The Connect framework-managed offsets for this connector have been ${verb} successfully. ` +
    'However, if this connector manages offsets externally, they will need to be manually ' +
    `${verb} in the system that the connector uses.`
  )
}
