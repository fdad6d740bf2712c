import type { SinkBatch } from '../batches.ts'
import type { ConnectorInstance } from '../connector.ts'
import type { SinkRecord, TopicPartition, TopicPartitionOffset } from '../records.ts'
import type { SinkPlugin, SinkTask, SinkTaskContext } from '../sink.ts'
import { RecordingLogger } from './recording-logger.ts'
import { type Props, startConnector } from './task-config.ts'

export interface SinkHarnessOptions {
  readonly connector?: string
  readonly maxTasks?: number
  readonly task?: number
  /** Assigned when the task starts. Default: partition 0 of `orders`. */
  readonly partitions?: readonly TopicPartition[]
  /** Whether the task gets an errant record reporter. Default true. */
  readonly reportsErrors?: boolean
}

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

/**
 * Drives one task of a sink without a worker: assignment, `put`, commits, restarts. Keeps what was delivered, what the
 * task lets be committed, and what it asked its context for.
 */
export class SinkHarness<P> {
  readonly logger = new RecordingLogger()
  /** Next offsets to read, by `topic-partition`. */
  readonly committed = new Map<string, TopicPartitionOffset>()
  readonly errantRecords: { record: SinkRecord; error: Error }[] = []
  /** What the task last asked for with `context.offset`. */
  readonly rewinds: TopicPartitionOffset[] = []
  readonly paused = new Set<string>()
  commitsRequested = 0
  timeoutMs: number | null = null
  readonly #plugin: SinkPlugin<P>
  readonly #props: Props
  readonly #options: SinkHarnessOptions
  readonly #delivered = new Map<string, TopicPartitionOffset>()
  #assignment: readonly TopicPartition[] = []
  #abort = new AbortController()
  #connector: ConnectorInstance | null = null
  #task: SinkTask | null = null

  constructor(plugin: SinkPlugin<P>, props: Props, options: SinkHarnessOptions = {}) {
    this.#plugin = plugin
    this.#props = props
    this.#options = options
  }

  /** Starts connector and task and opens the partitions. Rejects with what any of them throws. */
  async start(): Promise<void> {
    const { connector = 'test', maxTasks = 1, task = 0 } = this.#options
    this.#abort = new AbortController()
    const started = await startConnector(this.#plugin, this.#props, maxTasks, {
      connector,
      config: this.#props,
      logger: this.logger,
      signal: this.#abort.signal,
      requestTaskReconfiguration: () => undefined,
      raiseError: (error) => this.logger.error({ err: error }, 'The connector raised an error'),
    })
    this.#connector = started.instance
    const config = started.taskConfigs[task]
    if (config === undefined) throw new Error(`The connector has ${started.taskConfigs.length} tasks, no task ${task}`)
    this.#assignment = this.#options.partitions ?? [{ topic: 'orders', partition: 0 }]
    this.#task = await this.#plugin.startTask(this.#plugin.config.parse(config), this.#context(connector, task, config))
    await this.#task.open?.(this.#assignment)
  }

  async put(...records: readonly SinkRecord[]): Promise<void> {
    await this.#running().put(records, { signal: this.#abort.signal })
    for (const { originalTopic, originalKafkaPartition, originalKafkaOffset } of records)
      this.#deliver({ topic: originalTopic, partition: originalKafkaPartition, offset: originalKafkaOffset + 1 })
  }

  /** The fast way in; by `put` when the task has none. */
  async putBatch(batch: SinkBatch): Promise<void> {
    const task = this.#running()
    if (task.putBatch === undefined) return this.put(...batch.records())
    await task.putBatch(batch, { signal: this.#abort.signal })
    const last = batch.offsets[batch.count - 1]
    if (last !== undefined) this.#deliver({ topic: batch.topic, partition: batch.partition, offset: last + 1 })
  }

  /** Asks the task what may be committed, commits that, and gives it. */
  async commit(): Promise<readonly TopicPartitionOffset[]> {
    const task = this.#running()
    const delivered = [...this.#delivered.values()]
    let offsets: readonly TopicPartitionOffset[] = delivered
    if (task.preCommit === undefined) await task.flush?.(delivered)
    else offsets = await task.preCommit(delivered)
    for (const offset of offsets) this.committed.set(nameOf(offset), offset)
    return offsets
  }

  /** Takes all partitions away and gives these, as a rebalance does. */
  async rebalance(partitions: readonly TopicPartition[]): Promise<void> {
    const task = this.#running()
    await this.commit()
    await task.close?.(this.#assignment)
    this.#delivered.clear()
    this.#assignment = partitions
    await task.open?.(partitions)
  }

  /** Commits, closes and stops, as a graceful stop does. */
  async stop(): Promise<void> {
    if (this.#task !== null) await this.commit()
    await this.kill()
  }

  /** Stops without a commit: what was not committed would be delivered again. */
  async kill(): Promise<void> {
    const [task, connector] = [this.#task, this.#connector]
    this.#task = null
    this.#connector = null
    this.#delivered.clear()
    this.#abort.abort()
    await task?.close?.(this.#assignment)
    await task?.stop?.()
    await connector?.stop?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  #running(): SinkTask {
    if (this.#task === null) throw new Error('The task is not running: call start() first')
    return this.#task
  }

  #deliver(offset: TopicPartitionOffset): void {
    this.#delivered.set(nameOf(offset), offset)
  }

  #context(connector: string, task: number, config: Props): SinkTaskContext {
    const report = (record: SinkRecord, error: Error): Promise<void> => {
      this.errantRecords.push({ record, error })
      return Promise.resolve()
    }
    return {
      connector,
      task,
      logger: this.logger,
      config,
      signal: this.#abort.signal,
      assignment: () => this.#assignment,
      offset: (offsets) => {
        this.rewinds.push(...offsets)
        for (const offset of offsets) this.#deliver(offset)
      },
      pause: (...partitions) => partitions.forEach((partition) => this.paused.add(nameOf(partition))),
      resume: (...partitions) => partitions.forEach((partition) => this.paused.delete(nameOf(partition))),
      timeout: (ms) => {
        this.timeoutMs = ms
      },
      requestCommit: () => {
        this.commitsRequested++
      },
      errantRecordReporter: this.#options.reportsErrors === false ? null : { report },
    }
  }
}

/** A harness for one task of `plugin`; call `start` on it. */
export function sinkHarness<P>(plugin: SinkPlugin<P>, props: Props, options?: SinkHarnessOptions): SinkHarness<P> {
  return new SinkHarness(plugin, props, options)
}

/** A sink record of partition 0 of `orders`, with what the test cares about. */
export function sinkRecord(
  fields: Partial<SinkRecord> & { readonly value: unknown; readonly kafkaOffset: number },
): SinkRecord {
  const { topic = 'orders', kafkaPartition = 0, kafkaOffset } = fields
  return {
    keySchema: null,
    key: null,
    valueSchema: null,
    timestamp: 0,
    timestampType: 'CreateTime',
    headers: [],
    originalTopic: topic,
    originalKafkaPartition: kafkaPartition,
    originalKafkaOffset: kafkaOffset,
    ...fields,
    topic,
    kafkaPartition,
  }
}

/** A batch of stored values (texts; null: no value) of one partition, as a sink's fast path gets it. */
export function sinkBatch(
  values: readonly (string | null)[],
  options: Partial<Pick<SinkBatch, 'topic' | 'partition' | 'valueFormat'>> & { readonly firstOffset?: number } = {},
): SinkBatch {
  const { topic = 'orders', partition = 0, valueFormat = 'json', firstOffset = 0 } = options
  const encoded = values.map((value) => (value === null ? null : Buffer.from(value)))
  const starts = Int32Array.from({ length: values.length }, () => -1)
  const ends = new Int32Array(values.length)
  let position = 0
  for (const [i, bytes] of encoded.entries()) {
    if (bytes !== null) starts[i] = position
    position += bytes?.length ?? 0
    ends[i] = position
  }
  const none = Int32Array.from({ length: values.length }, () => -1)
  const offsets = Float64Array.from(values, (_value, i) => firstOffset + i)
  const parsed = (value: string | null, i: number): unknown =>
    value === null ? null : valueFormat === 'json' ? JSON.parse(value) : valueFormat === 'bytes' ? encoded[i] : value
  return {
    topic,
    partition,
    count: values.length,
    offsets,
    timestamps: new Float64Array(values.length),
    bytes: Buffer.concat(encoded.filter((bytes) => bytes !== null)),
    keyStarts: none,
    keyEnds: none,
    valueStarts: starts,
    valueEnds: ends,
    valueFormat,
    records: () =>
      values.map((value, i) =>
        sinkRecord({ topic, kafkaPartition: partition, value: parsed(value, i), kafkaOffset: firstOffset + i }),
      ),
  }
}
