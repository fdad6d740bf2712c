import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import type { BatchHeader } from '../../protocol/records/index.ts'

/** Batches of a producer that are remembered to recognise repeats: as many as a client may have in flight. */
const REMEMBERED_BATCHES = 5
const MAX_SEQUENCE = 2147483647
const NONE = -1

/** A batch of an idempotent producer that is in the log. */
export interface ProducedBatch {
  firstSequence: number
  lastSequence: number
  lastOffset: number
  offsetDelta: number
  timestamp: number
}

/** What a partition knows about a producer. */
export interface ProducerEntry {
  readonly producerId: number
  epoch: number
  /** Oldest first, at most 5; empty when only markers were seen in this epoch. */
  batches: ProducedBatch[]
  coordinatorEpoch: number
  /** First offset of the open transaction, −1 when there is none. */
  transactionFirstOffset: number
  /** Largest timestamp of the last batch or marker, as the snapshot stores it. */
  lastTimestamp: number
  /** Broker's clock when it last wrote. Expiry goes by this: record timestamps may be of any age. */
  lastSeenMs: number
}

/** A transaction marker that was appended. */
export interface EndMarker {
  isAbort: boolean
  coordinatorEpoch: number
}

/** A transaction with data whose marker is in the log. */
export interface CompletedTransaction {
  producerId: number
  firstOffset: number
  lastOffset: number
  isAborted: boolean
}

export function incrementSequence(sequence: number, by: number): number {
  return sequence > MAX_SEQUENCE - by ? by - (MAX_SEQUENCE - sequence) - 1 : sequence + by
}

/**
 * The idempotent and transactional producers of one partition (kafka: ProducerStateManager, ProducerAppendInfo). Changed at
 * the moment an append gets its offset, before it is written, so that a repeat of a batch still in flight is recognised.
 */
export class ProducerState {
  readonly #entries = new Map<number, ProducerEntry>()
  // Open transactions in the order of their first offsets, which is the order of insertion.
  readonly #open = new Map<number, number>()

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear()
    this.#open.clear()
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values()
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.#entries.get(producerId)
  }

  get size(): number {
    return this.#entries.size
  }

  /** First offset of the earliest open transaction, −1 when none is open. */
  get firstOpenOffset(): number {
    for (const offset of this.#open.values()) return offset
    return NONE
  }

  /** Puts an entry back that a snapshot stored. Call in the order of `transactionFirstOffset`. */
  restore(entry: ProducerEntry): void {
    this.#entries.set(entry.producerId, entry)
    if (entry.transactionFirstOffset !== NONE) this.#open.set(entry.producerId, entry.transactionFirstOffset)
  }

  /**
   * Checks a client's batch before it is appended.
   * @returns the remembered batch that this one repeats, or null when it may be appended
   * @throws ProtocolError INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_TXN_STATE
   */
  check(batch: BatchHeader): ProducedBatch | null {
    const entry = this.#entries.get(batch.producerId)
    if (entry === undefined) return null
    const first = batch.baseSequence
    const last = incrementSequence(first, batch.lastOffsetDelta)
    if (entry.epoch === batch.producerEpoch) {
      const repeated = entry.batches.find((known) => known.firstSequence === first && known.lastSequence === last)
      if (repeated !== undefined) return repeated
    }
    this.#checkEpoch(entry, batch)
    this.#checkSequence(entry, batch)
    this.#checkTransaction(entry, batch)
    return null
  }

  /** The checks of a batch or marker that the broker itself appends: no sequences. */
  checkInternal(batch: BatchHeader, marker: EndMarker | null): void {
    const entry = this.#entries.get(batch.producerId)
    if (entry === undefined) return
    this.#checkEpoch(entry, batch)
    if (marker === null) {
      this.#checkTransaction(entry, batch)
    } else if (marker.coordinatorEpoch < entry.coordinatorEpoch) {
      throw new ProtocolError(
        ErrorCode.TRANSACTION_COORDINATOR_FENCED,
        `the marker's coordinator epoch ${marker.coordinatorEpoch} is older than ${entry.coordinatorEpoch}`,
      )
    }
  }

  #checkEpoch(entry: ProducerEntry, batch: BatchHeader): void {
    if (batch.producerEpoch >= entry.epoch) return
    throw new ProtocolError(
      ErrorCode.INVALID_PRODUCER_EPOCH,
      `producer ${batch.producerId} sent epoch ${batch.producerEpoch}, its last was ${entry.epoch}`,
    )
  }

  #checkSequence(entry: ProducerEntry, batch: BatchHeader): void {
    const first = batch.baseSequence
    const previous = entry.batches.at(-1)?.lastSequence ?? NONE
    if (batch.producerEpoch !== entry.epoch) {
      if (first === 0 || entry.epoch === NONE) return
      throw outOfOrder(batch, `its new epoch ${batch.producerEpoch} has to begin with 0`)
    }
    if (first === previous + 1 || (first === 0 && previous === MAX_SEQUENCE)) return
    throw outOfOrder(batch, `expected ${previous === MAX_SEQUENCE ? 0 : previous + 1}`)
  }

  #checkTransaction(entry: ProducerEntry, batch: BatchHeader): void {
    if (entry.transactionFirstOffset === NONE || batch.isTransactional) return
    throw new ProtocolError(
      ErrorCode.INVALID_TXN_STATE,
      `producer ${batch.producerId} sent records outside of its transaction, which is open since offset ${entry.transactionFirstOffset}`,
    )
  }

  /**
   * Takes in a batch that is in the log (or about to be). `marker` says how a control batch ends a transaction, null for data.
   * @returns the transaction that it completes, if any
   */
  append(batch: BatchHeader, marker: EndMarker | null, nowMs: number): CompletedTransaction | null {
    let entry = this.#entries.get(batch.producerId)
    if (entry === undefined) {
      entry = {
        producerId: batch.producerId,
        epoch: batch.producerEpoch,
        batches: [],
        coordinatorEpoch: NONE,
        transactionFirstOffset: NONE,
        lastTimestamp: batch.maxTimestamp,
        lastSeenMs: nowMs,
      }
      this.#entries.set(batch.producerId, entry)
    }
    if (entry.epoch !== batch.producerEpoch) {
      entry.epoch = batch.producerEpoch
      entry.batches = []
    }
    entry.lastTimestamp = batch.maxTimestamp
    entry.lastSeenMs = nowMs
    if (marker !== null) return this.#endTransaction(entry, batch, marker)
    entry.batches.push({
      firstSequence: batch.baseSequence,
      lastSequence: batch.baseSequence === NONE ? NONE : incrementSequence(batch.baseSequence, batch.lastOffsetDelta),
      lastOffset: batch.lastOffset,
      offsetDelta: batch.lastOffsetDelta,
      timestamp: batch.maxTimestamp,
    })
    if (entry.batches.length > REMEMBERED_BATCHES) entry.batches.shift()
    if (batch.isTransactional && entry.transactionFirstOffset === NONE) {
      entry.transactionFirstOffset = batch.baseOffset
      this.#open.set(entry.producerId, batch.baseOffset)
    }
    return null
  }

  #endTransaction(entry: ProducerEntry, batch: BatchHeader, marker: EndMarker): CompletedTransaction | null {
    entry.coordinatorEpoch = marker.coordinatorEpoch
    const firstOffset = entry.transactionFirstOffset
    if (firstOffset === NONE) return null
    entry.transactionFirstOffset = NONE
    this.#open.delete(entry.producerId)
    return { producerId: entry.producerId, firstOffset, lastOffset: batch.lastOffset, isAborted: marker.isAbort }
  }

  /** Forgets producers that have been silent for `expirationMs` and have no open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [producerId, entry] of this.#entries) {
      if (entry.transactionFirstOffset === NONE && nowMs - entry.lastSeenMs >= expirationMs)
        this.#entries.delete(producerId)
    }
  }
}

function outOfOrder(batch: BatchHeader, expectation: string): ProtocolError {
  return new ProtocolError(
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    `producer ${batch.producerId} sent sequence ${batch.baseSequence}: ${expectation}`,
  )
}
