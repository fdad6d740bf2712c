import { ErrorCode, errorByCode, ProtocolError } from '../../protocol/errors.ts'
import { Fetch } from '../../protocol/messages/fetch.ts'
import type { ResponseOf } from '../../protocol/messages/index.ts'
import type { Cluster } from '../cluster.ts'
import { isRetriable, messageOf } from '../errors.ts'
import { isLeaderError } from '../leader-requests.ts'
import { listOffsets } from '../offsets.ts'
import { byTopic, partitionKey, type TopicPartition } from '../topic-partition.ts'
import { now } from '../waits.ts'
import type { FetchedRecords } from './fetched-records.ts'
import type { ResolvedConsumerOptions } from './options.ts'
import { PartitionState } from './partition-state.ts'

/** By how much the wait of an idle fetch grows each time. */
const WAIT_GROWTH = 3

/** What a request has at least, beyond the time for which the broker may hold it. */
const LEAST_TIME_TO_ANSWER_MS = 10_000

type PartitionAnswer = ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]

export interface FetcherHooks {
  /** Where to begin: an offset for each partition that has one. */
  startOffsets(partitions: TopicPartition[]): Promise<Map<string, number>>
  /** Something can be taken, or an error be thrown. */
  onReady(): void
}

/** One of the two places of a node for a Fetch that is outstanding. */
interface Slot {
  readonly purpose: string
  /** Offsets asked for, by partition; null while nothing is. */
  asked: Map<string, number> | null
  /** Bytes that the answer may bring. */
  reserved: number
}

interface NodeState {
  readonly slots: readonly Slot[]
  notBefore: number
  /** How long it may hold the next Fetch. */
  waitMs: number
}

/**
 * Keeps a Fetch outstanding per leader for the partitions that may be read ahead, and holds at most about
 * `fetch.max.bytes` of what came. Partitions that can go on (polled empty, sought, resumed) while that one is waiting for
 * others to get data have a second Fetch. Runs when something happened or a timer is due; the waiting is the broker's, and
 * longer each time that nothing comes of it, up to `fetchMaxIdleWaitMs`.
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
    this.changed()
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
    if (taken.length > 0) this.#wake()
    return taken
  }

  /** Call after positions or pauses have changed. */
  changed(): void {
    for (const node of this.#nodes.values()) node.waitMs = this.#options.fetchMaxWaitMs
    this.#wake()
  }

  #wake(): void {
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
    this.#cluster.release(`${this.#purpose}-beside`)
  }

  #run(): void {
    if (this.#closing.signal.aborted) return
    const time = now()
    let wakeAt = Infinity
    const unlocated: PartitionState[] = []
    const ready = new Map<number, PartitionState[]>()
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
      if (isFull || state.bufferedBytes >= this.#options.maxPartitionFetchBytes) continue
      const leader = this.#cluster.metadata.leader(state.topic, state.partition)
      if (leader === -1 || this.#cluster.metadata.isStale(state.topic)) this.#look(state.topic)
      if (leader === -1) continue
      const list = ready.get(leader)
      if (list === undefined) ready.set(leader, [state])
      else list.push(state)
    }
    if (unlocated.length > 0) void this.#locate(unlocated)
    for (const [id, states] of ready) wakeAt = Math.min(wakeAt, this.#serve(id, states, time))
    clearTimeout(this.#timer)
    if (wakeAt !== Infinity) this.#timer = setTimeout(() => this.#wake(), Math.max(1, wakeAt - time))
  }

  /** Asks for partitions that no outstanding Fetch asks for; gives the moment from which the node may be asked again. */
  #serve(id: number, states: PartitionState[], time: number): number {
    const node = this.#node(id)
    if (node.notBefore > time) return node.notBefore
    const slot = node.slots.find(({ asked }) => asked === null)
    if (slot === undefined) return Infinity
    const isFirst = node.slots.every(({ asked }) => asked === null)
    const unasked = isFirst ? states : states.filter((state) => !isAsked(node, state))
    let budget = this.#options.fetchMaxBytes - this.bufferedBytes
    if (!isFirst) for (const { slots } of this.#nodes.values()) for (const { reserved } of slots) budget -= reserved
    if (unasked.length > 0 && budget > 0) void this.#fetch(id, node, slot, unasked, budget)
    return Infinity
  }

  #node(id: number): NodeState {
    let node = this.#nodes.get(id)
    if (node === undefined) {
      const slots = [this.#purpose, `${this.#purpose}-beside`].map((purpose) => ({ purpose, asked: null, reserved: 0 }))
      node = { slots, notBefore: 0, waitMs: this.#options.fetchMaxWaitMs }
      this.#nodes.set(id, node)
    }
    return node
  }

  async #fetch(id: number, node: NodeState, slot: Slot, states: PartitionState[], maxBytes: number): Promise<void> {
    const { fetchMinBytes, maxPartitionFetchBytes, isolationLevel, requestTimeoutMs } = this.#options
    const { waitMs } = node
    const maxWaitMs = waitMs > this.#options.fetchMaxWaitMs ? endingTogether(waitMs) : waitMs
    const asked = new Map(states.map((state) => [keyOf(state), state.fetchOffset]))
    slot.asked = asked
    slot.reserved = Math.min(maxBytes, states.length * maxPartitionFetchBytes)
    const body = {
      maxWaitMs,
      minBytes: fetchMinBytes,
      maxBytes,
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
        purpose: slot.purpose,
        // A broker that is gone without a word is noticed as soon as with Kafka's own wait.
        timeoutMs: Math.max(requestTimeoutMs, maxWaitMs + LEAST_TIME_TO_ANSWER_MS),
        // From version 13 on topics go by id, which old brokers do not tell.
        maxVersion: 12,
        resend: 'never',
      })
      if (answer.errorCode !== ErrorCode.NONE) throw new ProtocolError(answer.errorCode)
      let isEmpty = true
      for (const { topic, partitions } of answer.responses) {
        for (const partition of partitions) if (this.#receive(topic, partition, asked)) isEmpty = false
      }
      if (!isEmpty) node.waitMs = this.#options.fetchMaxWaitMs
      // Not shorter if something has changed meanwhile.
      else if (node.waitMs === waitMs) node.waitMs = this.#longerThan(waitMs)
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#onRequestError(node, states, error)
    } finally {
      slot.asked = null
      slot.reserved = 0
      this.#wake()
    }
  }

  #onRequestError(node: NodeState, states: PartitionState[], error: unknown): void {
    node.notBefore = now() + this.#cluster.options.retryBackoffMs
    if (!isRetriable(error)) this.#fail(error)
    this.#cluster.options.logger.debug({ reason: messageOf(error) }, 'Fetch failed and is repeated')
    for (const { topic } of states) this.#cluster.metadata.invalidate(topic)
  }

  #longerThan(waitMs: number): number {
    const { fetchMaxWaitMs, fetchMaxIdleWaitMs } = this.#options
    return Math.max(fetchMaxWaitMs, Math.min(waitMs * WAIT_GROWTH, fetchMaxIdleWaitMs))
  }

  /** False when there was nothing in it. */
  #receive(topic: string, answer: PartitionAnswer, asked: Map<string, number>): boolean {
    const state = this.state(topic, answer.partitionIndex)
    const offset = asked.get(partitionKey(topic, answer.partitionIndex))
    // Taken away, moved or paused while the request was out: somebody else's data by now.
    if (state === undefined || state.position === null || state.isPaused || state.fetchOffset !== offset) return true
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#onPartitionError(state, answer.errorCode)
      return true
    }
    const before = state.bufferedBytes
    try {
      if (answer.records !== null) state.add(answer.records, answer.highWatermark, answer.abortedTransactions)
      else state.highWatermark = answer.highWatermark
    } catch (error) {
      this.#failPartition(state, error)
    }
    const hasCome = state.bufferedBytes > before
    if (hasCome) this.#hooks.onReady()
    return hasCome
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
      this.#wake()
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
        this.#wake()
      })
      .catch(() => {})
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition)
}

/**
 * A wait of at most `waitMs` and at least three quarters of it that ends when others of this thread do, so that a thread with
 * hundreds of idle consumers is woken for many of them at a time.
 */
function endingTogether(waitMs: number): number {
  const grain = waitMs / 4
  const time = now()
  return Math.ceil(Math.floor((time + waitMs) / grain) * grain - time)
}

function isAsked(node: NodeState, state: PartitionState): boolean {
  return node.slots.some(({ asked }) => asked?.get(keyOf(state)) === state.fetchOffset)
}
