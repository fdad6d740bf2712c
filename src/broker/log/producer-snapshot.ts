import { crc32c } from '../../protocol/crc32c.ts'
import { getInt16, getInt32, getInt64, putInt16, putInt32, putInt64 } from '../../protocol/records/integers.ts'
import type { ProducerEntry, ProducerState } from './producer-state.ts'

// ProducerSnapshot => version int16 (1), crc uint32 (of all behind it), [Entry] with an int32 count
// Entry => producerId int64, epoch int16, lastSequence int32, lastOffset int64, offsetDelta int32, timestamp int64,
//   coordinatorEpoch int32, currentTransactionFirstOffset int64

const HEADER_SIZE = 10
const ENTRY_SIZE = 46

/** The content of a `.snapshot` file. Of each producer only the last batch is stored, as Kafka does. */
export function encodeProducerSnapshot(state: ProducerState): Uint8Array {
  const bytes = Buffer.alloc(HEADER_SIZE + state.size * ENTRY_SIZE)
  putInt16(bytes, 0, 1)
  putInt32(bytes, 6, state.size)
  let at = HEADER_SIZE
  for (const entry of state.entries()) {
    const last = entry.batches.at(-1)
    putInt64(bytes, at, entry.producerId)
    putInt16(bytes, at + 8, entry.epoch)
    putInt32(bytes, at + 10, last?.lastSequence ?? -1)
    putInt64(bytes, at + 14, last?.lastOffset ?? -1)
    putInt32(bytes, at + 22, last?.offsetDelta ?? 0)
    putInt64(bytes, at + 26, entry.lastTimestamp)
    putInt32(bytes, at + 34, entry.coordinatorEpoch)
    putInt64(bytes, at + 38, entry.transactionFirstOffset)
    at += ENTRY_SIZE
  }
  putInt32(bytes, 2, crc32c(bytes, 6))
  return bytes
}

/** Puts the entries of a snapshot into `state`; gives false, and leaves `state` as it is, when the file is damaged. */
export function restoreProducerSnapshot(bytes: Uint8Array, state: ProducerState, nowMs: number): boolean {
  if (bytes.length < HEADER_SIZE || getInt16(bytes, 0) !== 1) return false
  if (crc32c(bytes, 6) !== getInt32(bytes, 2) >>> 0) return false
  const count = getInt32(bytes, 6)
  if (count < 0 || bytes.length !== HEADER_SIZE + count * ENTRY_SIZE) return false
  const entries: ProducerEntry[] = []
  for (let i = 0, at = HEADER_SIZE; i < count; i++, at += ENTRY_SIZE) {
    const lastSequence = getInt32(bytes, at + 10)
    const lastOffset = getInt64(bytes, at + 14)
    const offsetDelta = getInt32(bytes, at + 22)
    const timestamp = getInt64(bytes, at + 26)
    const batches =
      lastOffset < 0
        ? []
        : [
            {
              firstSequence: firstSequence(lastSequence, offsetDelta),
              lastSequence,
              lastOffset,
              offsetDelta,
              timestamp,
            },
          ]
    entries.push({
      producerId: getInt64(bytes, at),
      epoch: getInt16(bytes, at + 8),
      batches,
      coordinatorEpoch: getInt32(bytes, at + 34),
      transactionFirstOffset: getInt64(bytes, at + 38),
      lastTimestamp: timestamp,
      lastSeenMs: nowMs,
    })
  }
  entries.sort((a, b) => a.transactionFirstOffset - b.transactionFirstOffset)
  for (const entry of entries) state.restore(entry)
  return true
}

/** The sequence that `offsetDelta` steps before the last one, over the wrap. */
function firstSequence(lastSequence: number, offsetDelta: number): number {
  if (lastSequence < 0) return -1
  const first = lastSequence - offsetDelta
  return first >= 0 ? first : 2147483647 + first + 1
}
