import { getInt16, getInt64, putInt16, putInt64 } from '../../protocol/records/integers.ts'

// AbortedTransaction => version int16 (0), producerId int64, firstOffset int64, lastOffset int64 (of the marker),
//   lastStableOffset int64

export const TRANSACTION_ENTRY_SIZE = 34

/** A transaction that was aborted, as the `.txnindex` of the segment with its marker has it. */
export interface AbortedTransaction {
  producerId: number
  firstOffset: number
  /** Offset of the abort marker. */
  lastOffset: number
  /** The last stable offset right after the marker. */
  lastStableOffset: number
}

export function encodeTransactions(transactions: readonly AbortedTransaction[]): Uint8Array {
  const bytes = Buffer.alloc(transactions.length * TRANSACTION_ENTRY_SIZE)
  transactions.forEach((transaction, i) => {
    const at = i * TRANSACTION_ENTRY_SIZE
    putInt16(bytes, at, 0)
    putInt64(bytes, at + 2, transaction.producerId)
    putInt64(bytes, at + 10, transaction.firstOffset)
    putInt64(bytes, at + 18, transaction.lastOffset)
    putInt64(bytes, at + 26, transaction.lastStableOffset)
  })
  return bytes
}

/** Reads whole entries; a torn one at the end, or one of an unknown version, ends the list. */
export function decodeTransactions(bytes: Uint8Array): AbortedTransaction[] {
  const transactions: AbortedTransaction[] = []
  for (let at = 0; at + TRANSACTION_ENTRY_SIZE <= bytes.length; at += TRANSACTION_ENTRY_SIZE) {
    if (getInt16(bytes, at) !== 0) break
    transactions.push({
      producerId: getInt64(bytes, at + 2),
      firstOffset: getInt64(bytes, at + 10),
      lastOffset: getInt64(bytes, at + 18),
      lastStableOffset: getInt64(bytes, at + 26),
    })
  }
  return transactions
}
