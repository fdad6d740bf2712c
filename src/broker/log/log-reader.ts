import { ProtocolError } from '../../protocol/errors.ts'
import { storageFailure } from './errors.ts'
import type { Allocate } from './files.ts'
import type { LogPosition } from './group-commit.ts'
import { readSlice } from './reader.ts'
import type { Segment } from './segment.ts'
import type { SegmentList } from './segment-list.ts'
import { findByTimestamp, findLargestTimestamp, type TimestampOffset } from './time-lookup.ts'

/** What of a log may be read: its segments up to the visible end. */
export interface LogView {
  readonly segments: SegmentList
  readonly visible: LogPosition
}

export interface LogReadRequest {
  offset: number
  /** Batches that begin at or after this offset are left out. */
  endOffset: number
  maxBytes: number
  /** Give the first batch whole even if it is larger than `maxBytes`. */
  minOneBatch: boolean
  /** Where to read to; default: fresh memory. */
  allocate?: Allocate | undefined
}

/** An aborted transaction as Fetch lists it. */
export interface AbortedRange {
  producerId: number
  firstOffset: number
}

export interface LogReadResult {
  records: Uint8Array
  /** The aborted transactions that overlap what was read, sorted by first offset. */
  aborted: () => AbortedRange[]
}

/** Where recent reads ended: the next read of a consumer begins there. One entry a consumer, more or less. */
const REMEMBERED_POSITIONS = 64

/** Reads and look-ups over the segments of one partition. */
export class LogReader {
  readonly #name: string
  readonly #positions = new Map<number, { segment: Segment; position: number }>()

  /** @param name the partition, for messages */
  constructor(name: string) {
    this.#name = name
  }

  /** Whole batches from the one that holds `offset` on; null when nothing readable is left. */
  async read(
    view: LogView,
    { offset, endOffset, maxBytes, minOneBatch, allocate }: LogReadRequest,
  ): Promise<LogReadResult | null> {
    const segments = view.segments.all
    for (let i = view.segments.floorIndex(offset); i < segments.length; i++) {
      const segment = segments[i] as Segment
      if (segment.baseOffset >= endOffset) return null
      const known = this.#positions.get(offset)
      const position = known?.segment === segment ? known.position : undefined
      const limit = readableEnd(segment, view.visible)
      const slice = await this.#reading(() =>
        readSlice(segment, { offset, endOffset, limit, maxBytes, minOneBatch, position, allocate }),
      )
      // Compaction may have removed all records from `offset` to the end of the segment.
      if (slice === null) continue
      this.#remember(slice.nextOffset, segment, slice.endPosition)
      const { bytes, nextOffset } = slice
      return { records: bytes, aborted: () => abortedBetween(segments.slice(i), offset, nextOffset) }
    }
    return null
  }

  /** The first record in [`from`, `to`) with a timestamp of at least `timestamp`. */
  async findTimestamp(view: LogView, timestamp: number, from: number, to: number): Promise<TimestampOffset | null> {
    for (const segment of view.segments.all) {
      if (segment.baseOffset >= to) break
      const limit = readableEnd(segment, view.visible)
      const found = await this.#reading(() => findByTimestamp(segment, timestamp, from, to, limit))
      if (found !== null) return found
    }
    return null
  }

  /** The first of the records in [`from`, `to`) with the largest timestamp, found by looking at every batch. */
  async findMaxTimestamp(view: LogView, from: number, to: number): Promise<TimestampOffset | null> {
    let best: TimestampOffset | null = null
    for (const segment of view.segments.all) {
      if (segment.baseOffset >= to) break
      const above: number = best?.timestamp ?? -1
      const limit = readableEnd(segment, view.visible)
      const found: TimestampOffset | null = await this.#reading(() =>
        findLargestTimestamp(segment, above, from, to, limit),
      )
      if (found !== null) best = found
    }
    return best
  }

  /** Forgets where reads ended in segments that are gone. */
  forget(segments: readonly Segment[]): void {
    for (const [offset, { segment }] of this.#positions) if (segments.includes(segment)) this.#positions.delete(offset)
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof ProtocolError) throw error
      throw storageFailure(`${this.#name} could not be read`, error)
    }
  }

  #remember(offset: number, segment: Segment, position: number): void {
    this.#positions.delete(offset)
    this.#positions.set(offset, { segment, position })
    if (this.#positions.size <= REMEMBERED_POSITIONS) return
    for (const oldest of this.#positions.keys()) {
      this.#positions.delete(oldest)
      break
    }
  }
}

/** Bytes of a segment that are written and visible. */
function readableEnd(segment: Segment, visible: LogPosition): number {
  if (visible.segment === segment) return visible.position
  return segment.baseOffset < visible.offset ? segment.size : 0
}

function abortedBetween(segments: readonly Segment[], from: number, to: number): AbortedRange[] {
  const aborted: AbortedRange[] = []
  for (const { transactions } of segments) {
    for (const { producerId, firstOffset, lastOffset, lastStableOffset } of transactions) {
      if (lastOffset >= from && firstOffset < to) aborted.push({ producerId, firstOffset })
      // Everything before this offset has been decided by markers up to here.
      if (lastStableOffset >= to) return sorted(aborted)
    }
  }
  return sorted(aborted)
}

function sorted(transactions: AbortedRange[]): AbortedRange[] {
  return transactions.sort((a, b) => a.firstOffset - b.firstOffset)
}
