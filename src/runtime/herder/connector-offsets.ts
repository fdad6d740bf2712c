import type { Logger } from '../../base/logger.ts'
import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import { RuntimeError } from '../errors.ts'
import { KafkaBasedLog } from '../stores/kafka-based-log.ts'
import type { KafkaLogFactory } from '../stores/kafka-log.ts'
import type { TaskRunner } from '../task-runner.ts'
import { OwnOffsetsClients, ownOffsetsTopic } from '../tasks/own-offsets-topic.ts'
import type { WorkerConfig } from '../worker-config.ts'
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

/** Where a source's offsets are: what is in `first` counts before what is in `second`. */
interface Stores {
  readonly first: SourceOffsets
  readonly second: SourceOffsets | null
}

/**
 * Where connectors stand (KIP-875). A sink's offsets are its consumer group's; a source's are in the worker's offsets
 * topic, and in the one that `offsets.storage.topic` of the connector names, which counts first. That one is read anew for
 * each request.
 */
export class ConnectorOffsets {
  readonly #worker: WorkerConfig
  readonly #logger: Logger
  readonly #sinks: SinkOffsets
  readonly #hook: TaskRunner['alterOffsets']
  readonly #hasOwnTopics: boolean
  readonly #shared: SourceOffsets

  /**
   * @param hook asks the plugin, in a thread, whether it changes offsets that it keeps elsewhere
   * @param hasOwnTopics connectors may have offsets topics of their own, as they may not on a standalone worker
   */
  constructor(
    worker: WorkerConfig,
    openLog: KafkaLogFactory,
    hook: TaskRunner['alterOffsets'],
    hasOwnTopics: boolean,
    logger: Logger,
  ) {
    this.#hasOwnTopics = hasOwnTopics
    this.#worker = worker
    this.#hook = hook
    this.#logger = logger
    this.#shared = new SourceOffsets(worker.offsetStorage, openLog, logger)
    this.#sinks = new SinkOffsets(worker, logger)
  }

  async read(subject: OffsetSubject): Promise<ConnectorOffset[]> {
    const { name, type, props } = subject
    if (type === 'sink') return this.#sinks.read(name, props)
    return this.#withStores(subject, (stores) => readAll(stores, name))
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
    const given = offsets.map(({ partition, offset }) => ({
      partition: partition as SourcePartition | null,
      offset: offset as SourceOffset | null,
    }))
    const isExternal = await this.#ask(subject, given)
    const entries = given.map(({ partition, offset }) => ({ partition: partition ?? {}, offset }))
    await this.#withStores(subject, (stores) => this.#write(stores, name, entries))
    return message('altered', isExternal)
  }

  /** Deletes all of a connector's offsets; when there are none, that is fine. */
  async reset(subject: OffsetSubject): Promise<string> {
    const { name, type, props } = subject
    const gone = (offsets: readonly ConnectorOffset[]): ConnectorOffset[] =>
      offsets.map(({ partition }) => ({ partition, offset: null }))
    if (type === 'sink') {
      const isExternal = await this.#ask(subject, gone(await this.#sinks.read(name, props)))
      await this.#sinks.reset(name, props)
      return message('reset', isExternal)
    }
    return this.#withStores(subject, async (stores) => {
      const entries = gone(await readAll(stores, name))
      const isExternal = await this.#ask(subject, entries)
      await this.#write(stores, name, entries)
      return message('reset', isExternal)
    })
  }

  async stop(): Promise<void> {
    await this.#shared.stop()
  }

  #ask({ props }: OffsetSubject, offsets: Parameters<TaskRunner['alterOffsets']>[2]): Promise<boolean> {
    return this.#hook(props['connector.class'] ?? '', props, offsets)
  }

  /** As tasks write: what is deleted goes from the worker's topic first, so that it cannot come back from there. */
  async #write({ first, second }: Stores, name: string, entries: readonly ConnectorOffset[]): Promise<void> {
    try {
      if (second !== null)
        await second.write(
          name,
          entries.filter(({ offset }) => offset === null),
        )
      await first.write(name, entries)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new RuntimeError(`Failed to write the offsets of connector ${name}: ${reason}`, { cause: error })
    }
    const kept = entries.filter(({ offset }) => offset !== null)
    // The connector's own topic is what counts.
    second?.write(name, kept).catch((error: unknown) => {
      this.#logger.warn(
        { connector: name, err: error },
        "Source offsets could not be copied to the worker's offsets topic",
      )
    })
  }

  async #withStores<T>({ name, props }: OffsetSubject, work: (stores: Stores) => Promise<T>): Promise<T> {
    const own = this.#hasOwnTopics ? ownOffsetsTopic(this.#worker, props, name) : null
    if (own === null) return work({ first: this.#shared, second: null })
    const clients = new OwnOffsetsClients(own, this.#worker, this.#logger)
    const { offsetStorage } = this.#worker
    const openLog: KafkaLogFactory = ({ topic }, _use, listener) =>
      new KafkaBasedLog(topic, clients.cluster(), clients.producer(), listener, this.#logger, clients.isolationLevel)
    const first = new SourceOffsets({ ...offsetStorage, topic: own.topic }, openLog, this.#logger)
    try {
      await clients.prepare()
      return await work({ first, second: own.isWorkers ? null : this.#shared })
    } finally {
      await first.stop()
      await clients.close()
    }
  }
}

async function readAll({ first, second }: Stores, name: string): Promise<ConnectorOffset[]> {
  const [own, shared] = await Promise.all([first.read(name), second === null ? [] : second.read(name)])
  const found = new Map<string, ConnectorOffset>()
  for (const entry of [...shared, ...own]) found.set(keyOf(entry.partition), entry)
  return [...found.values()]
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
