import { Backoff } from '../../base/backoff.ts'
import type { RecordBatchBuilder } from '../../protocol/records/index.ts'
import { advanceSequence, noIdentity, ProducerBatch, type ProducerIdentity } from './producer-batch.ts'

/**
 * The batches of one partition in order: `inFlight` are with the broker, `waiting` come next, `open` still takes records.
 * Owns the partition's sequence numbers. Does no I/O; the sender drives it.
 */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  readonly waiting: ProducerBatch[] = []
  readonly inFlight: ProducerBatch[] = []
  open: ProducerBatch | null = null
  /** The node that the batches in flight went to. */
  node = -1
  /** Nothing is sent before this moment (after a failure). */
  notBefore = 0
  readonly backoff: Backoff
  #identity: ProducerIdentity = noIdentity
  #nextSequence = 0
  #needsNewEpoch = false
  #order = 0

  constructor(topic: string, partition: number, backoff: Backoff) {
    this.topic = topic
    this.partition = partition
    this.backoff = backoff
  }

  get isEmpty(): boolean {
    return this.open === null && this.waiting.length === 0 && this.inFlight.length === 0
  }

  /** The batch that goes next; it may take records until then. */
  get first(): ProducerBatch | null {
    return this.waiting[0] ?? this.open
  }

  newBatch(builder: RecordBatchBuilder, deliveryTimeoutMs: number): ProducerBatch {
    return new ProducerBatch(this.topic, this.partition, this.#order++, builder, deliveryTimeoutMs)
  }

  /** Ends the open batch, so that it is sent. */
  closeOpen(): void {
    if (this.open === null) return
    this.waiting.push(this.open)
    this.open = null
  }

  /** All batches that are not settled yet. */
  *unsettled(): Generator<ProducerBatch> {
    yield* this.inFlight
    yield* this.waiting
    if (this.open !== null) yield this.open
  }

  /**
   * Whether the partition can go on under its present epoch. If not, and nothing is in flight, the caller gives it
   * another one by {@link renumber}.
   */
  get needsNewEpoch(): boolean {
    return this.#needsNewEpoch
  }

  get identity(): ProducerIdentity {
    return this.#identity
  }

  /** The present producer id or epoch is of no use for this partition any more. */
  requireNewEpoch(): void {
    this.#needsNewEpoch = true
  }

  /**
   * Moves to another producer id or epoch, where sequences begin with 0; batches that were sent before get new ones. Only
   * while nothing is in flight.
   */
  renumber(identity: ProducerIdentity): void {
    this.#identity = identity
    this.#needsNewEpoch = false
    this.#nextSequence = 0
    for (const batch of this.waiting) {
      if (batch.sequence === -1) break
      // Stamps while the old sequence is still known, so that the bytes are seen to differ.
      batch.bytes(identity, this.#nextSequence)
      batch.sequence = this.#nextSequence
      this.#nextSequence = advanceSequence(this.#nextSequence, batch.count)
    }
  }

  /** Takes over the producer's newest identity as soon as no batch depends on the old one. */
  adopt(identity: ProducerIdentity): void {
    if (identity.producerId === this.#identity.producerId && identity.epoch === this.#identity.epoch) return
    if (this.inFlight.length === 0 && (this.waiting[0]?.sequence ?? -1) === -1) this.renumber(identity)
  }

  /** The bytes of the first waiting batch, numbered if it is sent for the first time. */
  prepare(batch: ProducerBatch): Uint8Array {
    if (this.#identity === noIdentity) return batch.bytes(noIdentity, -1)
    return batch.bytes(this.#identity, batch.sequence === -1 ? this.#nextSequence : batch.sequence)
  }

  /** The first waiting batch goes to `node`. */
  depart(batch: ProducerBatch, node: number): void {
    this.waiting.shift()
    this.inFlight.push(batch)
    this.node = node
    batch.attempts++
    if (this.#identity !== noIdentity && batch.sequence === -1) {
      batch.sequence = this.#nextSequence
      this.#nextSequence = advanceSequence(this.#nextSequence, batch.count)
    }
  }

  /** The batch is back, settled or not. */
  arrive(batch: ProducerBatch): void {
    const index = this.inFlight.indexOf(batch)
    if (index !== -1) this.inFlight.splice(index, 1)
  }

  /** Puts a batch that has to be sent again back to its place. */
  requeue(batch: ProducerBatch): void {
    let index = 0
    while (index < this.waiting.length && (this.waiting[index] as ProducerBatch).order < batch.order) index++
    this.waiting.splice(index, 0, batch)
  }

  /** Whether an earlier batch is not acknowledged yet; then an out-of-order answer only means that this one overtook it. */
  hasEarlier(batch: ProducerBatch): boolean {
    const isEarlier = (other: ProducerBatch): boolean => other.order < batch.order
    return this.inFlight.some(isEarlier) || this.waiting.some(isEarlier)
  }
}
