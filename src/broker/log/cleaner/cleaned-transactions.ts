import type { BatchHeader } from '../../../protocol/records/index.ts'
import type { Segment } from '../segment.ts'
import type { AbortedTransaction } from '../transaction-index.ts'

/**
 * Tells, batch by batch in the order of the log, which batches belong to aborted transactions and which markers still have
 * data (kafka: CleanedTransactionMetadata).
 */
export class CleanedTransactions {
  readonly #aborted: AbortedTransaction[]
  #next = 0
  readonly #ongoingAborted = new Map<number, { transaction: AbortedTransaction; hasData: boolean }>()
  readonly #ongoingCommitted = new Set<number>()

  /** @param segments those that hold the markers: all from the begin of the scan to the end of the log */
  constructor(segments: readonly Segment[]) {
    this.#aborted = segments
      .flatMap((segment) => [...segment.transactions])
      .sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether a data batch belongs to an aborted transaction. */
  isAborted(batch: BatchHeader): boolean {
    this.#advance(batch.lastOffset)
    if (!batch.isTransactional) return false
    const ongoing = this.#ongoingAborted.get(batch.producerId)
    if (ongoing === undefined) {
      this.#ongoingCommitted.add(batch.producerId)
      return false
    }
    ongoing.hasData = true
    return true
  }

  /** Whether nothing is left of the transaction that this marker ends; `aborted` is its index entry if it still has data. */
  endWith(marker: BatchHeader): { isEmpty: boolean; aborted: AbortedTransaction | null } {
    this.#advance(marker.lastOffset)
    const ongoing = this.#ongoingAborted.get(marker.producerId)
    if (ongoing !== undefined && ongoing.transaction.lastOffset <= marker.lastOffset) {
      this.#ongoingAborted.delete(marker.producerId)
      return { isEmpty: !ongoing.hasData, aborted: ongoing.hasData ? ongoing.transaction : null }
    }
    return { isEmpty: !this.#ongoingCommitted.delete(marker.producerId), aborted: null }
  }

  #advance(offset: number): void {
    for (; this.#next < this.#aborted.length; this.#next++) {
      const transaction = this.#aborted[this.#next] as AbortedTransaction
      if (transaction.firstOffset > offset) return
      this.#ongoingAborted.set(transaction.producerId, { transaction, hasData: false })
    }
  }
}
