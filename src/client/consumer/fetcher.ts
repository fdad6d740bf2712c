import { ErrorCode, errorByCode, ProtocolError } from '../../protocol/errors.ts'
import { Fetch, type ResponseOf } from '../../protocol/messages/index.ts'
import type { Cluster } from '../cluster.ts'
import { isRetriable, messageOf } from '../errors.ts'
import { isLeaderError } from '../leader-requests.ts'
import { listOffsets } from '../offsets.ts'
import { byTopic, partitionKey, type TopicPartition } from '../topic-partition.ts'
import { now } from '../waits.ts'
import type { FetchedRecords } from './fetched-records.ts'
import type { ResolvedConsumerOptions } from './options.ts'
import { PartitionState } from './partition-state.ts'

/** While some partitions of a node may not be fetched because they lie here unread, the others wait this long at most. */
const WAIT_BESIDE_FULL_MS = 20

type PartitionAnswer = ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]

export interface FetcherHooks {
  /** Where to begin: an offset for each partition that has one. */
  startOffsets(partitions: TopicPartition[]): Promise<Map<string, number>>
  /** Something can be taken, or an error be thrown. */
  onReady(): void
}

interface NodeState {
  isBusy: boolean
  notBefore: number
}

/**
 * Keeps one Fetch outstanding per leader for the partitions that may be read ahead, and holds at most about
 * `fetch.max.bytes` of what came. Runs when something happened or a timer is due; the waiting is done by the broker.
 */
export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: ResolvedConsumerOptions
  readonly #hooks: FetcherHooks
  readonly #purpose: string
  readonly #nodes = new Map<number, NodeState>()
  readonly #looking = new Set<string>()
  readonly #closing = new AbortController()
  #states = new Map<string, PartitionState>()
  #error: unknown = null
  #isWoken = false
  #timer: NodeJS.Timeout | undefined

  constructor(cluster: Cluster, options: ResolvedConsumerOptions, hooks: FetcherHooks) {
    this.#cluster = cluster
    this.#options = options
    this.#hooks = hooks
    this.#purpose = cluster.newPurpose('fetch')
  }

  get partitions(): TopicPartition[] {
    return [...this.#states.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Bytes fetched but not taken. */
  get bufferedBytes(): number {
    let sum = 0
    for (const { bufferedBytes } of this.#states.values()) sum += bufferedBytes
    return sum
  }

  state(topic: string, partition: number): PartitionState | undefined {
    return this.#states.get(partitionKey(topic, partition))
  }

  /** Replaces the partitions to read; those that stay keep their position and what was fetched. */
  assign(partitions: readonly TopicPartition[]): void {
    const states = new Map<string, PartitionState>()
    for (const { topic, partition } of partitions) {
      const key = partitionKey(topic, partition)
      states.set(key, this.#states.get(key) ?? new PartitionState(topic, partition))
    }
    this.#states = states
    this.wake()
  }

  /** What is here, about `maxRecords` of it; each call begins with another partition. @throws what stopped a partition */
  take(maxRecords: number): FetchedRecords[] {
    if (this.#error !== null) {
      const error = this.#error
      this.#error = null
      throw error
    }
    const taken: FetchedRecords[] = []
    let left = maxRecords
    // The map changes its order on the way.
    const states = [...this.#states]
    for (const [key, state] of states) {
      if (left <= 0) break
      if (state.isPaused || state.bufferedBytes === 0) continue
      for (const fetched of state.take(left)) {
        left -= fetched.recordCount
        taken.push(fetched)
      }
      this.#states.delete(key)
      this.#states.set(key, state)
    }
    if (taken.length > 0) this.wake()
    return taken
  }

  /** Call after positions, pauses or leaders may have changed. */
  wake(): void {
    if (this.#isWoken) return
    this.#isWoken = true
    setImmediate(() => {
      this.#isWoken = false
      this.#run()
    })
  }

  close(): void {
    this.#closing.abort()
    clearTimeout(this.#timer)
    this.#states.clear()
    this.#cluster.release(this.#purpose)
  }

  #run(): void {
    if (this.#closing.signal.aborted) return
    const time = now()
    let wakeAt = Infinity
    const unlocated: PartitionState[] = []
    const nodes = new Map<number, { ready: PartitionState[]; isSomeFull: boolean }>()
    const isFull = this.bufferedBytes >= this.#options.fetchMaxBytes
    for (const state of this.#states.values()) {
      if (state.isPaused) continue
      if (state.notBefore > time) {
        wakeAt = Math.min(wakeAt, state.notBefore)
        continue
      }
      if (state.position === null) {
        if (!state.isLocating) unlocated.push(state)
        continue
      }
      if (isFull) continue
      const leader = this.#cluster.metadata.leader(state.topic, state.partition)
      if (leader === -1 || this.#cluster.metadata.isStale(state.topic)) this.#look(state.topic)
      if (leader === -1) continue
      let node = nodes.get(leader)
      if (node === undefined) nodes.set(leader, (node = { ready: [], isSomeFull: false }))
      if (state.bufferedBytes < this.#options.maxPartitionFetchBytes) node.ready.push(state)
      else node.isSomeFull = true
    }
    if (unlocated.length > 0) void this.#locate(unlocated)
    for (const [id, { ready, isSomeFull }] of nodes) {
      const node = this.#node(id)
      if (ready.length === 0 || node.isBusy) continue
      if (node.notBefore > time) wakeAt = Math.min(wakeAt, node.notBefore)
      else void this.#fetch(id, node, ready, isSomeFull)
    }
    clearTimeout(this.#timer)
    if (wakeAt !== Infinity) this.#timer = setTimeout(() => this.wake(), Math.max(1, wakeAt - time))
  }

  #node(id: number): NodeState {
    let node = this.#nodes.get(id)
    if (node === undefined) {
      node = { isBusy: false, notBefore: 0 }
      this.#nodes.set(id, node)
    }
    return node
  }

  async #fetch(id: number, node: NodeState, states: PartitionState[], isSomeFull: boolean): Promise<void> {
    node.isBusy = true
    const { fetchMaxWaitMs, fetchMinBytes, fetchMaxBytes, maxPartitionFetchBytes, isolationLevel } = this.#options
    const { requestTimeoutMs } = this.#options
    const maxWaitMs = isSomeFull ? Math.min(fetchMaxWaitMs, WAIT_BESIDE_FULL_MS) : fetchMaxWaitMs
    const asked = new Map(states.map((state) => [partitionKey(state.topic, state.partition), state.fetchOffset]))
    const body = {
      maxWaitMs,
      minBytes: fetchMinBytes,
      maxBytes: Math.max(1, fetchMaxBytes - this.bufferedBytes),
      isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
      topics: [...byTopic(states)].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition, fetchOffset }) => ({
          partition,
          fetchOffset,
          partitionMaxBytes: maxPartitionFetchBytes,
        })),
      })),
    }
    try {
      const answer = await this.#cluster.request(Fetch, body, {
        node: id,
        purpose: this.#purpose,
        timeoutMs: requestTimeoutMs + maxWaitMs,
        signal: this.#closing.signal,
        // From version 13 on topics go by id, which old brokers do not tell.
        maxVersion: 12,
        resend: 'never',
      })
      if (answer.errorCode !== ErrorCode.NONE) throw new ProtocolError(answer.errorCode)
      for (const { topic, partitions } of answer.responses) {
        for (const partition of partitions) this.#receive(topic, partition, asked)
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#onRequestError(node, states, error)
    } finally {
      node.isBusy = false
      this.wake()
    }
  }

  #onRequestError(node: NodeState, states: PartitionState[], error: unknown): void {
    node.notBefore = now() + this.#cluster.options.retryBackoffMs
    if (!isRetriable(error)) this.#fail(error)
    this.#cluster.options.logger.debug({ reason: messageOf(error) }, 'Fetch failed and is repeated')
    for (const { topic } of states) this.#cluster.metadata.invalidate(topic)
  }

  #receive(topic: string, answer: PartitionAnswer, asked: Map<string, number>): void {
    const state = this.state(topic, answer.partitionIndex)
    const offset = asked.get(partitionKey(topic, answer.partitionIndex))
    // Taken away, moved or paused while the request was out: somebody else's data by now.
    if (state === undefined || state.position === null || state.isPaused || state.fetchOffset !== offset) return
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#onPartitionError(state, answer.errorCode)
      return
    }
    const before = state.bufferedBytes
    try {
      if (answer.records !== null) state.add(answer.records, answer.highWatermark, answer.abortedTransactions)
      else state.highWatermark = answer.highWatermark
    } catch (error) {
      this.#failPartition(state, error)
    }
    if (state.bufferedBytes > before) this.#hooks.onReady()
  }

  #onPartitionError(state: PartitionState, code: number): void {
    const { topic, partition } = state
    state.notBefore = now() + this.#cluster.options.retryBackoffMs
    if (code === ErrorCode.OFFSET_OUT_OF_RANGE) {
      // What was fetched before the log was cut is still to be read.
      if (state.bufferedBytes > 0) return
      const { autoOffsetReset } = this.#options
      const text = `offset ${state.fetchOffset} of ${topic}-${partition} is not there (any more)`
      if (autoOffsetReset === 'none') {
        this.#failPartition(
          state,
          new ProtocolError(code, `${text}, and auto.offset.reset is none: seek to another one`),
        )
        return
      }
      this.#cluster.options.logger.warn({ topic, partition }, `${text}; reading goes on at the ${autoOffsetReset} one`)
      state.notBefore = 0
      state.unset(autoOffsetReset)
    } else if (isLeaderError(code)) {
      this.#cluster.metadata.invalidate(topic)
    } else if (code === ErrorCode.CORRUPT_MESSAGE || !errorByCode(code).retriable) {
      this.#failPartition(
        state,
        new ProtocolError(code, `${topic}-${partition} at offset ${state.fetchOffset}: ${errorByCode(code).message}`),
      )
    }
  }

  /** The next poll throws; afterwards the partition is tried again. */
  #failPartition(state: PartitionState, error: unknown): void {
    state.notBefore = now() + this.#cluster.options.retryBackoffMaxMs
    this.#fail(error)
  }

  #fail(error: unknown): void {
    this.#error ??= error
    this.#hooks.onReady()
  }

  /** Finds out where to begin: the group's committed offset, or an end of the log. */
  async #locate(states: PartitionState[]): Promise<void> {
    for (const state of states) state.isLocating = true
    try {
      const fresh = states.filter(({ resetTo }) => resetTo === null)
      const starts = fresh.length > 0 ? await this.#hooks.startOffsets(fresh) : new Map<string, number>()
      const missing: PartitionState[] = []
      for (const state of states) {
        const offset = state.resetTo === null ? starts.get(partitionKey(state.topic, state.partition)) : undefined
        if (state.position !== null) continue
        if (offset === undefined) missing.push(state)
        else state.seek(offset)
      }
      await this.#reset(missing)
    } catch (error) {
      for (const state of states) state.notBefore = now() + this.#cluster.options.retryBackoffMs
      if (!this.#closing.signal.aborted && !isRetriable(error)) {
        for (const state of states) this.#failPartition(state, error)
      }
    } finally {
      for (const state of states) state.isLocating = false
      this.wake()
      this.#hooks.onReady()
    }
  }

  async #reset(states: PartitionState[]): Promise<void> {
    if (states.length === 0) return
    const { autoOffsetReset, isolationLevel } = this.#options
    const queries = states.map((state) => {
      const { topic, partition } = state
      const at = state.resetTo ?? autoOffsetReset
      if (at === 'none') {
        throw new ProtocolError(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          `the group has no committed offset for ${topic}-${partition}, and auto.offset.reset is none`,
        )
      }
      return { topic, partition, at }
    })
    const limits = { timeoutMs: this.#options.requestTimeoutMs, signal: this.#closing.signal }
    const results = await listOffsets(this.#cluster, queries, isolationLevel, limits)
    for (const [index, { offset, error }] of results.entries()) {
      const state = states[index] as PartitionState
      if (state.position !== null) continue
      if (error === null) state.seek(offset)
      else if (error.retriable) state.notBefore = now() + this.#cluster.options.retryBackoffMs
      else this.#failPartition(state, error)
    }
  }

  #look(topic: string): void {
    if (this.#looking.has(topic)) return
    this.#looking.add(topic)
    const { metadata } = this.#cluster
    metadata
      .refresh([topic], { create: this.#options.allowAutoCreateTopics })
      .catch((error: unknown) => {
        this.#cluster.options.logger.debug({ topic, reason: messageOf(error) }, 'No metadata for a topic')
      })
      .finally(() => {
        this.#looking.delete(topic)
        for (const state of this.#states.values()) {
          if (state.topic !== topic || metadata.leader(topic, state.partition) !== -1) continue
          state.notBefore = now() + this.#cluster.options.retryBackoffMs
        }
        this.wake()
      })
      .catch(() => {})
  }
}
