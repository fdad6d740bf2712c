import type {
  PluginLogger,
  Schema,
  SinkBatch,
  SinkRecord,
  SinkTask,
  SinkTaskContext,
  TopicPartition,
  TopicPartitionOffset,
} from 'millrace/connect'

/** A record as a test writes it; `value` is what the converter gives. */
export interface TestRecord {
  readonly value: unknown
  readonly schema?: Schema
  readonly timestamp?: number
}

/**
 * What the runtime does with a sink task, for one partition and without Kafka: delivers from the position on, goes
 * back when the task asks for it, leaves a paused partition alone, and keeps the committed offset.
 */
export class SinkDriver {
  readonly topic: string
  readonly partition: number
  readonly log: TestRecord[] = []
  readonly warnings: string[] = []
  readonly reported: { record: SinkRecord; error: Error }[] = []
  readonly abort = new AbortController()
  position = 0
  committed = 0
  hasReporter = false
  isPaused = false
  timeoutMs = Infinity
  #task: SinkTask | null = null

  constructor(topic = 'orders', partition = 0) {
    this.topic = topic
    this.partition = partition
  }

  get tp(): TopicPartition {
    return { topic: this.topic, partition: this.partition }
  }

  context(config: Readonly<Record<string, string>> = {}): SinkTaskContext {
    const warn = (_fields: object, message: string): void => {
      this.warnings.push(message)
    }
    const silent = (): void => undefined
    const logger: PluginLogger = { debug: silent, info: silent, warn, error: warn }
    const report = (record: SinkRecord, error: Error): Promise<void> => {
      this.reported.push({ record, error })
      return Promise.resolve()
    }
    return {
      connector: 'archive',
      task: 0,
      logger,
      config,
      signal: this.abort.signal,
      assignment: () => [this.tp],
      offset: (offsets) => {
        for (const { offset } of offsets) this.position = offset
      },
      pause: () => {
        this.isPaused = true
      },
      resume: () => {
        this.isPaused = false
      },
      timeout: (ms) => {
        this.timeoutMs = ms
      },
      requestCommit: silent,
      errantRecordReporter: this.hasReporter ? { report } : null,
    }
  }

  /** Gives the partition to a task, which begins at the committed offset. */
  async assign(task: SinkTask): Promise<void> {
    this.#task = task
    this.position = this.committed
    this.isPaused = false
    await task.open?.([this.tp])
  }

  /** Takes the partition from the task and gives it back at once, as when the group is made anew: its pause lasts. */
  async rebalance(): Promise<void> {
    await this.commit()
    await this.task.close?.([this.tp])
    this.position = this.committed
    await this.task.open?.([this.tp])
  }

  /** Delivers everything there is, `batchSize` records at a time, as records or as bytes. */
  async deliver(way: 'records' | 'bytes' = 'records', batchSize = 100): Promise<void> {
    const deadline = Date.now() + 20_000
    while (this.position < this.log.length || this.isPaused) {
      if (Date.now() > deadline) throw new Error(`The task stands at offset ${this.position}: ${this.warnings.at(-1)}`)
      if (this.isPaused) {
        await new Promise((resolve) => setTimeout(resolve, Math.min(this.timeoutMs, 1000)))
        await this.tick()
        continue
      }
      const from = this.position
      const count = Math.min(batchSize, this.log.length - from)
      this.position = from + count
      if (way === 'bytes') await this.task.putBatch?.(this.batch(from, count), { signal: this.abort.signal })
      else await this.task.put(this.records(from, count), { signal: this.abort.signal })
    }
  }

  tick(): void | Promise<void> {
    return this.task.put([], { signal: this.abort.signal })
  }

  async commit(): Promise<number> {
    const next: readonly TopicPartitionOffset[] =
      (await this.task.preCommit?.([{ ...this.tp, offset: this.position }])) ?? []
    for (const { offset } of next) this.committed = offset
    return this.committed
  }

  get task(): SinkTask {
    if (this.#task === null) throw new Error('assign a task first')
    return this.#task
  }

  records(from: number, count: number): SinkRecord[] {
    return this.log.slice(from, from + count).map((record, i) => ({
      topic: this.topic,
      kafkaPartition: this.partition,
      kafkaOffset: from + i,
      timestampType: 'CreateTime',
      originalTopic: this.topic,
      originalKafkaPartition: this.partition,
      originalKafkaOffset: from + i,
      valueSchema: record.schema ?? null,
      value: record.value,
      timestamp: record.timestamp ?? 1_700_000_000_000 + from + i,
    }))
  }

  /** The same records as they lie in a Kafka batch, with other bytes between the values. */
  batch(from: number, count: number, gap = 9): SinkBatch {
    return sinkBatch(this.records(from, count), gap)
  }
}

/** Puts records with schemaless values (or bytes) into a byte batch. */
export function sinkBatch(records: readonly SinkRecord[], gap = 9): SinkBatch {
  const isBytes = records.some((record) => record.value instanceof Uint8Array)
  const values = records.map(({ value }) => {
    if (value === null || value === undefined) return null
    return value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value))
  })
  const bytes = Buffer.alloc(
    values.reduce((sum, value) => sum + (value?.length ?? 0) + gap, 0),
    '#',
  )
  const count = records.length
  const valueStarts = new Int32Array(count)
  const valueEnds = new Int32Array(count)
  let position = 0
  values.forEach((value, i) => {
    position += gap
    valueStarts[i] = value === null ? -1 : position
    if (value !== null) bytes.set(value, position)
    position += value?.length ?? 0
    valueEnds[i] = value === null ? -1 : position
  })
  return {
    topic: records[0]?.topic ?? '',
    partition: records[0]?.kafkaPartition ?? 0,
    count,
    offsets: Float64Array.from(records, (record) => record.kafkaOffset),
    timestamps: Float64Array.from(records, (record) => record.timestamp ?? -1),
    bytes,
    keyStarts: new Int32Array(count).fill(-1),
    keyEnds: new Int32Array(count).fill(-1),
    valueStarts,
    valueEnds,
    valueFormat: isBytes ? 'bytes' : 'json',
    records: () => [...records],
  }
}
