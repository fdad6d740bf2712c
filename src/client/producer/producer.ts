import { RecordBatchBuilder, type RecordHeader } from '../../protocol/records/index.ts'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import type { Cluster } from '../cluster.ts'
import { ClosedError } from '../errors.ts'
import type { TopicMetadata } from '../metadata.ts'
import { type Deferred, deferred, now, waitFor } from '../waits.ts'
import { type ProducerOptions, type ResolvedProducerOptions, resolveProducerOptions } from './options.ts'
import { Partitioner } from './partitioner.ts'
import { Sender, tooLarge } from './sender.ts'

/** Varints, attributes and lengths of one record at most. */
const RECORD_OVERHEAD = 36

export interface ProducerRecord {
  topic: string
  /** Default: by the key, or a random one for a while when there is none. */
  partition?: number
  key: Uint8Array | null
  value: Uint8Array | null
  headers?: readonly RecordHeader[]
  /** Milliseconds since the epoch, default now. */
  timestamp?: number
}

/**
 * Sends records or finished batches. Records of a partition are written in the order of the calls; with idempotence (the
 * default) retries neither lose nor repeat any within `delivery.timeout.ms`.
 */
export class Producer {
  readonly options: ResolvedProducerOptions
  readonly #cluster: Cluster
  readonly #sender: Sender
  readonly #partitioner: Partitioner
  readonly #waiters: Deferred<void>[] = []
  #bufferedBytes = 0
  readonly #lookUps = new Map<string, Promise<TopicMetadata>>()
  readonly #closing = new AbortController()
  #isClosed = false

  constructor(cluster: Cluster, options: ProducerOptions = {}) {
    this.options = resolveProducerOptions(options, cluster.options.requestTimeoutMs)
    this.#cluster = cluster
    this.#partitioner = new Partitioner(this.options.batchSize)
    this.#sender = new Sender(cluster, this.options, (bytes) => this.#release(bytes))
  }

  /** Bytes of records that are not acknowledged yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /**
   * Queues one record and resolves when it is acknowledged. Waits for metadata and buffer memory up to `max.block.ms`.
   * @returns offset -1 when the broker does not tell (`acks=0`)
   */
  async send(record: ProducerRecord): Promise<{ partition: number; offset: number }> {
    this.#throwIfClosed()
    const size = sizeOf(record)
    if (size > this.options.maxRequestSize) throw tooLarge(record, size, this.options.maxRequestSize)
    const deadline = now() + this.options.maxBlockMs
    const topic = this.#cluster.metadata.peek(record.topic) ?? (await this.#lookUp(record.topic))
    if (this.#waiters.length > 0 || this.#bufferedBytes >= this.options.bufferMemory) {
      const what = `waiting for room in the producer's buffer (buffer.memory=${this.options.bufferMemory})`
      await waitFor(this.waitForBuffer(), { deadline }, what)
    }
    this.#throwIfClosed()
    return this.#append(record, topic, size)
  }

  /**
   * Queues a finished batch as it is; the builder must not be used afterwards. Costs the same whatever the number of records.
   * Never waits for memory: callers that produce without end await {@link waitForBuffer} in between.
   */
  sendBatch(topic: string, partition: number, builder: RecordBatchBuilder): Promise<{ baseOffset: number }> {
    if (this.#isClosed) return Promise.reject(new ClosedError('the producer'))
    if (builder.count === 0) return Promise.reject(new Error(`the batch for ${topic}-${partition} has no records`))
    const { sizeInBytes } = builder
    if (builder.compression === 'none' && sizeInBytes > this.options.maxRequestSize) {
      return Promise.reject(tooLarge({ topic }, sizeInBytes, this.options.maxRequestSize))
    }
    const queue = this.#sender.queue(topic, partition)
    queue.closeOpen()
    const batch = queue.newBatch(builder, this.options.deliveryTimeoutMs)
    batch.reserved = sizeInBytes
    this.#bufferedBytes += sizeInBytes
    queue.waiting.push(batch)
    this.#sender.wake(queue)
    return batch.done.promise.then((baseOffset) => ({ baseOffset }))
  }

  /** Number of partitions of a topic, which the broker creates if it is set up to. */
  partitionCount(topic: string): Promise<number> {
    return this.#cluster.partitionCount(topic, { create: true })
  }

  /** Resolves as soon as less than `buffer.memory` is taken. */
  async waitForBuffer(signal?: AbortSignal): Promise<void> {
    while (this.#bufferedBytes >= this.options.bufferMemory) {
      this.#throwIfClosed()
      const waiter = deferred()
      this.#waiters.push(waiter)
      try {
        await waitFor(waiter.promise, { signal }, "waiting for room in the producer's buffer")
      } catch (error) {
        const index = this.#waiters.indexOf(waiter)
        if (index !== -1) this.#waiters.splice(index, 1)
        throw error
      }
    }
  }

  /** Sends what is waiting and resolves when everything sent so far is acknowledged or has failed; never rejects. */
  flush(): Promise<void> {
    return this.#sender.flush()
  }

  /** Flushes for at most `timeoutMs` (default 5000), then gives up what is left; those records' promises reject. */
  async close(timeoutMs = 5000): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (timeoutMs > 0) {
      const limits = { deadline: now() + timeoutMs, signal: this.#cluster.closed }
      await waitFor(this.#sender.flush(), limits, 'flushing the producer').catch(() => {})
    }
    this.#closing.abort()
    this.#sender.close()
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new ClosedError('the producer'))
  }

  #append(record: ProducerRecord, topic: TopicMetadata, size: number): Promise<{ partition: number; offset: number }> {
    const partition = record.partition ?? this.#partitioner.partition(topic, record.key, size)
    if (partition < 0 || partition >= topic.partitions.length) {
      throw new ProtocolError(
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        `topic ${record.topic} has ${topic.partitions.length} partitions, so there is none with number ${partition}`,
      )
    }
    const queue = this.#sender.queue(record.topic, partition)
    const { batchSize, maxRequestSize, compressionType: compression } = this.options
    if (queue.open !== null && queue.open.sizeInBytes + size > Math.min(batchSize, maxRequestSize)) queue.closeOpen()
    if (queue.open === null) {
      const initialCapacity = Math.min(Math.max(size + 128, batchSize), 65536)
      queue.open = queue.newBatch(
        new RecordBatchBuilder({ compression, initialCapacity }),
        this.options.deliveryTimeoutMs,
      )
    }
    const batch = queue.open
    const { builder } = batch
    const { key, value, headers = [], timestamp = Date.now() } = record
    const offsetDelta = builder.count
    builder.append({ timestamp, key, value, headers })
    this.#bufferedBytes += builder.sizeInBytes - batch.reserved
    batch.reserved = builder.sizeInBytes
    if (builder.sizeInBytes >= batchSize) queue.closeOpen()
    this.#sender.wake(queue)
    return batch.done.promise.then((base) => ({ partition, offset: base === -1 ? -1 : base + offsetDelta }))
  }

  /** One look-up a topic, however many records wait for it. */
  #lookUp(topic: string): Promise<TopicMetadata> {
    let lookUp = this.#lookUps.get(topic)
    if (lookUp === undefined) {
      const { signal } = this.#closing
      lookUp = this.#cluster
        .topic(topic, { create: true, timeoutMs: this.options.maxBlockMs, signal })
        .catch((error: unknown) => {
          this.#throwIfClosed()
          throw error
        })
        .finally(() => this.#lookUps.delete(topic))
      this.#lookUps.set(topic, lookUp)
    }
    return lookUp
  }

  #release(bytes: number): void {
    this.#bufferedBytes -= bytes
    if (this.#bufferedBytes >= this.options.bufferMemory) return
    for (const waiter of this.#waiters.splice(0)) waiter.resolve()
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new ClosedError('the producer')
  }
}

function sizeOf({ key, value, headers = [] }: ProducerRecord): number {
  let size = RECORD_OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0)
  for (const header of headers) size += Buffer.byteLength(header.key) + (header.value?.length ?? 0) + 10
  return size
}
