import type { FetchedRecords, RebalanceListener, SubscribedTopics } from '../../src/client/index.ts'
import type { TopicPartition, TopicPartitionOffset } from '../../src/connect/index.ts'
import { RecordBatchBuilder, type RecordHeader, stampBatch } from '../../src/protocol/records/index.ts'
import type { SinkConsumer } from '../../src/runtime/tasks/sink-input.ts'

/** What a poll does and gives: rebalance calls in it are made as a consumer makes them. */
export type PollAnswer = (consumer: FakeSinkConsumer) => FetchedRecords[] | Promise<FetchedRecords[]>

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

/** Plays a group's consumer from a script: each poll takes the next answer, or gives nothing. */
export class FakeSinkConsumer implements SinkConsumer {
  readonly polls: PollAnswer[] = []
  readonly paused = new Set<string>()
  readonly seeks: [string, number][] = []
  readonly commits: { offsets: TopicPartitionOffset[]; done: PromiseWithResolvers<void> }[] = []
  /** Answers commits at once. */
  commitsSucceed = true
  subscription: SubscribedTopics | null = null
  listener: RebalanceListener = {}
  isClosed = false
  /** What is not looked at any more. */
  readonly released: FetchedRecords[] = []
  /** Calls in their order. */
  readonly calls: string[] = []
  readonly #positions = new Map<string, number>()
  readonly #firstOffset: number

  constructor(firstOffset: number) {
    this.#firstOffset = firstOffset
  }

  subscribe(topics: SubscribedTopics, listener: RebalanceListener = {}): void {
    this.subscription = topics
    this.listener = listener
  }

  async poll(): Promise<FetchedRecords[]> {
    const answer = this.polls.shift()
    return answer === undefined ? [] : answer(this)
  }

  release(fetched: FetchedRecords): void {
    this.released.push(fetched)
  }

  async assign(...partitions: TopicPartition[]): Promise<void> {
    for (const partition of partitions) {
      if (!this.#positions.has(keyOf(partition))) this.#positions.set(keyOf(partition), this.#firstOffset)
    }
    await this.listener.onAssigned?.(partitions)
  }

  async revoke(...partitions: TopicPartition[]): Promise<void> {
    await this.listener.onRevoked?.(partitions)
  }

  async lose(...partitions: TopicPartition[]): Promise<void> {
    await this.listener.onLost?.(partitions)
  }

  /** `count` records of a partition behind what was fetched of it. */
  fetch(
    of: TopicPartition,
    count: number,
    given: { timestamp?: number; headers?: RecordHeader[] } = {},
  ): FetchedRecords {
    const { timestamp = 5, headers = [] } = given
    const from = this.#positions.get(keyOf(of)) ?? this.#firstOffset
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < count; i++) {
      builder.append({ timestamp, key: Buffer.from('key'), value: Buffer.from(`value-${from + i}`), headers })
    }
    const batches = builder.build()
    stampBatch(batches, 0, { baseOffset: from, partitionLeaderEpoch: 0 })
    this.#positions.set(keyOf(of), from + count)
    const nextOffset = from + count
    return {
      ...of,
      batches,
      fetchOffset: from,
      nextOffset,
      recordCount: count,
      highWatermark: nextOffset,
      abortedTransactions: null,
    }
  }

  async position(topic: string, partition: number): Promise<number> {
    return this.#positions.get(keyOf({ topic, partition })) ?? this.#firstOffset
  }

  seek(topic: string, partition: number, offset: number): void {
    this.seeks.push([keyOf({ topic, partition }), offset])
    this.#positions.set(keyOf({ topic, partition }), offset)
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.paused.add(keyOf(partition))
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.paused.delete(keyOf(partition))
  }

  commit(offsets: readonly TopicPartitionOffset[] = []): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.commits.push({ offsets: [...offsets], done })
    this.calls.push('commit')
    if (this.commitsSucceed) done.resolve()
    return done.promise
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}
