import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import type { Cluster } from '../cluster.ts'
import { ClientConfigError, ClosedError } from '../errors.ts'
import { Notifier } from '../notifier.ts'
import {
  type CallOptions,
  type CommittedOffset,
  commitOffsets,
  fetchCommittedOffsets,
  listOffsets,
  type OffsetSpec,
  type OffsetToCommit,
  outsideCommitter,
} from '../offsets.ts'
import { responseMemory } from '../response-memory.ts'
import { partitionKey, type TopicPartition } from '../topic-partition.ts'
import { AbortedError, ClientTimeoutError } from '../errors.ts'
import { now } from '../waits.ts'
import type { FetchedRecords } from './fetched-records.ts'
import { Fetcher } from './fetcher.ts'
import { ConsumerMembership, type RebalanceListener, type SubscribedTopics } from './membership.ts'
import { type ConsumerOptions, type ResolvedConsumerOptions, resolveConsumerOptions } from './options.ts'
import type { PartitionState } from './partition-state.ts'

/**
 * Reads partitions as record batches in bytes: of a group that it subscribes in, or those that it is given by `assign`. It
 * fetches ahead by itself; everything else happens inside `poll`, the listener's calls included. One poll at a time.
 */
export class Consumer {
  readonly options: ResolvedConsumerOptions
  readonly #cluster: Cluster
  readonly #fetcher: Fetcher
  readonly #changed = new Notifier()
  readonly #closing = new AbortController()
  #membership: ConsumerMembership | null = null
  #isPolling = false

  constructor(cluster: Cluster, options: ConsumerOptions = {}) {
    this.options = resolveConsumerOptions(options, cluster.options.requestTimeoutMs)
    this.#cluster = cluster
    this.#fetcher = new Fetcher(cluster, this.options, {
      startOffsets: (partitions) => this.#startOffsets(partitions),
      onReady: () => this.#changed.notify(),
    })
  }

  /**
   * Joins the group at the next poll and reads what it is given there. A pattern is matched against all topics that are
   * not internal, again whenever metadata is refreshed. @throws ClientConfigError without `group.id`
   */
  subscribe(topics: SubscribedTopics, listener: RebalanceListener = {}): void {
    this.#throwIfClosed()
    const { groupId } = this.options
    if (groupId === null) throw new ClientConfigError('group.id', 'is needed to subscribe')
    if (this.#membership !== null || this.#fetcher.partitions.length > 0) {
      throw new Error('the consumer has been subscribed or assigned already')
    }
    this.#membership = new ConsumerMembership(
      {
        cluster: this.#cluster,
        options: { ...this.options, groupId },
        setPartitions: (partitions) => this.#fetcher.assign(partitions),
        wake: () => this.#changed.notify(),
      },
      topics,
      listener,
    )
  }

  /** Reads these partitions, and no longer any others; not together with `subscribe`. */
  assign(partitions: readonly TopicPartition[]): void {
    this.#throwIfClosed()
    if (this.#membership !== null) throw new Error('a subscribed consumer gets its partitions from the group')
    this.#fetcher.assign(partitions)
  }

  /** The partitions that are read at present. */
  assignment(): TopicPartition[] {
    return this.#fetcher.partitions
  }

  /** The member's id and generation in the group; empty and -1 when there is none. */
  get groupMetadata(): { memberId: string; generation: number } {
    const { memberId = '', generation = -1 } = this.#membership ?? {}
    return { memberId, generation }
  }

  /** Bytes fetched but not polled. */
  get bufferedBytes(): number {
    return this.#fetcher.bufferedBytes
  }

  /**
   * Gives what has been fetched, waiting for something if need be; an empty list when time is over or the signal fires.
   * The positions move behind what is given. @throws what stopped a partition or the membership; polling again goes on
   * @param maxRecords in place of the option `maxPollRecords`
   */
  async poll(
    timeoutMs: number,
    signal?: AbortSignal,
    maxRecords: number = this.options.maxPollRecords,
  ): Promise<FetchedRecords[]> {
    if (this.#isPolling) throw new Error('poll was called while another poll is running')
    this.#isPolling = true
    const deadline = now() + timeoutMs
    const limits = { deadline, signal }
    try {
      for (;;) {
        this.#throwIfClosed()
        await this.#membership?.runPending()
        this.#throwIfClosed()
        const taken = this.#fetcher.take(maxRecords)
        if (taken.length > 0 || signal?.aborted || now() >= deadline) return taken
        await this.#changed.wait(limits)
      }
    } finally {
      this.#isPolling = false
      this.#membership?.pollEnded()
    }
  }

  /**
   * Says that nobody looks at the bytes of something that `poll` gave any more, nor at keys and values that are views of them: the
   * next fetch may be read to the same memory. Optional; a consumer that reads much is faster for it.
   */
  release(fetched: FetchedRecords): void {
    responseMemory.release(fetched)
  }

  /** The next poll reads from here. */
  seek(topic: string, partition: number, offset: number): void {
    if (!(offset >= 0)) throw new RangeError(`cannot seek ${topic}-${partition} to offset ${offset}`)
    this.#state(topic, partition).seek(offset)
    this.#fetcher.changed()
  }

  /** The next poll reads from this end of the log. */
  seekToEnd(topic: string, partition: number, end: 'earliest' | 'latest'): void {
    this.#state(topic, partition).unset(end)
    this.#fetcher.changed()
  }

  /** Stops reading partitions until they are resumed; what was fetched of them is dropped and fetched again then. */
  pause(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const state = this.#state(topic, partition)
      state.isPaused = true
      state.dropBuffered()
    }
    this.#fetcher.changed()
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#state(topic, partition).isPaused = false
    this.#fetcher.changed()
    this.#changed.notify()
  }

  paused(): TopicPartition[] {
    return this.assignment().filter(({ topic, partition }) => this.#state(topic, partition).isPaused)
  }

  /** The next offset that a poll gives, waiting until it is known where to begin (default `default.api.timeout.ms`). */
  async position(topic: string, partition: number, options: CallOptions = {}): Promise<number> {
    const { timeoutMs = this.#cluster.options.defaultApiTimeoutMs, signal } = options
    const limits = { deadline: now() + timeoutMs, signal }
    for (;;) {
      this.#throwIfClosed()
      const { position } = this.#state(topic, partition)
      if (position !== null) return position
      if (!(await this.#changed.wait(limits))) {
        this.#throwIfClosed()
        const what = `finding the position of ${topic}-${partition}`
        throw signal?.aborted ? new AbortedError(what) : new ClientTimeoutError(`${what} did not finish in time`)
      }
    }
  }

  /** The group's committed offsets; offset -1 where there is none. */
  committed(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<CommittedOffset[]> {
    return fetchCommittedOffsets(this.#cluster, this.#groupId(), partitions, options)
  }

  /**
   * Commits offsets (of the next records to read), or the positions of all partitions.
   * @throws ProtocolError: ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID when the partitions belong to others by
   * now, REBALANCE_IN_PROGRESS when a poll has to finish a rebalance first
   */
  async commit(offsets: readonly OffsetToCommit[] = this.#positions(), options: CallOptions = {}): Promise<void> {
    this.#throwIfClosed()
    const committer = this.#membership?.committer ?? outsideCommitter
    if (this.#membership !== null && committer.generation === -1) {
      throw new ProtocolError(
        ErrorCode.UNKNOWN_MEMBER_ID,
        `the consumer is not a member of group ${this.#groupId()} at the moment, so it cannot commit`,
      )
    }
    try {
      await commitOffsets(this.#cluster, this.#groupId(), offsets, committer, options)
    } catch (error) {
      if (error instanceof ProtocolError) this.#onCommitError(error, committer.generation)
      throw error
    }
  }

  beginningOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<Map<string, number>> {
    return this.#ends(partitions, 'earliest', options)
  }

  /** The offsets behind the last records, by {@link partitionKey}; with `read_committed` behind the last stable ones. */
  endOffsets(partitions: readonly TopicPartition[], options: CallOptions = {}): Promise<Map<string, number>> {
    return this.#ends(partitions, 'latest', options)
  }

  /** Calls `onRevoked`, leaves the group and closes the connections. Does not commit. Quick even without a broker. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    try {
      await this.#membership?.close()
    } finally {
      this.#closing.abort()
      this.#fetcher.close()
      this.#changed.notify()
    }
  }

  #onCommitError(error: ProtocolError, generation: number): void {
    // Another generation has begun meanwhile: the failure says nothing about it.
    if (this.#membership === null || this.#membership.generation !== generation) return
    if (error.code === ErrorCode.REBALANCE_IN_PROGRESS) this.#membership.requestRejoin(error.message)
    if (error.code === ErrorCode.UNKNOWN_MEMBER_ID || error.code === ErrorCode.ILLEGAL_GENERATION) {
      this.#membership.declareLost(error)
    }
  }

  async #startOffsets(partitions: TopicPartition[]): Promise<Map<string, number>> {
    const { groupId, requestTimeoutMs } = this.options
    if (groupId === null) return new Map()
    const limits = { timeoutMs: requestTimeoutMs, signal: this.#closing.signal }
    const committed = await fetchCommittedOffsets(this.#cluster, groupId, partitions, limits)
    return new Map(
      committed
        .filter(({ offset }) => offset >= 0)
        .map(({ topic, partition, offset }) => [partitionKey(topic, partition), offset]),
    )
  }

  #positions(): OffsetToCommit[] {
    return this.assignment().flatMap(({ topic, partition }) => {
      const { position } = this.#state(topic, partition)
      return position === null ? [] : [{ topic, partition, offset: position }]
    })
  }

  async #ends(
    partitions: readonly TopicPartition[],
    at: OffsetSpec,
    options: CallOptions,
  ): Promise<Map<string, number>> {
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }))
    const results = await listOffsets(this.#cluster, queries, this.options.isolationLevel, options)
    return new Map(
      results.map(({ topic, partition, offset, error }) => {
        if (error !== null) throw error
        return [partitionKey(topic, partition), offset]
      }),
    )
  }

  #state(topic: string, partition: number): PartitionState {
    const state = this.#fetcher.state(topic, partition)
    if (state === undefined) throw new Error(`${topic}-${partition} is not assigned to this consumer`)
    return state
  }

  #groupId(): string {
    const { groupId } = this.options
    if (groupId === null) throw new ClientConfigError('group.id', 'is needed for committed offsets')
    return groupId
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw new ClosedError('the consumer')
  }
}
