import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BatchHeader } from '../../protocol/records/index.ts'
import { StorageError } from './errors.ts'
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  offsetName,
  readIfExists,
  renameIfExists,
  SEGMENT_SUFFIXES,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
  unlinkIfExists,
  writeFully,
} from './files.ts'
import { OFFSET_ENTRY_SIZE, OffsetIndex } from './offset-index.ts'
import { TIME_ENTRY_SIZE, TimeIndex } from './time-index.ts'
import {
  type AbortedTransaction,
  decodeTransactions,
  encodeTransactions,
  TRANSACTION_ENTRY_SIZE,
} from './transaction-index.ts'

/** Both indexes of a segment in memory. */
export interface SegmentIndexes {
  readonly offsets: OffsetIndex
  readonly times: TimeIndex
}

type IndexFields = Pick<BatchHeader, 'lastOffset' | 'maxTimestamp' | 'sizeInBytes'>

/**
 * One segment: the `.log` file and its indexes. `size` and the indexes are ahead of the file while batches wait to be written,
 * so that appends can be ordered without waiting for the disk; readers stop at the log's visible end.
 *
 * Unlike Kafka, which maps index files and so allocates them in full, the indexes of a segment that grows live in memory and
 * their files only grow. They are written in portions, at roll and at close: after a crash they are rebuilt anyway. Those of a
 * finished segment are read when a look-up needs them, and kept as long as the garbage collector lets them.
 */
export class Segment {
  readonly folder: string
  readonly baseOffset: number
  /** Appended to the names of the files: empty, or `.cleaned`, `.swap`, `.deleted`. */
  suffix: string
  /** Bytes of the `.log` file, those waiting to be written included. */
  size = 0
  /** When it was made or last written (ms): its age when no record has a timestamp. */
  createdMs: number
  maxTimestamp = -1
  /** Last offset of the batch that holds `maxTimestamp`. */
  maxTimestampOffset: number
  /** Max timestamp of the first batch, −1 when that has none or the segment is empty. */
  firstTimestamp = -1
  /** Random part of `segment.jitter.ms`, which spreads rolls. */
  readonly jitter = Math.random()
  /** The `.log` file's entry in the folder is not durable yet. */
  isNew = false

  /** Null when the files have all of it. */
  #indexes: SegmentIndexes | null
  #shelved: WeakRef<SegmentIndexes> | null = null
  #transactions: AbortedTransaction[] = []
  #bytesSinceEntry = 0
  #persisted = { offsets: 0, times: 0, transactions: 0 }
  #handle: Promise<FileHandle> | null = null
  /** The next open makes the file. Never a second one: that would throw away what has been written. */
  #mustMake = false
  #indexWrite: Promise<void> = Promise.resolve()
  #users = 0
  #isClosing = false

  private constructor(folder: string, baseOffset: number, nowMs: number, suffix: string) {
    this.folder = folder
    this.baseOffset = baseOffset
    this.createdMs = nowMs
    this.suffix = suffix
    this.maxTimestampOffset = baseOffset
    this.#indexes = newIndexes(baseOffset)
  }

  /** A segment that does not exist yet; its file is made when it is first written. */
  static create(folder: string, baseOffset: number, nowMs: number, suffix = ''): Segment {
    const segment = new Segment(folder, baseOffset, nowMs, suffix)
    segment.isNew = true
    segment.#mustMake = true
    return segment
  }

  /**
   * Opens an existing segment. Indexes are read from their files; `isIntact` is false when one is missing or cannot belong to
   * the `.log` file, and the caller has to rebuild them.
   */
  static async load(folder: string, baseOffset: number, suffix = ''): Promise<{ segment: Segment; isIntact: boolean }> {
    const segment = new Segment(folder, baseOffset, 0, suffix)
    const { size, mtimeMs } = await stat(segment.path(LOG_SUFFIX))
    segment.size = size
    segment.createdMs = Math.floor(mtimeMs)
    const { offsets, times, areWhole } = await segment.#readIndexes()
    const transactions = await readIfExists(segment.path(TRANSACTION_INDEX_SUFFIX))
    if (transactions !== null) segment.#transactions = decodeTransactions(transactions)
    const { lastPosition, count } = offsets
    segment.#indexes = { offsets, times }
    segment.maxTimestamp = times.lastTimestamp
    segment.maxTimestampOffset = times.lastOffset
    segment.#bytesSinceEntry = size - lastPosition
    segment.#persisted = { offsets: count, times: times.count, transactions: segment.#transactions.length }
    const isIntact =
      areWhole &&
      (transactions === null || transactions.length === segment.#transactions.length * TRANSACTION_ENTRY_SIZE) &&
      (count === 0 || lastPosition < size)
    return { segment, isIntact }
  }

  async #readIndexes(): Promise<SegmentIndexes & { areWhole: boolean }> {
    const offsets = await readIfExists(this.path(OFFSET_INDEX_SUFFIX))
    const times = await readIfExists(this.path(TIME_INDEX_SUFFIX))
    return {
      offsets: OffsetIndex.decode(offsets ?? NO_BYTES, this.baseOffset),
      times: TimeIndex.decode(times ?? NO_BYTES, this.baseOffset),
      areWhole:
        offsets !== null &&
        times !== null &&
        offsets.length % OFFSET_ENTRY_SIZE === 0 &&
        times.length % TIME_ENTRY_SIZE === 0,
    }
  }

  /** The indexes for look-ups. While the files are being renamed they may be empty, which only makes a search longer. */
  async indexes(): Promise<SegmentIndexes> {
    const present = this.#indexes ?? this.#shelved?.deref()
    if (present !== undefined) return present
    const { offsets, times } = await this.#readIndexes()
    const indexes = { offsets, times }
    this.#shelved = new WeakRef(indexes)
    return indexes
  }

  /** Lets go of indexes that the files have completely. The segment must not grow any more. */
  shelve(): void {
    const { offsets, times } = this.#persisted
    if (this.#indexes === null || this.#indexes.offsets.count > offsets || this.#indexes.times.count > times) return
    this.#shelved = new WeakRef(this.#indexes)
    this.#indexes = null
  }

  /** The indexes of a segment that grows. */
  get #growing(): SegmentIndexes {
    if (this.#indexes === null) throw new StorageError(`${this.path(LOG_SUFFIX)} is finished and must not grow`)
    return this.#indexes
  }

  path(fileSuffix: string): string {
    return join(this.folder, offsetName(this.baseOffset) + fileSuffix + this.suffix)
  }

  /** Accounts for a batch that goes to the end of the file: position, indexes, largest timestamp. */
  note(batch: IndexFields, indexIntervalBytes: number): void {
    if (this.size === 0) this.firstTimestamp = batch.maxTimestamp
    if (batch.maxTimestamp > this.maxTimestamp) {
      this.maxTimestamp = batch.maxTimestamp
      this.maxTimestampOffset = batch.lastOffset
    }
    if (this.#bytesSinceEntry > indexIntervalBytes) {
      const { offsets, times } = this.#growing
      offsets.append(batch.lastOffset, this.size)
      times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset)
      this.#bytesSinceEntry = 0
    }
    this.size += batch.sizeInBytes
    this.#bytesSinceEntry += batch.sizeInBytes
  }

  /** Forgets all that `note` and `addTransaction` did: the segment is about to be scanned anew. */
  reset(): void {
    this.size = 0
    this.maxTimestamp = -1
    this.maxTimestampOffset = this.baseOffset
    this.firstTimestamp = -1
    this.#indexes = newIndexes(this.baseOffset)
    this.#shelved = null
    this.#transactions = []
    this.#bytesSinceEntry = 0
    this.#persisted = { offsets: 0, times: 0, transactions: 0 }
  }

  addTransaction(transaction: AbortedTransaction): void {
    this.#transactions.push(transaction)
  }

  get transactions(): readonly AbortedTransaction[] {
    return this.#transactions
  }

  /** Entries of the index that has more of them. */
  get indexEntries(): number {
    const { offsets, times } = this.#persisted
    return this.#indexes === null
      ? Math.max(offsets, times)
      : Math.max(this.#indexes.offsets.count, this.#indexes.times.count)
  }

  isIndexFull(maxIndexBytes: number): boolean {
    const { offsets, times } = this.#growing
    return (
      (offsets.count + 1) * OFFSET_ENTRY_SIZE > maxIndexBytes || (times.count + 1) * TIME_ENTRY_SIZE > maxIndexBytes
    )
  }

  /** Entries that exist only in memory. */
  get unwrittenIndexEntries(): number {
    return this.#indexes === null ? 0 : this.#indexes.offsets.count - this.#persisted.offsets
  }

  /** Adds the time index entry that a segment ends with. */
  seal(): void {
    this.#indexes?.times.maybeAppend(this.maxTimestamp, this.maxTimestampOffset)
  }

  /** The file, opened at first use; made then if the segment is new. */
  handle(): Promise<FileHandle> {
    if (this.#handle !== null) return this.#handle
    const flags = constants.O_RDWR | (this.#mustMake ? constants.O_CREAT | constants.O_TRUNC : 0)
    this.#mustMake = false
    this.#handle = open(this.path(LOG_SUFFIX), flags, 0o644).catch((error: unknown) => {
      this.#handle = null
      throw error
    })
    return this.#handle
  }

  async write(buffers: Uint8Array[], position: number): Promise<void> {
    await writeFully(await this.handle(), buffers, position)
  }

  /**
   * Brings the file to the disk.
   * @throws StorageError, whatever the cause: after a failed flush the kernel may have dropped what it could not write, so the
   * file that can be read is not the one on disk, and only a restart finds out
   */
  async flush(): Promise<void> {
    const handle = await this.handle()
    try {
      await handle.datasync()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new StorageError(`${this.path(LOG_SUFFIX)} could not be flushed: ${why}`, { cause: error })
    }
  }

  async truncate(size: number): Promise<void> {
    const handle = await this.handle()
    await handle.truncate(size)
    await handle.datasync()
  }

  /** Brings the index files up to date; `sync` makes them durable, which a segment needs before it counts as flushed for good. */
  writeIndexes(sync: boolean): Promise<void> {
    // One after the other: two at once would cut off what the other one has written.
    const write = this.#indexWrite.catch(() => undefined).then(() => this.#writeIndexes(sync))
    this.#indexWrite = write
    return write
  }

  async #writeIndexes(sync: boolean): Promise<void> {
    if (this.#indexes === null) return
    const { offsets, times } = this.#indexes
    const from = this.#persisted
    const counts = { offsets: offsets.count, times: times.count, transactions: this.#transactions.length }
    const offsetsPath = this.path(OFFSET_INDEX_SUFFIX)
    await writeTail(offsetsPath, offsets.encode(from.offsets), from.offsets * OFFSET_ENTRY_SIZE, sync)
    const timesPath = this.path(TIME_INDEX_SUFFIX)
    await writeTail(timesPath, times.encode(from.times), from.times * TIME_ENTRY_SIZE, sync)
    if (counts.transactions > 0) {
      const bytes = encodeTransactions(this.#transactions.slice(from.transactions, counts.transactions))
      await writeTail(this.path(TRANSACTION_INDEX_SUFFIX), bytes, from.transactions * TRANSACTION_ENTRY_SIZE, sync)
    } else {
      await unlinkIfExists(this.path(TRANSACTION_INDEX_SUFFIX))
    }
    this.#persisted = counts
  }

  /** Keeps the file open while `work` runs, even if the segment is closed meanwhile. */
  async use<T>(work: (handle: FileHandle) => Promise<T>): Promise<T> {
    this.#users++
    try {
      return await work(await this.handle())
    } finally {
      this.#users--
      if (this.#isClosing && this.#users === 0) await this.#closeHandle()
    }
  }

  /** Closes the file as soon as nobody uses it. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#users === 0) await this.#closeHandle()
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    this.#isClosing = false
    if (handle !== null) await (await handle).close()
  }

  /** Renames all files to have another suffix. Open handles stay valid. */
  async changeSuffix(suffix: string): Promise<void> {
    for (const fileSuffix of SEGMENT_SUFFIXES) {
      const from = this.path(fileSuffix)
      await renameIfExists(from, from.slice(0, from.length - this.suffix.length) + suffix)
    }
    this.suffix = suffix
  }

  async unlink(): Promise<void> {
    await this.close()
    for (const fileSuffix of SEGMENT_SUFFIXES) await unlinkIfExists(this.path(fileSuffix))
  }
}

const NO_BYTES = new Uint8Array(0)

function newIndexes(baseOffset: number): SegmentIndexes {
  return { offsets: new OffsetIndex(baseOffset), times: new TimeIndex(baseOffset) }
}

/** Writes the end of an index file. From position 0 the file is made anew, so that nothing old is left behind the end. */
async function writeTail(path: string, bytes: Uint8Array, position: number, sync: boolean): Promise<void> {
  if (bytes.length === 0 && position > 0 && !sync) return
  const handle = await open(path, position === 0 ? 'w' : 'r+')
  try {
    if (bytes.length > 0) await writeFully(handle, [bytes], position)
    // A preallocated file of another broker has zeros behind its entries.
    if (position > 0) await handle.truncate(position + bytes.length)
    if (sync) await handle.datasync()
  } finally {
    await handle.close()
  }
}
