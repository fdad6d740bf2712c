import { ConnectError } from '../../connect/index.ts'
import { partitionForKey } from '../../protocol/murmur2.ts'
import { RecordBatchBuilder } from '../../protocol/records/encode.ts'
import type { CompressionType } from '../../protocol/records/compression/index.ts'
import type { SourceRecord } from '../../connect/index.ts'
import type { OutgoingHeader, OutgoingRecord } from './source-pipeline.ts'
import type { Submission } from '../tasks/submitted-records.ts'

/** A record batch of one topic partition that is being filled, and whose records are in it. */
export class OpenBatch {
  readonly topic: string
  readonly partition: number
  readonly builder: RecordBatchBuilder
  readonly submissions: Submission[] = []
  readonly counts: number[] = []
  /** Records whose fate their task wants to know, and where they are in the batch; null when there are none. */
  tracked: { readonly record: SourceRecord; readonly index: number }[] | null = null
  /** It has waited long enough, and is held back only because it could not go yet. */
  isDue = false

  constructor(topic: string, partition: number, builder: RecordBatchBuilder) {
    this.topic = topic
    this.partition = partition
    this.builder = builder
  }

  /** Says that the last `records` records of the builder belong to a submission. */
  credit(submission: Submission, records: number): void {
    submission.add(records)
    const last = this.submissions.length - 1
    if (last >= 0 && this.submissions[last] === submission) this.counts[last] = (this.counts[last] as number) + records
    else {
      this.submissions.push(submission)
      this.counts.push(records)
    }
  }

  /** Says that the last record of the builder is one whose task wants to know its fate. */
  track(record: SourceRecord): void {
    this.tracked ??= []
    this.tracked.push({ record, index: this.builder.count - 1 })
  }

  /** Says that all its records are settled: stored, or given up. */
  acknowledge(): void {
    for (let i = 0; i < this.submissions.length; i++) {
      ;(this.submissions[i] as Submission).acknowledge(this.counts[i] as number)
    }
  }
}

export interface BatchLimits {
  /** A batch is sent when it has this many bytes before compression. */
  readonly targetBytes: number
  /** The most that a batch of several records may have, before compression. */
  readonly largestBytes: number
}

export interface RecordBatcherOptions extends BatchLimits {
  /** Sends a finished batch; the batches of one partition in the order of the calls. */
  readonly send: (topic: string, partition: number, builder: RecordBatchBuilder) => Promise<{ baseOffset: number }>
  /** A batch that is not full is sent after this many milliseconds. */
  readonly lingerMs: number
  /** So many batches of a partition may be with the broker at a time (default 5): another one that is not full can wait. */
  readonly maxInFlight?: number | undefined
  readonly compression: CompressionType
  /** After a batch was stored; offset −1 when the broker does not tell. */
  readonly onStored: (batch: OpenBatch, baseOffset: number) => void
  /** After a batch could not be stored. The listener acknowledges it if its records are to be given up. */
  readonly onFailed: (batch: OpenBatch, error: unknown) => void
}

/** More than a record without headers takes beside its key and value. */
const RECORD_OVERHEAD = 36

function recordSize({ key, value, headers }: OutgoingRecord): number {
  return RECORD_OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0) + headersSize(headers)
}

/** The most that headers take in a record. */
export function headersSize(headers: readonly OutgoingHeader[] | undefined): number {
  let size = 0
  if (headers) for (const { key, value } of headers) size += key.length * 3 + (value?.length ?? 0) + 10
  return size
}

interface TopicBatches {
  /** By partition. */
  open: (OpenBatch | null)[]
  /** How many were sent and are not settled yet, by partition. */
  unsettled: number[]
  sticky: number
}

const SMALLEST_BATCH_BYTES = 16_384
/** Buffers kept for reuse: about what is on its way at a time. */
const MOST_SPARE = 16
const DEFAULT_MAX_IN_FLIGHT = 5

/**
 * Collects what several polls give into record batches of a good size, one per topic partition, and sends each when it is
 * full or has waited long enough. With a broker that is slow, batches grow instead of queueing up: what is on its way when a
 * task stops has to be with the broker soon. Guarded by bench/pipelines.
 */
export class RecordBatcher {
  readonly #options: RecordBatcherOptions
  readonly #topics = new Map<string, TopicBatches>()
  readonly #limits = new Map<string, BatchLimits>()
  #timer: NodeJS.Timeout | null = null
  #unsettledBytes = 0
  #expectedBytes = SMALLEST_BATCH_BYTES
  /** Memory of batches that were stored, for the next ones. */
  readonly #spare: Uint8Array[] = []
  #inFlight = new Set<Promise<void>>()
  #waiter: (() => void) | null = null

  constructor(options: RecordBatcherOptions) {
    this.#options = options
  }

  /** Bytes that were sent and are not settled yet, in full builders. */
  get unsettledBytes(): number {
    return this.#unsettledBytes
  }

  /** Sizes of a topic's batches: send at `targetBytes`, never several records in more than `largestBytes`. */
  limits(topic: string): BatchLimits {
    return this.#limits.get(topic) ?? this.#options
  }

  /** Says that a topic takes no batches above `maxBytes` (its `max.message.bytes`). */
  limit(topic: string, maxBytes: number): void {
    const { targetBytes, largestBytes } = this.#options
    this.#limits.set(topic, {
      targetBytes: Math.min(targetBytes, Math.ceil(maxBytes * 0.9)),
      largestBytes: Math.min(largestBytes, maxBytes),
    })
  }

  /** Takes a converted record; sends its batch when that is full. `tracked` is what the task called it, if it wants to know. */
  append(record: OutgoingRecord, partitions: number, submission: Submission, tracked?: SourceRecord): void {
    const { topic, partition, key, value, headers } = record
    let batch = this.batchFor(topic, partitions, partition, key)
    const size = recordSize(record)
    if (batch.builder.count > 0 && batch.builder.sizeInBytes + size > this.limits(topic).largestBytes) {
      this.seal(batch)
      batch = this.batchFor(topic, partitions, partition, key)
    }
    batch.builder.appendRecord(record.timestamp, key, value, headers)
    batch.credit(submission, 1)
    if (tracked !== undefined) batch.track(tracked)
    this.sealIfFull(batch)
  }

  /** The batch to append to for a record: an explicit partition, that of its key, or the sticky one. */
  batchFor(topic: string, partitions: number, partition: number | null, key: Uint8Array | null): OpenBatch {
    const batches = this.#batches(topic)
    if (partition !== null && (partition < 0 || partition >= partitions)) {
      throw new ConnectError(
        `A record is meant for partition ${partition} of topic ${topic}, which has ${partitions} partitions`,
      )
    }
    const chosen =
      partition ?? (key === null ? this.#stickyPartition(batches, partitions) : partitionForKey(key, partitions))
    return batches.open[chosen] ?? this.#begin(topic, batches, chosen)
  }

  #batches(topic: string): TopicBatches {
    let batches = this.#topics.get(topic)
    if (batches === undefined) {
      batches = { open: [], unsettled: [], sticky: -1 }
      this.#topics.set(topic, batches)
    }
    return batches
  }

  #stickyPartition(batches: TopicBatches, partitions: number): number {
    if (batches.sticky === -1 || batches.sticky >= partitions) batches.sticky = Math.floor(Math.random() * partitions)
    return batches.sticky
  }

  #begin(topic: string, batches: TopicBatches, partition: number): OpenBatch {
    const memory = this.#spare.pop()
    const builder = new RecordBatchBuilder({
      compression: this.#options.compression,
      initialCapacity: this.#expectedBytes,
      ...(memory === undefined ? {} : { memory }),
    })
    const batch = new OpenBatch(topic, partition, builder)
    batches.open[partition] = batch
    this.#timer ??= setTimeout(() => this.#endLinger(), this.#options.lingerMs)
    return batch
  }

  /** Sends a batch that is full enough. */
  sealIfFull(batch: OpenBatch): void {
    if (batch.builder.sizeInBytes >= this.limits(batch.topic).targetBytes) this.seal(batch)
  }

  /** Sends a batch now; it takes no more records. */
  seal(batch: OpenBatch): void {
    const batches = this.#batches(batch.topic)
    if (batches.open[batch.partition] === batch) {
      batches.open[batch.partition] = null
      // The next records without a key go elsewhere, so that all partitions get their share.
      batches.sticky = -1
    }
    if (batch.builder.count === 0) return
    const bytes = batch.builder.sizeInBytes
    // Room for what comes after the mark that makes it full, so that a full batch is never copied to grow.
    const ample = Math.ceil(bytes * 1.1) + 1024
    this.#expectedBytes = Math.max(
      SMALLEST_BATCH_BYTES,
      bytes >= this.#options.targetBytes ? ample : Math.ceil((this.#expectedBytes + ample) / 2),
    )
    this.#unsettledBytes += bytes
    batches.unsettled[batch.partition] = unsettledOf(batches, batch.partition) + 1
    const sending = this.#send(batch).finally(() => {
      this.#inFlight.delete(sending)
      this.#unsettledBytes -= bytes
      batches.unsettled[batch.partition] = unsettledOf(batches, batch.partition) - 1
      this.#sealIfDue(batches, batch.partition)
      this.#waiter?.()
    })
    this.#inFlight.add(sending)
  }

  /** What was begun has waited long enough. */
  #endLinger(): void {
    this.#timer = null
    for (const batches of this.#topics.values()) {
      for (const batch of batches.open) {
        if (!batch) continue
        batch.isDue = true
        this.#sealIfDue(batches, batch.partition)
      }
    }
  }

  #sealIfDue(batches: TopicBatches, partition: number): void {
    const { maxInFlight = DEFAULT_MAX_IN_FLIGHT } = this.#options
    const batch = batches.open[partition]
    if (batch?.isDue === true && unsettledOf(batches, partition) < maxInFlight) this.seal(batch)
  }

  async #send(batch: OpenBatch): Promise<void> {
    let baseOffset: number
    try {
      ;({ baseOffset } = await this.#options.send(batch.topic, batch.partition, batch.builder))
    } catch (error) {
      this.#options.onFailed(batch, error)
      return
    }
    this.#options.onStored(batch, baseOffset)
    batch.acknowledge()
    this.#keepMemory(batch)
  }

  /** A stored batch is needed by nobody any more. Memory that no longer has the usual size is let go. */
  #keepMemory(batch: OpenBatch): void {
    const { bytes } = batch.builder.out
    if (
      this.#spare.length < MOST_SPARE &&
      bytes.length >= this.#expectedBytes &&
      bytes.length <= 4 * this.#expectedBytes
    ) {
      this.#spare.push(bytes)
    }
  }

  /** Sends everything that was begun. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const batches of this.#topics.values()) {
      for (const batch of batches.open) if (batch) this.seal(batch)
    }
  }

  /** Resolves when fewer than `limit` bytes are unsettled, or `signal` aborts. One caller at a time. */
  async belowLimit(limit: number, signal: AbortSignal): Promise<void> {
    while (this.#unsettledBytes >= limit && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const onAbort = (): void => resolve()
      this.#waiter = resolve
      signal.addEventListener('abort', onAbort, { once: true })
      await promise
      signal.removeEventListener('abort', onAbort)
      this.#waiter = null
    }
  }

  /** Resolves when every batch that was sent is settled. */
  async settled(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight)
  }

  /** Drops what was begun and not sent. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const batches of this.#topics.values()) batches.open.length = 0
    this.#topics.clear()
    this.#spare.length = 0
  }
}

function unsettledOf({ unsettled }: TopicBatches, partition: number): number {
  return unsettled[partition] ?? 0
}
