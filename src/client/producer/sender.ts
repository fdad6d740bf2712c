import { Backoff } from '../../base/backoff.ts'
import { ErrorCode, errorByCode, ProtocolError } from '../../protocol/errors.ts'
import type { ResponseOf } from '../../protocol/messages/index.ts'
import { Produce } from '../../protocol/messages/produce.ts'
import type { Cluster } from '../cluster.ts'
import type { Connection } from '../connection.ts'
import { ClientTimeoutError, ClosedError, isRetriable, messageOf } from '../errors.ts'
import { isLeaderError } from '../leader-requests.ts'
import { byTopic, partitionKey } from '../topic-partition.ts'
import { now } from '../waits.ts'
import { IdentityKeeper } from './identity.ts'
import type { ResolvedProducerOptions } from './options.ts'
import { PartitionQueue } from './partition-queue.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** Room for what stands around the batches in a Produce request. */
const REQUEST_OVERHEAD = 512

interface NodeState {
  connection: Connection | null
  isConnecting: boolean
  inFlight: number
  notBefore: number
}

interface Shipment {
  topic: string
  queue: PartitionQueue
  batch: ProducerBatch
  bytes: Uint8Array
}

type PartitionAnswer = ResponseOf<typeof Produce>['responses'][number]['partitionResponses'][number]

/**
 * Moves batches from the partition queues to the leaders: requests of one batch per partition, several at a time to each
 * node, in order per partition whatever has to be repeated. Runs when something happened (`wake`) or a timer is due; it
 * never polls.
 */
export class Sender {
  readonly #cluster: Cluster
  readonly #options: ResolvedProducerOptions
  readonly #purpose: string
  readonly #identity: IdentityKeeper
  readonly #queues = new Map<string, PartitionQueue>()
  readonly #active = new Set<PartitionQueue>()
  readonly #nodes = new Map<number, NodeState>()
  readonly #looking = new Set<string>()
  readonly #closing = new AbortController()
  #onRelease: (bytes: number) => void
  #isWoken = false
  #isAcquiring = false
  #timer: NodeJS.Timeout | undefined

  constructor(cluster: Cluster, options: ResolvedProducerOptions, onRelease: (bytes: number) => void) {
    this.#cluster = cluster
    this.#options = options
    this.#purpose = cluster.newPurpose('produce')
    this.#identity = new IdentityKeeper(cluster)
    this.#onRelease = onRelease
  }

  queue(topic: string, partition: number): PartitionQueue {
    const key = partitionKey(topic, partition)
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      const { retryBackoffMs, retryBackoffMaxMs } = this.#cluster.options
      queue = new PartitionQueue(topic, partition, new Backoff(retryBackoffMs, retryBackoffMaxMs))
      this.#queues.set(key, queue)
    }
    return queue
  }

  /** Call after a batch was put into a queue. All calls of one turn of the event loop end in one run. */
  wake(queue?: PartitionQueue): void {
    if (queue !== undefined) this.#active.add(queue)
    if (this.#isWoken) return
    this.#isWoken = true
    setImmediate(() => {
      this.#isWoken = false
      this.#run()
    })
  }

  /** Sends all open batches and resolves when everything that was there at the call is settled. Never rejects. */
  async flush(): Promise<void> {
    const settling: Promise<unknown>[] = []
    for (const queue of this.#active) {
      queue.closeOpen()
      for (const batch of queue.unsettled()) settling.push(batch.done.promise)
    }
    this.wake()
    await Promise.allSettled(settling)
  }

  /** Gives up everything that is not acknowledged yet and closes the connections. */
  close(): void {
    this.#closing.abort()
    clearTimeout(this.#timer)
    for (const queue of this.#active) {
      for (const batch of queue.unsettled()) {
        this.#settle(
          batch,
          new ClosedError(`the producer, with records for ${batch.topic}-${batch.partition} undelivered,`),
        )
      }
    }
    this.#active.clear()
    this.#queues.clear()
    this.#cluster.release(this.#purpose)
  }

  #run(): void {
    if (this.#closing.signal.aborted) return
    const time = now()
    let wakeAt = Infinity
    const ready = new Map<number, PartitionQueue[]>()
    for (const queue of this.#active) {
      wakeAt = Math.min(wakeAt, this.#expire(queue, time))
      if (queue.isEmpty) {
        this.#active.delete(queue)
        continue
      }
      const lingerEnd = this.#lingerEnd(queue)
      if (lingerEnd > time) wakeAt = Math.min(wakeAt, lingerEnd)
      if (queue.waiting.length === 0 && lingerEnd > time) continue
      if (queue.notBefore > time) {
        wakeAt = Math.min(wakeAt, queue.notBefore)
        continue
      }
      const leader = this.#readyAt(queue)
      if (leader === -1) continue
      const list = ready.get(leader)
      if (list === undefined) ready.set(leader, [queue])
      else list.push(queue)
    }
    for (const [node, queues] of ready) wakeAt = Math.min(wakeAt, this.#serve(node, queues, time))
    clearTimeout(this.#timer)
    if (wakeAt !== Infinity) {
      this.#timer = setTimeout(() => this.wake(), Math.max(1, Math.min(wakeAt - time, 0x7fffffff)))
    }
  }

  /** From when on the open batch may be sent although it is not full. */
  #lingerEnd({ open }: PartitionQueue): number {
    return open === null ? Infinity : open.createdAt + this.#options.lingerMs
  }

  /**
   * The batch that is sent next. The open one is closed no sooner than it can go: with a broker that is slow, batches grow
   * instead of queueing up, which no flush would catch up with.
   */
  #next(queue: PartitionQueue): ProducerBatch | undefined {
    if (queue.waiting.length === 0 && this.#lingerEnd(queue) <= now()) queue.closeOpen()
    return queue.waiting[0]
  }

  /** Fails batches whose delivery timeout is over while they wait; gives the moment of the next one. */
  #expire(queue: PartitionQueue, time: number): number {
    for (let batch = queue.first; batch !== null; batch = queue.first) {
      if (batch.deadline > time) return batch.deadline
      if (batch === queue.open) queue.closeOpen()
      queue.waiting.shift()
      // The broker may or may not have it: sequences behind it cannot go on as if it had.
      if (batch.sequence !== -1) queue.requireNewEpoch()
      this.#settle(batch, this.#timeoutError(batch))
    }
    return Infinity
  }

  /** The leader to which the queue's first batch can go now, or -1: then something is under way that will wake us. */
  #readyAt(queue: PartitionQueue): number {
    const { metadata } = this.#cluster
    const { topic, partition } = queue
    const leader = metadata.leader(topic, partition)
    if (leader === -1 || metadata.isStale(topic)) this.#look(topic)
    if (leader === -1) return -1
    // Batches in flight to an old leader come back first, or the order would be lost.
    if (queue.inFlight.length > 0 && queue.node !== leader) return -1
    if (!this.#options.enableIdempotence) return leader
    if (queue.needsNewEpoch) {
      if (queue.inFlight.length > 0) return -1
      const newer = this.#identity.newerThan(queue.identity)
      if (newer === null) return this.#acquire()
      queue.renumber(newer)
      return leader
    }
    if (this.#identity.current.producerId === -1 && queue.identity.producerId === -1) return this.#acquire()
    if (this.#identity.current.producerId !== -1) queue.adopt(this.#identity.current)
    return leader
  }

  #serve(node: number, queues: PartitionQueue[], time: number): number {
    let state = this.#nodes.get(node)
    if (state === undefined) {
      state = { connection: null, isConnecting: false, inFlight: 0, notBefore: 0 }
      this.#nodes.set(node, state)
    }
    if (state.connection === null || !state.connection.isOpen) {
      if (state.notBefore > time) return state.notBefore
      this.#connect(node, state)
      return Infinity
    }
    while (state.inFlight < this.#options.maxInFlight) {
      const shipments = this.#load(queues)
      if (shipments.length === 0) break
      this.#ship(node, state, state.connection, shipments)
    }
    return Infinity
  }

  /** One batch from each queue that has one, up to the size of a request. Queues that were served move to the back. */
  #load(queues: PartitionQueue[]): Shipment[] {
    const shipments: Shipment[] = []
    let size = REQUEST_OVERHEAD
    for (const queue of queues) {
      if (queue.inFlight.length >= this.#options.maxInFlight) continue
      if (queue.notBefore > now() || queue.needsNewEpoch) continue
      const batch = this.#next(queue)
      if (batch === undefined) continue
      if (batch.isBuilt && shipments.length > 0 && size + batch.sizeInBytes > this.#options.maxRequestSize) continue
      let bytes: Uint8Array
      try {
        bytes = queue.prepare(batch)
        if (bytes.length > this.#options.maxRequestSize)
          throw tooLarge(batch, bytes.length, this.#options.maxRequestSize)
      } catch (error) {
        queue.waiting.shift()
        this.#settle(batch, error)
        continue
      }
      // It is built now and goes with the next request.
      if (shipments.length > 0 && size + bytes.length > this.#options.maxRequestSize) continue
      size += bytes.length + 32
      shipments.push({ topic: batch.topic, queue, batch, bytes })
    }
    for (const { queue } of shipments) {
      this.#active.delete(queue)
      this.#active.add(queue)
    }
    return shipments
  }

  #ship(node: number, state: NodeState, connection: Connection, shipments: Shipment[]): void {
    const { acks, requestTimeoutMs } = this.#options
    const body = {
      transactionalId: null,
      acks,
      timeoutMs: requestTimeoutMs,
      topicData: [...byTopic(shipments)].map(([name, list]) => ({
        name,
        partitionData: list.map(({ queue, bytes }) => ({ index: queue.partition, records: bytes })),
      })),
    }
    for (const { queue, batch } of shipments) queue.depart(batch, node)
    state.inFlight++
    const finish = (handle: () => void): void => {
      state.inFlight--
      for (const { queue, batch } of shipments) queue.arrive(batch)
      if (!this.#closing.signal.aborted) handle()
      this.wake()
    }
    const onError = (error: unknown): void => finish(() => this.#returnAll(shipments, error))
    try {
      // From version 13 on topics go by id, which old brokers do not tell.
      const version = connection.version(Produce, 12)
      if (acks === 0) {
        const sent = connection.sendWithoutAnswer(Produce, version, body)
        sent.then(() => finish(() => this.#acknowledgeUnasked(shipments)), onError)
      } else {
        const answer = connection.send(Produce, version, body, requestTimeoutMs)
        answer.then((response) => finish(() => this.#receive(shipments, response)), onError)
      }
    } catch (error) {
      onError(error)
    }
  }

  #acknowledgeUnasked(shipments: Shipment[]): void {
    for (const { batch } of shipments) this.#settle(batch, null, -1)
  }

  #receive(shipments: Shipment[], response: ResponseOf<typeof Produce>): void {
    const answers = new Map<string, PartitionAnswer>()
    for (const { name, partitionResponses } of response.responses) {
      for (const answer of partitionResponses) answers.set(partitionKey(name, answer.index), answer)
    }
    for (const { queue, batch } of shipments) {
      const answer = answers.get(partitionKey(queue.topic, queue.partition))
      if (answer === undefined) {
        this.#settle(
          batch,
          new ProtocolError(ErrorCode.UNKNOWN_SERVER_ERROR, 'the broker did not answer for the partition'),
        )
      } else if (answer.errorCode === ErrorCode.NONE || answer.errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
        queue.backoff.reset()
        this.#settle(batch, null, answer.baseOffset)
      } else {
        this.#return(queue, batch, produceError(batch, answer))
      }
    }
  }

  #returnAll(shipments: Shipment[], error: unknown): void {
    for (const { queue, batch } of shipments) this.#return(queue, batch, error)
  }

  /** Decides about a batch that was not acknowledged: again, again under a new epoch, or never. */
  #return(queue: PartitionQueue, batch: ProducerBatch, error: unknown): void {
    batch.lastError = error
    const code = error instanceof ProtocolError ? error.code : null
    if (code === null || isLeaderError(code)) this.#cluster.metadata.invalidate(queue.topic)
    const time = now()
    const isWorthAnother = isRetriable(error) || this.#isSequenceError(code)
    if (!isWorthAnother || batch.attempts > this.#options.retries) {
      // Batches behind it carry sequences that leave a gap now.
      if (batch.sequence !== -1) queue.requireNewEpoch()
      this.#settle(batch, error)
      return
    }
    if (this.#isSequenceError(code) && !queue.hasEarlier(batch)) {
      if (code === ErrorCode.INVALID_PRODUCER_ID_MAPPING) this.#identity.discard(queue.identity)
      queue.requireNewEpoch()
    }
    if (batch.deadline <= time) {
      if (batch.sequence !== -1) queue.requireNewEpoch()
      this.#settle(batch, this.#timeoutError(batch))
      return
    }
    const delay = queue.backoff.next()
    queue.notBefore = Math.max(queue.notBefore, time + delay)
    queue.requeue(batch)
    const { topic, partition } = queue
    this.#cluster.options.logger.debug(
      { topic, partition, attempts: batch.attempts, reason: messageOf(error) },
      'Batch is sent again',
    )
  }

  /** Errors that say the broker's idea of our sequence differs from ours (or has expired). */
  #isSequenceError(code: number | null): boolean {
    if (!this.#options.enableIdempotence) return false
    return (
      code === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER ||
      code === ErrorCode.UNKNOWN_PRODUCER_ID ||
      code === ErrorCode.INVALID_PRODUCER_EPOCH ||
      code === ErrorCode.INVALID_PRODUCER_ID_MAPPING
    )
  }

  #settle(batch: ProducerBatch, error: unknown, baseOffset = -1): void {
    this.#onRelease(batch.reserved)
    batch.reserved = 0
    if (error === null) batch.succeed(baseOffset)
    else batch.fail(error)
  }

  #timeoutError(batch: ProducerBatch): ClientTimeoutError {
    const reason = batch.lastError === null ? 'no leader could be reached' : messageOf(batch.lastError)
    return new ClientTimeoutError(
      `${batch.count} records for ${batch.topic}-${batch.partition} were not acknowledged within delivery.timeout.ms=` +
        `${this.#options.deliveryTimeoutMs}: ${reason}`,
      { cause: batch.lastError },
    )
  }

  #connect(node: number, state: NodeState): void {
    if (state.isConnecting) return
    state.isConnecting = true
    this.#cluster.connection(node, this.#purpose, { signal: this.#closing.signal }).then(
      (connection) => {
        state.isConnecting = false
        state.connection = connection
        this.wake()
      },
      (error: unknown) => {
        state.isConnecting = false
        state.notBefore = now() + this.#cluster.options.retryBackoffMs
        if (this.#closing.signal.aborted) return
        this.#cluster.options.logger.debug({ node, reason: messageOf(error) }, 'No connection to the leader')
        for (const queue of this.#active) {
          const { first } = queue
          if (first === null || this.#cluster.metadata.leader(queue.topic, queue.partition) !== node) continue
          first.lastError ??= error
          this.#cluster.metadata.invalidate(queue.topic)
        }
        this.wake()
      },
    )
  }

  /** Asks for a topic's leaders; when the broker says that there can be none, the topic's batches fail. */
  #look(topic: string): void {
    if (this.#looking.has(topic)) return
    this.#looking.add(topic)
    const { metadata } = this.#cluster
    const again = (error: unknown): void => {
      if (this.#closing.signal.aborted) return
      for (const queue of this.#active) {
        if (queue.topic !== topic || metadata.leader(topic, queue.partition) !== -1) continue
        queue.notBefore = now() + queue.backoff.next()
        if (queue.first !== null) queue.first.lastError = error
      }
    }
    metadata
      .refresh([topic], { create: true })
      .then(
        () => {
          const code = metadata.errorCode(topic)
          const message = code === ErrorCode.NONE ? `the partition has no leader` : errorByCode(code).message
          const error = new ProtocolError(
            code === ErrorCode.NONE ? ErrorCode.LEADER_NOT_AVAILABLE : code,
            `${topic}: ${message}`,
          )
          if (error.retriable) again(error)
          else this.#failTopic(topic, error)
        },
        (error: unknown) => again(error),
      )
      .finally(() => {
        this.#looking.delete(topic)
        this.wake()
      })
      .catch(() => {})
  }

  #failTopic(topic: string, error: ProtocolError): void {
    for (const queue of this.#active) {
      if (queue.topic !== topic) continue
      queue.closeOpen()
      for (const batch of queue.waiting.splice(0)) this.#settle(batch, error)
    }
  }

  /** Gets a producer id; always -1, for use as "not ready". */
  #acquire(): -1 {
    if (this.#isAcquiring) return -1
    this.#isAcquiring = true
    this.#identity
      .acquire(this.#closing.signal)
      .catch((error: unknown) => {
        if (this.#closing.signal.aborted) return
        if (isRetriable(error)) {
          for (const { first } of this.#active) if (first !== null) first.lastError ??= error
          return
        }
        for (const queue of this.#active) {
          queue.closeOpen()
          for (const batch of queue.waiting.splice(0)) this.#settle(batch, error)
        }
      })
      .finally(() => {
        this.#isAcquiring = false
        this.wake()
      })
      .catch(() => {})
    return -1
  }
}

/** The message names what to change: which limit depends on who refused. */
function produceError(batch: ProducerBatch, answer: PartitionAnswer): ProtocolError {
  const where = `${batch.topic}-${batch.partition}`
  if (answer.errorCode === ErrorCode.MESSAGE_TOO_LARGE || answer.errorCode === ErrorCode.RECORD_LIST_TOO_LARGE) {
    return new ProtocolError(
      answer.errorCode,
      `a batch of ${batch.sizeInBytes} bytes (${batch.count} records) is too large for topic ${batch.topic}: raise its ` +
        'max.message.bytes or send smaller batches (batch.size)',
    )
  }
  const details = answer.recordErrors.map((r) => `record ${r.batchIndex}: ${r.batchIndexErrorMessage ?? 'refused'}`)
  const text = [answer.errorMessage ?? errorByCode(answer.errorCode).message, ...details.slice(0, 3)].join('; ')
  return new ProtocolError(answer.errorCode, `${where}: ${text}`)
}

/** A batch or record that no request may carry. */
export function tooLarge(where: { topic: string; partition?: number }, size: number, limit: number): ProtocolError {
  return new ProtocolError(
    ErrorCode.MESSAGE_TOO_LARGE,
    `${size} bytes for topic ${where.topic} are more than max.request.size=${limit}: raise it (and the topic's ` +
      'max.message.bytes), or send smaller records or batches',
  )
}
