import { decodeBatch } from '../../protocol/records/index.ts'
import { scanBatches } from './scan.ts'
import type { Segment } from './segment.ts'

/** A record's offset and its timestamp (ms). */
export interface TimestampOffset {
  offset: number
  timestamp: number
}

/**
 * The first record of the segment with a timestamp of at least `timestamp` and an offset in [`from`, `to`). Indexes narrow the
 * search down to a batch, then the records decide: a batch is decompressed if need be.
 */
export async function findByTimestamp(
  segment: Segment,
  timestamp: number,
  from: number,
  to: number,
  limit: number,
): Promise<TimestampOffset | null> {
  if (segment.maxTimestamp < timestamp) return null
  const { offsets, times } = await segment.indexes()
  const start = Math.max(times.searchFrom(timestamp), from)
  let found: TimestampOffset | null = null
  await segment.use((handle) =>
    scanBatches(handle, {
      from: offsets.floor(start),
      to: limit,
      depth: 'batches',
      visit: (header, bytes) => {
        if (header.baseOffset >= to) return false
        if (header.maxTimestamp < timestamp || header.lastOffset < from) return true
        const columns = decodeBatch(bytes, header.position)
        for (let i = 0; i < columns.count; i++) {
          const offset = columns.offsets[i] as number
          const recordTimestamp = columns.timestamps[i] as number
          if (recordTimestamp < timestamp || offset < from) continue
          if (offset < to) found = { offset, timestamp: recordTimestamp }
          return false
        }
        return true
      },
    }),
  )
  return found
}

/** The first of the segment's records in [`from`, `to`) that have the largest timestamp above `above`; null when none has. */
export async function findLargestTimestamp(
  segment: Segment,
  above: number,
  from: number,
  to: number,
  limit: number,
): Promise<TimestampOffset | null> {
  if (segment.maxTimestamp <= above) return null
  let best = above
  let bestOffset = -1
  await segment.use((handle) =>
    scanBatches(handle, {
      to: limit,
      depth: 'batches',
      visit: (header, bytes) => {
        if (header.baseOffset >= to) return false
        if (header.maxTimestamp <= best || header.lastOffset < from) return true
        const columns = decodeBatch(bytes, header.position)
        for (let i = 0; i < columns.count; i++) {
          const offset = columns.offsets[i] as number
          const timestamp = columns.timestamps[i] as number
          if (timestamp <= best || offset < from || offset >= to) continue
          best = timestamp
          bestOffset = offset
        }
        return true
      },
    }),
  )
  return bestOffset === -1 ? null : { offset: bestOffset, timestamp: best }
}
