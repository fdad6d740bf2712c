import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../base/logger.ts'
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  offsetName,
  offsetOfName,
  SEGMENT_SUFFIXES,
  SWAP_SUFFIX,
  syncFolder,
  unlinkIfExists,
} from './files.ts'
import { replayProducers } from './producer-replay.ts'
import { restoreProducerSnapshot } from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'
import { scanBatches } from './scan.ts'
import { Segment } from './segment.ts'
import { removeSnapshots, snapshotOffsets, snapshotPath } from './snapshot-files.ts'

export interface LoadOptions {
  folder: string
  indexIntervalBytes: number
  nowMs: number
  logger: Logger
  /** Everything before it was on disk when the checkpoint was written. */
  recoveryPoint: number
  /** Log start offset of the checkpoint, 0 when it has none. */
  logStartOffset: number
  /** The last stop was clean: files are complete. */
  isClean: boolean
}

export interface LoadedLog {
  segments: Segment[]
  logStartOffset: number
  endOffset: number
  producers: ProducerState
}

interface LoadedSegment {
  segment: Segment
  /** Indexes were built anew, the transaction index has still to be filled. */
  isRebuilt: boolean
  endOffset: number
  hasProducers: boolean
}

/**
 * Opens what a partition's folder holds (kafka: LogLoader). After a crash everything from the recovery point on is checked
 * batch by batch; at the first broken batch the log is cut, and later segments are removed.
 */
export async function loadLog(options: LoadOptions): Promise<LoadedLog> {
  const { folder, nowMs } = options
  await finishInterrupted(folder)
  const names = await readdir(folder)
  const bases = names
    .map((name) => offsetOfName(name, LOG_SUFFIX))
    .filter((base) => base >= 0)
    .sort((a, b) => a - b)
  await removeOrphanedIndexes(folder, names, new Set(bases))
  const loaded = await loadSegments(bases, options)
  const endOffset = loaded.at(-1)?.endOffset ?? options.logStartOffset
  if (loaded.length === 0 || options.logStartOffset > endOffset) {
    for (const { segment } of loaded) await segment.unlink()
    await removeSnapshots(folder, () => true)
    const start = Math.max(options.logStartOffset, endOffset)
    const segments = [Segment.create(folder, start, nowMs)]
    return { segments, logStartOffset: start, endOffset: start, producers: new ProducerState() }
  }
  const producers = await restoreProducers(loaded, endOffset, options)
  for (const { segment, isRebuilt } of loaded.slice(0, -1)) {
    if (isRebuilt) {
      segment.seal()
      await segment.writeIndexes(true)
    }
    segment.shelve()
  }
  const segments = loaded.map(({ segment }) => segment)
  const logStartOffset = Math.max(options.logStartOffset, segments[0]?.baseOffset ?? 0)
  return { segments, logStartOffset, endOffset, producers }
}

/** Removes what was about to be deleted, and finishes or takes back a cleaning that a crash interrupted. */
async function finishInterrupted(folder: string): Promise<void> {
  const names = await readdir(folder)
  const bases = (suffix: string): number[] =>
    SEGMENT_SUFFIXES.flatMap((fileSuffix) => names.map((name) => offsetOfName(name, fileSuffix + suffix))).filter(
      (base) => base >= 0,
    )
  // While one output of a cleaning is still `.cleaned`, those that are `.swap` already are not valid either.
  const firstCleaned = Math.min(...bases(CLEANED_SUFFIX), Number.POSITIVE_INFINITY)
  for (const name of names) {
    const base = Number(name.slice(0, 20))
    const isStale =
      name.endsWith(DELETED_SUFFIX) ||
      name.endsWith(CLEANED_SUFFIX) ||
      name.endsWith('.tmp') ||
      (name.endsWith(SWAP_SUFFIX) && base >= firstCleaned)
    if (isStale) await unlinkIfExists(join(folder, name))
  }
  const swaps = [...new Set(bases(SWAP_SUFFIX))].filter((base) => base < firstCleaned)
  for (const base of swaps) await finishSwap(folder, names, base)
}

async function finishSwap(folder: string, names: readonly string[], base: number): Promise<void> {
  const logName = names.find((name) => offsetOfName(name, LOG_SUFFIX + SWAP_SUFFIX) === base)
  if (logName !== undefined) {
    const { segment } = await Segment.load(folder, base, SWAP_SUFFIX)
    let endOffset = base + 1
    await segment.use((handle) =>
      scanBatches(handle, {
        to: segment.size,
        depth: 'headers',
        visit: (header) => {
          endOffset = header.lastOffset + 1
        },
      }),
    )
    await segment.close()
    for (const name of names) {
      const replaced = offsetOfName(name, LOG_SUFFIX)
      if (replaced < base || replaced >= endOffset) continue
      for (const fileSuffix of SEGMENT_SUFFIXES) {
        await unlinkIfExists(join(folder, name.slice(0, 20) + fileSuffix))
      }
    }
    await segment.changeSuffix('')
  } else {
    // The `.log` file has its final name already; only index files are left.
    const { segment } = await Segment.load(folder, base)
    segment.suffix = SWAP_SUFFIX
    await segment.changeSuffix('')
  }
  await syncFolder(folder)
}

async function removeOrphanedIndexes(
  folder: string,
  names: readonly string[],
  bases: ReadonlySet<number>,
): Promise<void> {
  for (const name of names) {
    for (const fileSuffix of SEGMENT_SUFFIXES) {
      const base = offsetOfName(name, fileSuffix)
      if (base >= 0 && !bases.has(base)) await unlinkIfExists(join(folder, name))
    }
  }
}

async function loadSegments(bases: readonly number[], options: LoadOptions): Promise<LoadedSegment[]> {
  const { folder, isClean, recoveryPoint, logger } = options
  const firstToRecover = isClean ? bases.length : bases.findLastIndex((base) => base <= recoveryPoint)
  const loaded: LoadedSegment[] = []
  for (let i = 0; i < bases.length; i++) {
    const base = bases[i] as number
    const isLast = i === bases.length - 1
    const { segment, isIntact } = await Segment.load(folder, base)
    let result: { end: LoadedSegment; problem: string | null } | null = null
    if (i < firstToRecover && isIntact) result = await trustSegment(segment, isLast)
    if (result === null) result = await recoverSegment(segment, options)
    loaded.push(result.end)
    if (result.problem === null) continue
    const { endOffset } = result.end
    logger.warn(
      { folder, segment: base, endOffset, removedSegments: bases.length - 1 - i },
      `The log was cut at offset ${endOffset}: ${result.problem}`,
    )
    for (const later of bases.slice(i + 1)) {
      for (const fileSuffix of SEGMENT_SUFFIXES) {
        await unlinkIfExists(join(folder, offsetName(later) + fileSuffix))
      }
    }
    await syncFolder(folder)
    break
  }
  return loaded
}

/** Takes a segment as it is. Gives null when the end of the last one is not sound after all. */
async function trustSegment(segment: Segment, isLast: boolean): Promise<{ end: LoadedSegment; problem: null } | null> {
  let endOffset = segment.baseOffset
  if (isLast) {
    await segment.use((handle) =>
      scanBatches(handle, {
        to: segment.size,
        depth: 'headers',
        visit: (header) => {
          segment.firstTimestamp = header.maxTimestamp
          return false
        },
      }),
    )
    const lastIndexed = (await segment.indexes()).offsets.lastPosition
    const { problem } = await segment.use((handle) =>
      scanBatches(handle, {
        from: lastIndexed,
        to: segment.size,
        depth: 'headers',
        visit: (header) => {
          endOffset = header.lastOffset + 1
        },
      }),
    )
    if (problem !== null) return null
  }
  return { end: { segment, isRebuilt: false, endOffset, hasProducers: true }, problem: null }
}

async function recoverSegment(
  segment: Segment,
  { indexIntervalBytes }: LoadOptions,
): Promise<{ end: LoadedSegment; problem: string | null }> {
  const fileSize = segment.size
  segment.reset()
  let endOffset = segment.baseOffset
  let hasProducers = false
  let disorder: string | null = null
  const { end, problem } = await segment.use((handle) =>
    scanBatches(handle, {
      to: fileSize,
      depth: 'verified',
      visit: (header, _bytes, position) => {
        if (header.baseOffset < endOffset || header.lastOffset - segment.baseOffset > 2147483647) {
          disorder = `a batch with offset ${header.baseOffset} at byte ${position}, at least ${endOffset} was expected`
          return false
        }
        endOffset = header.lastOffset + 1
        if (header.producerId >= 0) hasProducers = true
        segment.note(header, indexIntervalBytes)
        return true
      },
    }),
  )
  if (end < fileSize) await segment.truncate(end)
  return { end: { segment, isRebuilt: true, endOffset, hasProducers }, problem: disorder ?? problem }
}

async function restoreProducers(
  loaded: readonly LoadedSegment[],
  endOffset: number,
  { folder, nowMs, logger }: LoadOptions,
): Promise<ProducerState> {
  const producers = new ProducerState()
  await removeSnapshots(folder, (offset) => offset > endOffset)
  const firstRebuilt = loaded.find(({ isRebuilt, hasProducers }) => isRebuilt && hasProducers)
  // A transaction index can only be filled by one who knows the transactions that were open at the segment's begin.
  const newestUseful = firstRebuilt?.segment.baseOffset ?? endOffset
  let from = 0
  for (const offset of (await snapshotOffsets(folder)).reverse()) {
    if (offset > newestUseful) continue
    const path = snapshotPath(folder, offset)
    if (restoreProducerSnapshot(await readFile(path), producers, nowMs)) {
      from = offset
      break
    }
    logger.warn({ path }, 'A producer snapshot is damaged: an older one is used')
    await unlinkIfExists(path)
  }
  for (let i = 0; i < loaded.length; i++) {
    const { segment, isRebuilt, hasProducers } = loaded[i] as LoadedSegment
    const next = loaded[i + 1]?.segment.baseOffset ?? endOffset
    if (next > from && hasProducers) await replayProducers(segment, from, producers, nowMs, isRebuilt)
  }
  return producers
}
