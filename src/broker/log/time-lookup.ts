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
  const start = Math.max(segment.timeIndex.searchFrom(timestamp), from)
  let found: TimestampOffset | null = null
  await segment.use((handle) =>
    scanBatches(handle, {
      from: segment.offsetIndex.floor(start),
      to: limit,
      depth: 'batches',
      visit: (header, bytes) => {
        if (header.baseOffset >= to) return false
        if (header.maxTimestamp < timestamp || header.lastOffset < from) return true
        const { count, offsets, timestamps } = decodeBatch(bytes, header.position)
        for (let i = 0; i < count; i++) {
          const offset = offsets[i] as number
          if ((timestamps[i] as number) < timestamp || offset < from) continue
          if (offset < to) found = { offset, timestamp: timestamps[i] as number }
          return false
        }
        return true
      },
    }),
  )
  return found
}
