import { utimes } from 'node:fs/promises'
import {
  type BatchHeader,
  decodeBatch,
  type RecordColumns,
  readBatchHeader,
  rebuildBatch,
} from '../../../protocol/records/index.ts'
import { CLEANED_SUFFIX, LOG_SUFFIX } from '../files.ts'
import type { LogConfig } from '../log-config.ts'
import type { ProducerEntry } from '../producer-state.ts'
import { scanBatches } from '../scan.ts'
import { Segment } from '../segment.ts'
import type { CleanedTransactions } from './cleaned-transactions.ts'
import type { OffsetMap } from './offset-map.ts'

export interface CleanRound {
  folder: string
  config: LogConfig
  map: OffsetMap
  transactions: CleanedTransactions
  /** Entries of the producers that are active, by producer id. */
  producers: ReadonlyMap<number, ProducerEntry>
  /** Offset behind the last record that this round cleans. */
  endOffset: number
  nowMs: number
  /** True ends the round as soon as possible. */
  isStopped: () => boolean
}

/** The round was given up because the log is closed or deleted. */
export class CleaningStopped extends Error {
  override get name(): string {
    return 'CleaningStopped'
  }
}

/** What is done with the batch as a whole when none of its records are kept. */
type EmptyBatch = 'drop' | 'keep'

interface BatchPlan {
  empty: EmptyBatch
  keep: (i: number) => boolean
  /** The marker of a transaction that has no records any more: begins the time after which it goes, too. */
  isEmptyMarker: boolean
}

const WRITE_BYTES = 1048576

/** Writes what is kept of `sources` into a new segment with the suffix `.cleaned`, complete and on disk. */
export async function cleanSegments(sources: readonly Segment[], round: CleanRound): Promise<Segment> {
  const first = sources[0] as Segment
  const target = Segment.create(round.folder, first.baseOffset, first.createdMs, CLEANED_SUFFIX)
  try {
    const output = new Output(target, round.config.indexIntervalBytes)
    for (const source of sources) await copyKept(source, output, round)
    await output.finish()
    const writtenMs = (sources.at(-1) as Segment).createdMs
    target.createdMs = writtenMs
    // Retention of records without timestamps goes by the file's time.
    await utimes(target.path(LOG_SUFFIX), writtenMs / 1000, writtenMs / 1000)
    return target
  } catch (error) {
    await target.unlink()
    throw error
  }
}

async function copyKept(source: Segment, output: Output, round: CleanRound): Promise<void> {
  const { problem } = await source.use((handle) =>
    scanBatches(handle, {
      to: source.size,
      depth: 'batches',
      visit: (header, bytes) => {
        if (round.isStopped()) throw new CleaningStopped(`cleaning of ${round.folder} was stopped`)
        const cleaned = cleanBatch(header, bytes, output, round)
        return cleaned === null ? undefined : output.append(cleaned)
      },
    }),
  )
  if (problem !== null) throw new Error(`segment ${source.path(LOG_SUFFIX)} cannot be cleaned: ${problem}`)
}

/** The bytes to write for a batch, null for none. */
function cleanBatch(header: BatchHeader, bytes: Uint8Array, output: Output, round: CleanRound): Uint8Array | null {
  const original = bytes.subarray(header.position, header.position + header.sizeInBytes)
  // Records beyond the map have not been looked at yet: they wait for the next round.
  if (header.baseOffset > round.map.latestOffset && header.baseOffset >= round.endOffset) {
    if (header.isControl) noteMarker(header, output, round)
    else round.transactions.isAborted(header)
    return original
  }
  const columns = decodeBatch(original, 0)
  const plan = header.isControl ? planMarker(header, output, round) : planData(columns, round)
  let kept = 0
  let hasTombstone = false
  for (let i = 0; i < columns.count; i++) {
    if (!plan.keep(i)) continue
    kept++
    if (columns.valueStarts[i] === -1) hasTombstone = true
  }
  if (kept === 0 && plan.empty === 'drop') return null
  const needsHorizon =
    !header.hasDeleteHorizon && kept > 0 && ((hasTombstone && !header.isControl) || plan.isEmptyMarker)
  if (kept === columns.count && !needsHorizon) return original
  return rebuildBatch(
    columns,
    plan.keep,
    needsHorizon ? { deleteHorizon: round.nowMs + round.config.deleteRetentionMs } : {},
  )
}

function planData(columns: RecordColumns, round: CleanRound): BatchPlan {
  const { header } = columns
  const empty = isNeededEmpty(header, round) ? 'keep' : 'drop'
  if (round.transactions.isAborted(header)) return { empty, keep: () => false, isEmptyMarker: false }
  const keepsTombstones = !header.hasDeleteHorizon || round.nowMs < header.baseTimestamp
  const keep = (i: number): boolean => {
    const offset = columns.offsets[i] as number
    if (offset > round.map.latestOffset) return true
    const key = columns.key(i)
    if (key === null || offset < round.map.get(key)) return false
    return keepsTombstones || columns.valueStarts[i] !== -1
  }
  // Asked twice for each record, and a hash is not free.
  const kept = Uint8Array.from({ length: columns.count }, (_, i) => (keep(i) ? 1 : 0))
  return { empty, keep: (i) => kept[i] === 1, isEmptyMarker: false }
}

function noteMarker(header: BatchHeader, output: Output, round: CleanRound): boolean {
  const { isEmpty, aborted } = round.transactions.endWith(header)
  if (aborted !== null) output.target.addTransaction(aborted)
  return isEmpty
}

function planMarker(header: BatchHeader, output: Output, round: CleanRound): BatchPlan {
  const isEmpty = noteMarker(header, output, round)
  const isPast = header.hasDeleteHorizon && header.baseTimestamp <= round.nowMs
  return {
    empty: isNeededEmpty(header, round) ? 'keep' : 'drop',
    keep: () => !(isEmpty && isPast),
    isEmptyMarker: isEmpty,
  }
}

/**
 * Batches that stay even without records: the last one of an active producer (it holds sequence and epoch), and the last one
 * of the round (it holds the end offset).
 */
function isNeededEmpty(header: BatchHeader, { producers, endOffset }: CleanRound): boolean {
  if (header.lastOffset + 1 === endOffset) return true
  const producer = header.producerId < 0 ? undefined : producers.get(header.producerId)
  if (producer === undefined) return false
  const last = producer.batches.at(-1)
  if (last !== undefined) return header.lastOffset === last.lastOffset
  return header.isControl && header.producerEpoch === producer.epoch
}

/** Collects batches into writes of some size. */
class Output {
  readonly target: Segment
  readonly #indexIntervalBytes: number
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #position = 0

  constructor(target: Segment, indexIntervalBytes: number) {
    this.target = target
    this.#indexIntervalBytes = indexIntervalBytes
  }

  append(batch: Uint8Array): Promise<void> | undefined {
    this.target.note(readBatchHeader(batch, 0), this.#indexIntervalBytes)
    this.#pending.push(batch)
    this.#pendingBytes += batch.length
    return this.#pendingBytes >= WRITE_BYTES ? this.#write() : undefined
  }

  async #write(): Promise<void> {
    const buffers = this.#pending
    const position = this.#position
    this.#pending = []
    this.#position += this.#pendingBytes
    this.#pendingBytes = 0
    if (buffers.length > 0) await this.target.write(buffers, position)
  }

  async finish(): Promise<void> {
    await this.#write()
    this.target.seal()
    await this.target.flush()
    await this.target.writeIndexes(true)
    this.target.shelve()
    this.target.isNew = false
  }
}
