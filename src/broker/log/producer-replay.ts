import type { FileHandle } from 'node:fs/promises'
import { type BatchHeader, coordinatorEpochOf, controlTypeOf, decodeBatch } from '../../protocol/records/index.ts'
import { readRange } from './files.ts'
import type { EndMarker, ProducerState } from './producer-state.ts'
import { scanBatches } from './scan.ts'
import type { Segment } from './segment.ts'
import type { AbortedTransaction } from './transaction-index.ts'

/**
 * Takes in a batch of an idempotent or transactional producer that has its offset.
 * @returns the entry for the transaction index when the batch aborts a transaction with data
 */
export function applyToProducers(
  state: ProducerState,
  header: BatchHeader,
  marker: EndMarker | null,
  nowMs: number,
): { completed: { firstOffset: number; lastOffset: number } | null; aborted: AbortedTransaction | null } {
  // A control batch of another kind (a leader change) has no bearing on producers.
  if (header.producerId < 0 || (header.isControl && marker === null)) return { completed: null, aborted: null }
  const completed = state.append(header, marker, nowMs)
  if (completed === null) return { completed: null, aborted: null }
  const { producerId, firstOffset, lastOffset, isAborted } = completed
  const firstOpen = state.firstOpenOffset
  const lastStableOffset = firstOpen === -1 ? lastOffset + 1 : firstOpen
  return { completed, aborted: isAborted ? { producerId, firstOffset, lastOffset, lastStableOffset } : null }
}

/**
 * Brings `state` from offset `from` up to what `segment` holds. With `rebuildTransactions` the segment's transaction index is
 * filled as well.
 */
export async function replayProducers(
  segment: Segment,
  from: number,
  state: ProducerState,
  nowMs: number,
  rebuildTransactions: boolean,
): Promise<void> {
  const begin = from <= segment.baseOffset ? 0 : (await segment.indexes()).offsets.floor(from)
  await segment.use(async (handle) => {
    await scanBatches(handle, {
      from: begin,
      to: segment.size,
      depth: 'headers',
      visit: async (header, bytes, filePosition) => {
        if (header.producerId < 0 || header.baseOffset < from) return
        const marker = header.isControl ? await readMarker(handle, header, bytes, filePosition) : null
        const { aborted } = applyToProducers(state, header, marker, nowMs)
        if (aborted !== null && rebuildTransactions) segment.addTransaction(aborted)
      },
    })
  })
}

async function readMarker(
  handle: FileHandle,
  header: BatchHeader,
  bytes: Uint8Array,
  filePosition: number,
): Promise<EndMarker | null> {
  // The cleaner may have emptied the batch.
  if (header.recordsCount === 0) return null
  const isWhole = header.position + header.sizeInBytes <= bytes.length
  const batch = isWhole ? bytes : await readRange(handle, filePosition, header.sizeInBytes)
  const columns = decodeBatch(batch, isWhole ? header.position : 0)
  const type = controlTypeOf(columns.key(0))
  return type === null ? null : { isAbort: type === 'abort', coordinatorEpoch: coordinatorEpochOf(columns.value(0)) }
}
