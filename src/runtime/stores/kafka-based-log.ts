import { Backoff } from '../../base/backoff.ts'
import { pause } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import {
  AbortedError,
  ClosedError,
  type Cluster,
  Consumer,
  type IsolationLevel,
  type Producer,
  recordsOf,
} from '../../client/index.ts'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import type { KafkaLog, LogPosition, LogRecord } from './kafka-log.ts'

/** Nothing polls: the broker holds the fetch until there is data, so this only bounds one call. */
const POLL_MS = 60_000
const FETCH_WAIT_MS = 5_000

/** A topic that another worker has just created may not be known to every broker yet. */
const LOOK_UP_TIMEOUT_MS = 10_000

interface Waiter {
  /** Offset to be read up to (exclusive), by partition. */
  readonly ends: ReadonlyMap<number, number>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A {@link KafkaLog} on the client: one consumer that follows all partitions, and a producer shared with other logs. */
export class KafkaBasedLog implements KafkaLog {
  readonly #topic: string
  readonly #cluster: Cluster
  readonly #producer: Producer
  readonly #listener: (record: LogRecord) => void
  readonly #logger: Logger
  readonly #consumer: Consumer
  readonly #stopping = new AbortController()
  /** Next offset to be read, by partition. */
  readonly #positions = new Map<number, number>()
  readonly #waiters = new Set<Waiter>()
  #following: Promise<void> = Promise.resolve()

  constructor(
    topic: string,
    cluster: Cluster,
    producer: Producer,
    listener: (record: LogRecord) => void,
    logger: Logger,
    isolationLevel: IsolationLevel = 'read_uncommitted',
  ) {
    this.#topic = topic
    this.#cluster = cluster
    this.#producer = producer
    this.#listener = listener
    this.#logger = logger
    this.#consumer = new Consumer(cluster, {
      autoOffsetReset: 'earliest',
      fetchMaxWaitMs: FETCH_WAIT_MS,
      isolationLevel,
    })
  }

  async start(): Promise<void> {
    const count = await this.#partitionCount()
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic: this.#topic, partition }))
    const [beginnings, ends] = await Promise.all([
      this.#consumer.beginningOffsets(partitions),
      this.#consumer.endOffsets(partitions),
    ])
    this.#consumer.assign(partitions)
    for (const [partition, beginning] of this.#byPartition(beginnings)) {
      this.#positions.set(partition, beginning)
      this.#consumer.seek(this.#topic, partition, beginning)
    }
    this.#following = this.#follow()
    await this.#until(this.#byPartition(ends))
  }

  async #partitionCount(): Promise<number> {
    const deadline = Date.now() + LOOK_UP_TIMEOUT_MS
    const backoff = new Backoff(50, 1_000)
    for (;;) {
      try {
        return await this.#cluster.partitionCount(this.#topic)
      } catch (error) {
        const isMissing = error instanceof ProtocolError && error.code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if (!isMissing || Date.now() > deadline || this.#stopping.signal.aborted) throw error
        await pause(backoff.next(), this.#stopping.signal)
      }
    }
  }

  async readToEnd(): Promise<void> {
    const partitions = [...this.#positions.keys()].map((partition) => ({ topic: this.#topic, partition }))
    await this.#until(this.#byPartition(await this.#consumer.endOffsets(partitions)))
  }

  async send(key: Uint8Array, value: Uint8Array | null): Promise<LogPosition> {
    return this.#producer.send({ topic: this.#topic, key, value })
  }

  async readPast({ partition, offset }: LogPosition): Promise<void> {
    await this.#until(new Map([[partition, offset + 1]]))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#following
    await this.#consumer.close()
    for (const waiter of this.#waiters) waiter.reject(new ClosedError(`the log of ${this.#topic}`))
    this.#waiters.clear()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping
    const backoff = new Backoff(100, 5_000)
    while (!signal.aborted) {
      try {
        for (const fetched of await this.#consumer.poll(POLL_MS, signal)) {
          for (const { partition, offset, key, value } of recordsOf(fetched)) {
            this.#deliver({ partition, offset, key, value })
          }
          this.#positions.set(fetched.partition, fetched.nextOffset)
        }
        backoff.reset()
        this.#release()
      } catch (error) {
        if (signal.aborted || error instanceof AbortedError || error instanceof ClosedError) return
        this.#logger.warn({ err: error, topic: this.#topic }, 'Could not read an internal topic; trying again')
        await pause(backoff.next(), signal)
      }
    }
  }

  #deliver(record: LogRecord): void {
    try {
      this.#listener(record)
    } catch (error) {
      const { partition, offset } = record
      this.#logger.error(
        { err: error, topic: this.#topic, partition, offset },
        'A record of an internal topic was skipped',
      )
    }
  }

  async #until(ends: ReadonlyMap<number, number>): Promise<void> {
    if (this.#isPast(ends)) return
    if (this.#stopping.signal.aborted) throw new ClosedError(`the log of ${this.#topic}`)
    await new Promise<void>((resolve, reject) => this.#waiters.add({ ends, resolve, reject }))
  }

  #release(): void {
    for (const waiter of this.#waiters) {
      if (!this.#isPast(waiter.ends)) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  #isPast(ends: ReadonlyMap<number, number>): boolean {
    return [...ends].every(([partition, end]) => (this.#positions.get(partition) ?? 0) >= end)
  }

  /** The client keys by topic and partition. */
  #byPartition(offsets: ReadonlyMap<string, number>): Map<number, number> {
    const found = [...offsets].map(([key, offset]) => [Number(key.slice(key.lastIndexOf('/') + 1)), offset] as const)
    return new Map(found)
  }
}
