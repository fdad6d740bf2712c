import { BATCH_OVERHEAD } from '../../protocol/records/index.ts'
import { getInt32, getInt64 } from '../../protocol/records/integers.ts'
import { type Allocate, readRange } from './files.ts'
import type { Segment } from './segment.ts'

/** Read beyond the wanted size when the begin of the wanted batch is known only roughly, so that one read mostly does. */
const SEARCH_BYTES = 8192

/** Whole batches from one segment. */
export interface SegmentSlice {
  bytes: Uint8Array
  /** Offset behind the last batch. */
  nextOffset: number
  /** Where the next batch begins in the file. */
  endPosition: number
}

export interface SliceRequest {
  /** The first batch is the first one that ends at or after this offset. */
  offset: number
  /** Batches that begin at or after this offset are left out. */
  endOffset: number
  /** Where the readable part of the file ends. */
  limit: number
  maxBytes: number
  /** Give the first batch whole even if it is larger than `maxBytes`. */
  minOneBatch: boolean
  /** Position of the batch that holds `offset`, if known. */
  position?: number | undefined
  /** Where to read to; default: fresh memory. */
  allocate?: Allocate | undefined
}

/**
 * Reads whole batches from a segment, mostly with one read into one buffer.
 * @returns null when no batch of the segment's readable part ends at or after `offset`
 */
export function readSlice(segment: Segment, request: SliceRequest): Promise<SegmentSlice | null> {
  return segment.use(async (handle) => {
    const { offset, endOffset, limit, maxBytes, minOneBatch, allocate } = request
    let position = request.position ?? (await segment.indexes()).offsets.floor(offset)
    const slack = request.position === undefined ? SEARCH_BYTES : 0
    let length = Math.max(maxBytes, BATCH_OVERHEAD) + slack
    for (;;) {
      const bytes = await readRange(handle, position, Math.max(0, Math.min(length, limit - position)), allocate)
      const found = skipBefore(bytes, offset)
      if (found + BATCH_OVERHEAD > bytes.length) {
        // The file is shorter than it should be: only if somebody else cut it.
        if (found === 0) return null
        position += found
        // Nothing readable is left, or the wanted batch lies behind what was read.
        if (limit - position < BATCH_OVERHEAD) return null
        continue
      }
      const end = wholeBatchesEnd(bytes, found, endOffset, maxBytes)
      if (end > found) {
        return {
          bytes: bytes.subarray(found, end),
          nextOffset: nextOffsetAt(bytes, found, end),
          endPosition: position + end,
        }
      }
      const size = batchSize(bytes, found)
      const isReadable = getInt64(bytes, found) < endOffset && (minOneBatch || size <= maxBytes)
      if (!isReadable) return { bytes: bytes.subarray(0, 0), nextOffset: offset, endPosition: position + found }
      if (minOneBatch && found + size <= bytes.length) {
        const whole = bytes.subarray(found, found + size)
        return { bytes: whole, nextOffset: nextOffsetAt(whole, 0, size), endPosition: position + found + size }
      }
      // The first batch is not whole in what was read: read it exactly.
      position += found
      length = Math.max(size, maxBytes)
      if (position + size > limit) return null
    }
  })
}

function batchSize(bytes: Uint8Array, at: number): number {
  return 12 + getInt32(bytes, at + 8)
}

function lastOffset(bytes: Uint8Array, at: number): number {
  return getInt64(bytes, at) + getInt32(bytes, at + 23)
}

/** Where the first batch that ends at or after `offset` begins: beyond the end of `bytes` if it is not there. */
function skipBefore(bytes: Uint8Array, offset: number): number {
  let at = 0
  while (at + BATCH_OVERHEAD <= bytes.length && lastOffset(bytes, at) < offset) at += batchSize(bytes, at)
  return at
}

function wholeBatchesEnd(bytes: Uint8Array, start: number, endOffset: number, maxBytes: number): number {
  let at = start
  while (at + BATCH_OVERHEAD <= bytes.length && getInt64(bytes, at) < endOffset) {
    const next = at + batchSize(bytes, at)
    if (next > bytes.length || next - start > maxBytes) break
    at = next
  }
  return at
}

function nextOffsetAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let next = 0
  while (at < end) {
    next = lastOffset(bytes, at) + 1
    at += batchSize(bytes, at)
  }
  return next
}
