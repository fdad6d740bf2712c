import { batchSizeAt, readBatchHeader } from '../../protocol/records/index.ts'
import { responseMemory } from '../response-memory.ts'
import type { AbortedTransaction, FetchedRecords } from './fetched-records.ts'

/** One assigned partition: where its reader is, and what was fetched ahead of it. */
export class PartitionState {
  readonly topic: string
  readonly partition: number
  /** The next offset that `poll` hands out; null until it is known where to begin. */
  position: number | null = null
  /** Set when the position has to be looked up at an end of the log, not in the group's committed offsets. */
  resetTo: 'earliest' | 'latest' | null = null
  isLocating = false
  isPaused = false
  /** Nothing is asked about this partition before this moment (after an error). */
  notBefore = 0
  highWatermark = -1
  bufferedBytes = 0
  readonly #buffered: FetchedRecords[] = []
  #fetchOffset = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** The next offset to ask the broker for. */
  get fetchOffset(): number {
    return this.#fetchOffset
  }

  /** Moves the reader; what was fetched is dropped. */
  seek(offset: number): void {
    this.position = offset
    this.resetTo = null
    this.notBefore = 0
    this.dropBuffered()
  }

  /** Forgets the position, to be looked up again. */
  unset(resetTo: 'earliest' | 'latest' | null): void {
    this.position = null
    this.resetTo = resetTo
    this.dropBuffered()
  }

  /** Drops what was fetched but not polled; it will be fetched again. */
  dropBuffered(): void {
    for (const fetched of this.#buffered) responseMemory.release(fetched)
    this.#buffered.length = 0
    this.bufferedBytes = 0
    this.#fetchOffset = this.position ?? 0
  }

  /** Takes in the records of a fetch from `fetchOffset`; a batch that was cut at the end is left for the next fetch. */
  add(records: Uint8Array, highWatermark: number, abortedTransactions: AbortedTransaction[] | null): void {
    this.highWatermark = highWatermark
    const fetchOffset = this.#fetchOffset
    let start = 0
    let end = 0
    let nextOffset = fetchOffset
    let recordCount = 0
    for (let size = batchSizeAt(records, 0); size !== -1; size = batchSizeAt(records, end)) {
      const { lastOffset, recordsCount } = readBatchHeader(records, end)
      end += size
      if (lastOffset < fetchOffset) {
        start = end
      } else {
        nextOffset = lastOffset + 1
        recordCount += recordsCount
      }
    }
    if (end === start) return
    const { topic, partition } = this
    const batches = records.subarray(start, end)
    const fetched = {
      topic,
      partition,
      batches,
      fetchOffset,
      nextOffset,
      recordCount,
      highWatermark,
      abortedTransactions,
    }
    responseMemory.hold(fetched, batches)
    this.#buffered.push(fetched)
    this.bufferedBytes += batches.length
    this.#fetchOffset = nextOffset
  }

  /** What was fetched, about `maxRecords` of it; the position moves behind it. */
  take(maxRecords: number): FetchedRecords[] {
    const taken: FetchedRecords[] = []
    let left = maxRecords
    for (let next = this.#buffered[0]; next !== undefined && left > 0; next = this.#buffered[0]) {
      this.#buffered.shift()
      const [head, rest] = next.recordCount <= left ? [next, null] : splitAt(next, left)
      if (head.recordCount > left && taken.length > 0) {
        this.#buffered.unshift(next)
        break
      }
      if (rest !== null) this.#buffered.unshift(rest)
      taken.push(head)
      left -= head.recordCount
      this.bufferedBytes -= head.batches.length
      this.position = head.nextOffset
    }
    return taken
  }
}

/** Cuts behind the batch with which `maxRecords` are reached or nearly so; the first part has one batch at least. */
function splitAt(fetched: FetchedRecords, maxRecords: number): [FetchedRecords, FetchedRecords | null] {
  const { batches } = fetched
  let end = 0
  let count = 0
  let nextOffset = fetched.fetchOffset
  while (end < batches.length) {
    const header = readBatchHeader(batches, end)
    if (end > 0 && count + header.recordsCount > maxRecords) break
    end += header.sizeInBytes
    count += header.recordsCount
    nextOffset = header.lastOffset + 1
  }
  if (end >= batches.length) return [fetched, null]
  const head = { ...fetched, batches: batches.subarray(0, end), nextOffset, recordCount: count }
  const rest = {
    ...fetched,
    batches: batches.subarray(end),
    fetchOffset: nextOffset,
    recordCount: fetched.recordCount - count,
  }
  for (const part of [head, rest]) responseMemory.hold(part, batches)
  responseMemory.release(fetched)
  return [head, rest]
}
