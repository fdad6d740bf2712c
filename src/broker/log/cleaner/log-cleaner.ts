import type { Logger } from '../../../base/logger.ts'
import { decodeBatch } from '../../../protocol/records/index.ts'
import type { LogConfig } from '../log-config.ts'
import type { PartitionLog } from '../partition-log.ts'
import { scanBatches } from '../scan.ts'
import type { Segment } from '../segment.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import { cleanSegments, CleaningStopped } from './clean-segments.ts'
import { OffsetMap } from './offset-map.ts'

/** A compacted log and how much of it could be cleaned. */
export interface Cleanable {
  log: PartitionLog
  /** Everything before it was cleaned by an earlier round. */
  firstDirtyOffset: number
  /** Behind the last record that may be cleaned now. */
  endOffset: number
  /** Share of what could be cleaned in the bytes of the log, 0 to 1. */
  dirtyRatio: number
  /** `max.compaction.lag.ms` is over. */
  isOverdue: boolean
}

/** What of `log` may be cleaned at `nowMs`; null when nothing may. `checkpoint` is where the last round ended. */
export function cleanablePart(log: PartitionLog, checkpoint: number, nowMs: number): Cleanable | null {
  const { segments, config } = log
  const active = segments.at(-1) as Segment
  const first = segments[0] as Segment
  const isStale = checkpoint > log.logEndOffset || checkpoint < first.baseOffset
  const firstDirtyOffset = isStale ? first.baseOffset : checkpoint
  const dirty = segments.filter((segment, i) => segment !== active && endOf(segments, i) > firstDirtyOffset)
  const young =
    config.minCompactionLagMs > 0
      ? dirty.find((segment) => newest(segment) > nowMs - config.minCompactionLagMs)
      : undefined
  // Files go whole, so a transaction that is open in a segment keeps it and all behind it.
  const stable = segments.find((_, i) => endOf(segments, i) > log.lastStableOffset) ?? active
  const endOffset = Math.min(active.baseOffset, stable.baseOffset, young?.baseOffset ?? active.baseOffset)
  if (endOffset <= firstDirtyOffset) return null
  const cleanBytes = bytesOf(segments, 0, firstDirtyOffset)
  const dirtyBytes = bytesOf(segments, firstDirtyOffset, endOffset)
  if (dirtyBytes === 0) return null
  return {
    log,
    firstDirtyOffset,
    endOffset,
    dirtyRatio: dirtyBytes / (cleanBytes + dirtyBytes),
    isOverdue: dirty.some(
      (segment) => segment.baseOffset < endOffset && oldest(segment) < nowMs - config.maxCompactionLagMs,
    ),
  }
}

function endOf(segments: readonly Segment[], i: number): number {
  return segments[i + 1]?.baseOffset ?? Number.POSITIVE_INFINITY
}

function newest(segment: Segment): number {
  return segment.maxTimestamp >= 0 ? segment.maxTimestamp : segment.createdMs
}

function oldest(segment: Segment): number {
  return segment.firstTimestamp >= 0 ? segment.firstTimestamp : newest(segment)
}

function bytesOf(segments: readonly Segment[], from: number, to: number): number {
  return segments.reduce((sum, { baseOffset, size }) => (baseOffset >= from && baseOffset < to ? sum + size : sum), 0)
}

/** Cleans compacted logs: of each key only the last record stays (kafka: LogCleaner, Cleaner). */
export class LogCleaner {
  readonly #dedupeBufferBytes: number
  readonly #logger: Logger
  readonly #now: () => number

  constructor(options: { dedupeBufferBytes: number; logger: Logger; now: () => number }) {
    this.#dedupeBufferBytes = options.dedupeBufferBytes
    this.#logger = options.logger
    this.#now = options.now
  }

  /** The log that needs it most among those that are dirty enough or overdue. */
  choose(candidates: readonly Cleanable[]): Cleanable | null {
    const due = candidates.filter(
      ({ log, dirtyRatio, isOverdue }) => isOverdue || dirtyRatio >= log.config.minCleanableDirtyRatio,
    )
    due.sort((a, b) => Number(b.isOverdue) - Number(a.isOverdue) || b.dirtyRatio - a.dirtyRatio)
    return due[0] ?? null
  }

  /** Cleans one log once. Gives the offset up to which it is clean now, or null when it was closed meanwhile. */
  async clean({ log, firstDirtyOffset, endOffset }: Cleanable): Promise<number | null> {
    try {
      return await log.maintain(() => this.#clean(log, firstDirtyOffset, endOffset))
    } catch (error) {
      if (error instanceof CleaningStopped) return null
      throw error
    }
  }

  async #clean(log: PartitionLog, firstDirtyOffset: number, wantedEnd: number): Promise<number> {
    const nowMs = this.#now()
    const map = new OffsetMap(this.#dedupeBufferBytes)
    const endOffset = await buildMap(log, map, firstDirtyOffset, wantedEnd)
    const sources = log.segments.filter(({ baseOffset }) => baseOffset < endOffset)
    const before = sources.reduce((sum, { size }) => sum + size, 0)
    const producers = new Map(log.activeProducers().map((entry) => [entry.producerId, entry]))
    const transactions = new CleanedTransactions(log.segments)
    let after = 0
    for (const group of groupSegments(sources, log.config, endOffset)) {
      const cleaned = await cleanSegments(group, {
        folder: log.folder,
        config: log.config,
        map,
        transactions,
        producers,
        endOffset,
        nowMs,
        isStopped: () => log.isClosed,
      })
      after += cleaned.size
      await log.swapSegments(group, cleaned)
    }
    const { topic, partition } = log
    this.#logger.debug({ topic, partition, endOffset, before, after, keys: map.count }, 'Cleaned a compacted log')
    return endOffset
  }
}

/** Fills the map with the dirty part; gives the offset behind the last record that found room. */
async function buildMap(log: PartitionLog, map: OffsetMap, from: number, to: number): Promise<number> {
  const { segments } = log
  const transactions = new CleanedTransactions(segments)
  let end = from
  let isFull = false
  for (let i = 0; i < segments.length && !isFull; i++) {
    const segment = segments[i] as Segment
    if (segment.baseOffset >= to) break
    if (endOf(segments, i) <= from) continue
    await segment.use((handle) =>
      scanBatches(handle, {
        to: segment.size,
        depth: 'batches',
        visit: (header, bytes) => {
          if (log.isClosed) throw new CleaningStopped(`cleaning of ${log.folder} was stopped`)
          if (header.isControl) {
            transactions.endWith(header)
          } else if (!transactions.isAborted(header) && header.lastOffset >= from && header.recordsCount > 0) {
            const columns = decodeBatch(bytes, header.position)
            for (let record = 0; record < columns.count; record++) {
              const key = columns.key(record)
              if (key === null || (columns.offsets[record] as number) < from) continue
              if (map.isFull) {
                isFull = true
                return false
              }
              map.put(key, columns.offsets[record] as number)
            }
          }
          end = Math.max(end, header.lastOffset + 1)
          return true
        },
      }),
    )
  }
  // A full map ends in the middle of a batch: what is behind its last offset waits for the next round.
  if (isFull) return Math.max(map.latestOffset + 1, from + 1)
  return Math.max(end, to)
}

/** Neighbours that fit into one segment together. */
function groupSegments(segments: readonly Segment[], config: LogConfig, endOffset: number): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  let entries = 0
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as Segment
    const last = (segments[i + 1]?.baseOffset ?? endOffset) - 1
    const group = groups.at(-1)
    const first = group?.[0]
    bytes += segment.size
    entries += segment.indexEntries
    if (
      group !== undefined &&
      first !== undefined &&
      bytes <= config.segmentBytes &&
      entries * 12 <= config.segmentIndexBytes &&
      last - first.baseOffset <= 2147483647
    ) {
      group.push(segment)
    } else {
      groups.push([segment])
      bytes = segment.size
      entries = segment.indexEntries
    }
  }
  return groups
}
