import {
  ConnectError,
  DataError,
  isConnectError,
  type SinkBatch,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  type TopicPartition,
  type TopicPartitionOffset,
} from 'millrace/connect'
import { placeOf } from './partition/field-value.ts'
import type { Settings } from './settings.ts'
import type { ObjectStore } from './store/object-store.ts'
import { openStore } from './store/open-store.ts'
import { firstFreeOffset } from './writer/first-free-offset.ts'
import { InFlight } from './writer/in-flight.ts'
import { BufferPool } from './writer/part-buffer.ts'
import { PartitionWriter, type PartitionWriterDeps } from './writer/partition-writer.ts'
import { valueFormat } from './writer/value-format.ts'

/** Bytes and objects that may be on their way to the store before `put` waits. */
const MIN_IN_FLIGHT_BYTES = 32 * 1024 * 1024
const PARTS_IN_FLIGHT = 3
const OBJECTS_IN_FLIGHT = 32

interface Call {
  readonly signal: AbortSignal
}

/** A partition whose objects could not be stored, until its records are read again. */
interface Retreat extends TopicPartitionOffset {
  readonly resumeAtMs: number
}

/** Writes the records of its partitions into objects. See `PartitionWriter` for when an object ends. */
export class S3SinkTask implements SinkTask {
  readonly #settings: Settings
  readonly #context: SinkTaskContext
  readonly #store: ObjectStore
  readonly #deps: PartitionWriterDeps
  readonly #writers = new Map<string, PartitionWriter>()
  /** What is committed in partitions that had to begin anew. */
  readonly #committed = new Map<string, number>()
  readonly #retreats = new Map<string, Retreat>()
  /** A failure for good that a commit came upon; the next `put` throws it. */
  #failure: { readonly error: unknown } | null = null

  private constructor(settings: Settings, context: SinkTaskContext, store: ObjectStore) {
    this.#settings = settings
    this.#context = context
    this.#store = store
    const maxBytes = Math.max(MIN_IN_FLIGHT_BYTES, PARTS_IN_FLIGHT * settings.partSize)
    this.#deps = {
      settings,
      store,
      format: valueFormat(settings.format),
      pool: new BufferPool(settings.bufferCapacity, settings.partSize),
      inFlight: new InFlight(maxBytes, OBJECTS_IN_FLIGHT),
      partSize: settings.partSize,
      gzipLevel: settings.format.gzipLevel,
    }
  }

  /** Throws when the bucket is missing or cannot be used. `store` is for tests and benches. */
  static async start(settings: Settings, context: SinkTaskContext, store?: ObjectStore): Promise<S3SinkTask> {
    if (settings.rotation.intervalMs > 0 && settings.partitionBy.kind !== 'time')
      context.logger.warn({}, 'rotate.interval.ms has no effect: only time-based partitioners give records a time')
    const opened =
      store ??
      (await openStore(settings.store, {
        owner: `${context.connector}-${context.task}`,
        logger: context.logger,
        signal: context.signal,
      }))
    try {
      await opened.check()
    } catch (error) {
      await opened.close()
      throw error
    }
    return new S3SinkTask(settings, context, opened)
  }

  open(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#writer(topic, partition, Date.now())
    // The pause of a retreat outlasts a rebalance that takes the partition and brings it back.
    this.#context.resume(...partitions)
  }

  async put(records: readonly SinkRecord[], { signal }: Call): Promise<void> {
    const nowMs = Date.now()
    await this.#recoverFailed()
    this.#resume(nowMs, (key) => records.some((record) => keyOfRecord(record) === key))
    for (const record of records) {
      const key = keyOfRecord(record)
      if (this.#retreats.has(key)) continue
      if (record.originalKafkaOffset <= (this.#writers.get(key)?.lastOffset ?? -1)) await this.#beginAnew(key)
      await this.#putRecord(record, nowMs)
      if (this.#deps.inFlight.isFull) await this.#deps.inFlight.room(signal)
    }
    await this.#afterPut(nowMs, signal)
  }

  async putBatch(batch: SinkBatch, call: Call): Promise<void> {
    const nowMs = Date.now()
    const { topic, partition } = batch
    if (!this.#takesBatch(this.#writer(topic, partition, nowMs), batch)) return this.put(batch.records(), call)
    await this.#recoverFailed()
    const key = keyOf(topic, partition)
    this.#resume(nowMs, (other) => other === key)
    if (!this.#retreats.has(key)) {
      if ((batch.offsets[0] as number) <= (this.#writers.get(key)?.lastOffset ?? -1)) await this.#beginAnew(key)
      await this.#putRuns(this.#writer(topic, partition, nowMs), batch, nowMs)
    }
    await this.#afterPut(nowMs, call.signal)
  }

  async preCommit(offsets: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    const keys = offsets.map(({ topic, partition }) => keyOf(topic, partition))
    const writers = keys.map((key) => this.#writers.get(key)).filter((writer) => writer !== undefined)
    await this.#withinShutdownTimeout(Promise.all(writers.map((writer) => writer.commits.idle())))
    // A commit that throws would send all partitions back, also those that are well: what is stored can be committed.
    await this.#recoverFailed().catch((error: unknown) => {
      this.#failure = { error }
    })
    return offsets.flatMap(({ topic, partition }) => {
      const key = keyOf(topic, partition)
      const offset = this.#writers.get(key)?.commits.committed ?? this.#committed.get(key) ?? null
      return offset === null ? [] : [{ topic, partition, offset }]
    })
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    const keys = partitions.map(({ topic, partition }) => keyOf(topic, partition))
    const writers = keys.map((key) => this.#writers.get(key)).filter((writer) => writer !== undefined)
    for (const key of keys) {
      this.#writers.delete(key)
      this.#committed.delete(key)
      this.#retreats.delete(key)
    }
    await this.#withinShutdownTimeout(Promise.all(writers.map((writer) => writer.discard())))
  }

  async stop(): Promise<void> {
    await this.close([...this.#writers.values()])
    await this.#store.close()
  }

  #writer(topic: string, partition: number, nowMs: number): PartitionWriter {
    const key = keyOf(topic, partition)
    let writer = this.#writers.get(key)
    if (writer === undefined) {
      writer = new PartitionWriter(this.#deps, topic, partition, nowMs)
      this.#writers.set(key, writer)
    }
    return writer
  }

  async #putRecord(record: SinkRecord, nowMs: number): Promise<void> {
    try {
      if (record.value === null || record.value === undefined) {
        await this.#putNull(record)
        return
      }
      this.#writer(record.originalTopic, record.originalKafkaPartition, nowMs).append(record, nowMs)
    } catch (error) {
      const reporter = this.#context.errantRecordReporter
      if (reporter === null || !isConnectError(error, 'DataError')) throw error
      await reporter.report(record, error)
    }
  }

  async #putNull(record: SinkRecord): Promise<void> {
    if (this.#settings.nullValues === 'fail')
      throw new ConnectError(
        `The record of ${placeOf(record)} has no value: set behavior.on.null.values=ignore to leave such records out`,
      )
    if (!this.#settings.reportNullValues) return
    const error = new DataError(`Skipping null value record of ${placeOf(record)}`)
    await this.#context.errantRecordReporter?.report(record, error)
  }

  /** Whether the bytes can be used as they are; records that may turn out faulty one by one go the ordinary way. */
  #takesBatch(writer: PartitionWriter, batch: SinkBatch): boolean {
    if (!writer.takesBatches) return false
    if (this.#settings.format.kind === 'bytes' && batch.valueFormat !== 'bytes') return false
    const { partitionBy } = this.#settings
    return partitionBy.kind !== 'time' || partitionBy.extractor !== 'Record' || !batch.timestamps.includes(-1)
  }

  /** Appends the stretches of a batch between records without a value. */
  async #putRuns(writer: PartitionWriter, batch: SinkBatch, nowMs: number): Promise<void> {
    const { valueStarts, count } = batch
    let records: readonly SinkRecord[] | null = null
    for (let i = 0; i < count; ) {
      let end = i
      while (end < count && (valueStarts[end] as number) >= 0) end++
      if (end > i) writer.appendBatch(batch, i, end, nowMs)
      if (end < count) {
        records ??= batch.records()
        await this.#putRecord(records[end] as SinkRecord, nowMs)
      }
      i = end + 1
    }
  }

  async #afterPut(nowMs: number, signal: AbortSignal): Promise<void> {
    let waitMs = Infinity
    for (const writer of this.#writers.values()) {
      writer.tick(nowMs)
      waitMs = Math.min(waitMs, writer.msToSchedule(nowMs) ?? Infinity)
    }
    if (this.#deps.inFlight.isFull) await this.#deps.inFlight.room(signal)
    await this.#recoverFailed()
    for (const { resumeAtMs } of this.#retreats.values()) waitMs = Math.min(waitMs, resumeAtMs - nowMs)
    if (waitMs !== Infinity) this.#context.timeout(Math.max(1, waitMs))
  }

  /**
   * Begins partitions anew whose objects could not be stored. Their records are read again from the first that is not
   * stored, after a pause: throwing a `RetriableError` would bring only the last ones back, out of order.
   */
  async #recoverFailed(): Promise<void> {
    if (this.#failure !== null) throw this.#failure.error
    const failed = [...this.#writers].filter(([, writer]) => writer.hasFailed)
    for (const [key, writer] of failed) {
      const { result, offset } = await writer.discard()
      this.#writers.delete(key)
      if (writer.commits.committed !== null) this.#committed.set(key, writer.commits.committed)
      const { topic, partition } = writer
      if (result.kind === 'conflict') {
        const free = await firstFreeOffset(this.#store, result.objects, this.#settings.maxFilesScan)
        const [first] = result.objects
        this.#context.logger.warn(
          { key: first?.key, offset: free },
          `Another object has the key ${first?.key} in ${this.#store.place}, which is left alone: going on at offset ${free}`,
        )
        this.#committed.set(key, free)
        this.#retreat(key, { topic, partition, offset: free, resumeAtMs: 0 })
      } else if (result.kind === 'failed') {
        if (!isConnectError(result.error, 'RetriableError')) throw result.error
        this.#context.logger.warn(
          { topic, partition, offset, pauseMs: this.#settings.retryBackoffMs },
          `${result.error.message} Records of ${topic}-${partition} are read again from offset ${offset}.`,
        )
        this.#retreat(key, { topic, partition, offset, resumeAtMs: Date.now() + this.#settings.retryBackoffMs })
      }
    }
  }

  /** Drops what is not stored of a partition that is being read again from before, for a reason of the runtime's. */
  async #beginAnew(key: string): Promise<void> {
    const writer = this.#writers.get(key)
    this.#writers.delete(key)
    await writer?.discard()
    const committed = writer?.commits.committed ?? null
    if (committed !== null) this.#committed.set(key, committed)
  }

  #retreat(key: string, retreat: Retreat): void {
    const { topic, partition, offset } = retreat
    this.#retreats.set(key, retreat)
    this.#context.offset([{ topic, partition, offset }])
    this.#context.pause({ topic, partition })
    this.#context.timeout(Math.max(1, retreat.resumeAtMs - Date.now()))
  }

  /** Lets partitions go on whose pause is over; not while records from before are still coming in. */
  #resume(nowMs: number, isDelivered: (key: string) => boolean): void {
    for (const [key, { topic, partition, offset, resumeAtMs }] of this.#retreats) {
      if (nowMs < resumeAtMs || isDelivered(key)) continue
      this.#retreats.delete(key)
      this.#context.offset([{ topic, partition, offset }])
      this.#context.resume({ topic, partition })
    }
  }

  async #withinShutdownTimeout(work: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#settings.shutdownTimeoutMs)
    })
    try {
      await Promise.race([work, expired])
    } finally {
      clearTimeout(timer)
    }
  }
}

function keyOfRecord(record: SinkRecord): string {
  return keyOf(record.originalTopic, record.originalKafkaPartition)
}

function keyOf(topic: string, partition: number): string {
  return `${topic}-${partition}`
}
