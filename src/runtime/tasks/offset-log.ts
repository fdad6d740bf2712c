import { pause } from '../../base/deadline.ts'
import { type Cluster, Consumer, type IsolationLevel, isRetriable, partitionKey } from '../../client/index.ts'
import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import { decodeBatch, readBatchHeader } from '../../protocol/records/index.ts'
import { outsideOfScopes } from '../plugins/plugin-scope.ts'
import { offsetKey, parseOffsetKey, parseOffsetValue } from './offset-json.ts'

const POLL_MS = 500
const RETRY_PAUSE_MS = 500
/** The consumer stays open between the reads, and must cost nothing then. */
const FETCH_WAIT_MS = 5000

/** What a topic of offsets is read with. */
export interface OffsetLogSource {
  readonly isolationLevel: IsolationLevel
  cluster(): Cluster
  /** Makes sure that the topic is there; called before it is first read. */
  prepare(): Promise<void>
}

/**
 * A topic of source offsets, as far as it was read. It is read on demand to its present end, not followed: tasks ask when
 * they start. Kept by the key's content, so that fields written by another worker in another notation are found as well.
 */
export class OffsetLog {
  readonly #topic: string
  readonly #source: OffsetLogSource
  readonly #offsets = new Map<string, SourceOffset>()
  readonly #decoder = new TextDecoder()
  /** The next offset to read, by partition. */
  readonly #next = new Map<string, number>()
  #consumer: Consumer | null = null
  #isClosed = false
  #reading: Promise<void> = Promise.resolve()
  /** A read that has not begun, for all who ask until then. */
  #nextReading: Promise<void> | null = null

  constructor(topic: string, source: OffsetLogSource) {
    this.#topic = topic
    this.#source = source
  }

  get(connector: string, partition: SourcePartition): SourceOffset | null {
    return this.#offsets.get(offsetKey(connector, partition)) ?? null
  }

  /** Reads everything that is in the topic at the time of the call. */
  readToEnd(): Promise<void> {
    // One after another: a reader that comes while another reads must see a newer end than that one.
    this.#nextReading ??= outsideOfScopes(() => {
      const reading = this.#reading.then(() => {
        this.#nextReading = null
        return this.#readUntilDone()
      })
      this.#reading = reading.catch(() => {})
      return reading
    })
    return this.#nextReading
  }

  /** Tries on while the cluster cannot be reached. */
  async #readUntilDone(): Promise<void> {
    for (;;) {
      try {
        await this.#readToEnd()
        return
      } catch (error) {
        if (!isRetriable(error) || this.#isClosed) throw error
        await pause(RETRY_PAUSE_MS)
      }
    }
  }

  async #readToEnd(): Promise<void> {
    this.#consumer ??= await this.#open()
    const consumer = this.#consumer
    const ends = await consumer.endOffsets(consumer.assignment())
    const isBehind = (): boolean => [...ends].some(([key, end]) => (this.#next.get(key) ?? 0) < end)
    while (isBehind()) {
      for (const { topic, partition, batches, nextOffset } of await consumer.poll(POLL_MS)) {
        this.#take(batches)
        this.#next.set(partitionKey(topic, partition), nextOffset)
      }
    }
  }

  async #open(): Promise<Consumer> {
    await this.#source.prepare()
    const cluster = this.#source.cluster()
    const { isolationLevel } = this.#source
    const count = await cluster.partitionCount(this.#topic)
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic: this.#topic, partition }))
    const consumer = new Consumer(cluster, {
      autoOffsetReset: 'earliest',
      fetchMaxWaitMs: FETCH_WAIT_MS,
      isolationLevel,
    })
    consumer.assign(partitions)
    for (const [key, offset] of await consumer.beginningOffsets(partitions)) this.#next.set(key, offset)
    return consumer
  }

  #take(batches: Uint8Array): void {
    for (let position = 0; position < batches.length; ) {
      const header = readBatchHeader(batches, position)
      if (!header.isControl) {
        const columns = decodeBatch(batches, position)
        for (let i = 0; i < columns.count; i++) this.#apply(columns.key(i), columns.value(i))
      }
      position += header.sizeInBytes
    }
  }

  #apply(key: Uint8Array | null, value: Uint8Array | null): void {
    if (key === null) return
    const parsed = parseOffsetKey(this.#decoder.decode(key))
    if (parsed === null) return
    let canonical: string
    try {
      canonical = offsetKey(parsed.connector, parsed.partition)
    } catch {
      // Nested data, which nobody can ask for.
      return
    }
    const offset = parseOffsetValue(value === null ? null : this.#decoder.decode(value))
    if (offset === null) this.#offsets.delete(canonical)
    else this.#offsets.set(canonical, offset)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const consumer = this.#consumer
    this.#consumer = null
    await consumer?.close()
  }
}
