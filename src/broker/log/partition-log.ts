import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../base/logger.ts'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { type BatchHeader, stampBatch } from '../../protocol/records/index.ts'
import { storageFailure } from './errors.ts'
import { DELETED_SUFFIX, offsetName, SNAPSHOT_SUFFIX, SWAP_SUFFIX, syncFolder, writeFileAtomically } from './files.ts'
import { GroupCommit, type LogPosition } from './group-commit.ts'
import { writeLeaderEpochs } from './leader-epoch.ts'
import { loadLog, removeSnapshots, snapshotOffsets } from './loader.ts'
import type { LogConfig } from './log-config.ts'
import { applyToProducers } from './producer-replay.ts'
import { encodeProducerSnapshot } from './producer-snapshot.ts'
import type { ProducedBatch, ProducerEntry, ProducerState } from './producer-state.ts'
import { readSlice } from './reader.ts'
import { expiredSegments } from './retention.ts'
import { Segment } from './segment.ts'
import { SegmentList } from './segment-list.ts'
import { findByTimestamp, type TimestampOffset } from './time-lookup.ts'
import { type AppendOrigin, type ValidBatch, validateAppend } from './validate.ts'

/** We are the only replica, so the leader never changes. */
export const LEADER_EPOCH = 0

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface LogDeps {
  logger: Logger
  /** Milliseconds since the epoch; default `Date.now`. */
  now?: () => number
  /** From the checkpoints of the data folder; default 0. */
  recoveryPoint?: number
  logStartOffset?: number
  /** The last stop was clean; default false: the log is checked. */
  isClean?: boolean
  /** `producer.id.expiration.ms`, default one day. */
  producerIdExpirationMs?: number
  /** Called when the log start offset moved and should get into the checkpoint; awaited by `deleteRecordsBefore`. */
  onStartOffsetChanged?: () => Promise<void>
}

export interface AppendOptions {
  origin: AppendOrigin
  /** Resolve only when the records are on disk (acks=all), else when they are written (acks=0 or 1). */
  requireFlush: boolean
}

export interface AppendResult {
  baseOffset: number
  lastOffset: number
  /** −1 unless the topic has `message.timestamp.type=LogAppendTime`. */
  logAppendTime: number
  logStartOffset: number
}

export interface ReadOptions {
  /** Give the first batch whole even if it is larger than the limit. */
  minOneBatch: boolean
  isolation: 'read_committed' | 'read_uncommitted'
}

export interface ReadResult {
  /** Whole batches as they are in the file; the first one may begin before the offset asked for. */
  records: Uint8Array
  /** Sorted by first offset; null for read_uncommitted. */
  abortedTransactions: { producerId: number; firstOffset: number }[] | null
}

/** What DescribeProducers tells of a producer. */
export type ActiveProducer = Readonly<ProducerEntry>

const DEFAULT_PRODUCER_EXPIRATION_MS = 86400000
/** Index entries that wait for their file; half a page of them. */
const INDEX_WRITE_ENTRIES = 256
/** Where recent reads ended: the next read of a consumer begins there. One entry a consumer, more or less. */
const REMEMBERED_POSITIONS = 64

/** One partition's log: appends, reads, look-ups, retention. Safe for any number of concurrent callers. */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch = LEADER_EPOCH
  readonly #now: () => number
  readonly #logger: Logger
  readonly #deps: LogDeps
  readonly #segments: SegmentList
  readonly #producers: ProducerState
  readonly #commit: GroupCommit
  readonly #listeners = new Set<() => void>()
  /** Transactions whose marker is in the log but not visible yet. */
  #completing: { firstOffset: number; lastOffset: number }[] = []
  readonly #positions = new Map<number, { segment: Segment; position: number }>()
  #folder: string
  #config: LogConfig
  #logStartOffset: number
  #logEndOffset: number
  #recoveryPoint: number
  /** Nothing has to be written at close: the last stop was clean and nothing was appended since. */
  #isUntouched: boolean
  #isWritingIndexes = false
  #failure: ProtocolError | null = null
  #isClosed = false
  #unflushedRecords = 0
  #maintenance: Promise<unknown> = Promise.resolve()
  #flushTimer: NodeJS.Timeout | null = null
  readonly #background = new Set<Promise<void>>()
  readonly #deletions = new Map<Segment, NodeJS.Timeout>()

  private constructor(
    folder: string,
    { topic, partition }: TopicPartition,
    config: LogConfig,
    deps: LogDeps,
    loaded: Awaited<ReturnType<typeof loadLog>>,
  ) {
    this.topic = topic
    this.partition = partition
    this.#folder = folder
    this.#config = config
    this.#deps = deps
    this.#now = deps.now ?? Date.now
    this.#logger = deps.logger
    this.#segments = new SegmentList(loaded.segments)
    this.#producers = loaded.producers
    this.#logStartOffset = loaded.logStartOffset
    this.#logEndOffset = loaded.endOffset
    this.#recoveryPoint = Math.min(deps.recoveryPoint ?? 0, loaded.endOffset)
    this.#isUntouched = deps.isClean === true
    this.#commit = new GroupCommit(this.#endPosition(), {
      onVisible: (end) => this.#onVisible(end),
      onRolled: (segment) => this.#inBackground(this.#finishSegment(segment)),
      syncFolder: () => syncFolder(this.#folder),
      onFailure: (error) => this.#fail(error),
    })
  }

  /**
   * Opens the log in `folder`, which is made if it is missing. After a crash the tail is checked and cut if it is torn.
   * @throws the file system's error
   */
  static async open(
    folder: string,
    topicPartition: TopicPartition,
    config: LogConfig,
    deps: LogDeps,
  ): Promise<PartitionLog> {
    await mkdir(folder, { recursive: true })
    const loaded = await loadLog({
      folder,
      indexIntervalBytes: config.indexIntervalBytes,
      nowMs: (deps.now ?? Date.now)(),
      logger: deps.logger,
      recoveryPoint: deps.recoveryPoint ?? 0,
      logStartOffset: deps.logStartOffset ?? 0,
      isClean: deps.isClean ?? false,
    })
    const log = new PartitionLog(folder, topicPartition, config, deps, loaded)
    await loaded.segments.at(-1)?.handle()
    await writeLeaderEpochs(folder, LEADER_EPOCH, loaded.logStartOffset)
    return log
  }

  get folder(): string {
    return this.#folder
  }

  get config(): LogConfig {
    return this.#config
  }

  /** First offset that may be read. */
  get logStartOffset(): number {
    return this.#logStartOffset
  }

  /** Offset of the next record. */
  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** Records before it may be read: those that can be acknowledged (see GroupCommit). */
  get highWatermark(): number {
    return this.#commit.visible.offset
  }

  /** Records before it belong to no open transaction. */
  get lastStableOffset(): number {
    let offset = this.highWatermark
    const firstOpen = this.#producers.firstOpenOffset
    if (firstOpen !== -1 && firstOpen < offset) offset = firstOpen
    for (const { firstOffset } of this.#completing) if (firstOffset < offset) offset = firstOffset
    return Math.max(offset, this.#logStartOffset)
  }

  /** Everything before it is on disk, indexes of full segments included: recovery begins here. */
  get recoveryPoint(): number {
    return this.#recoveryPoint
  }

  /** Bytes of all segments. */
  get sizeInBytes(): number {
    return this.#segments.sizeInBytes
  }

  get segments(): readonly Segment[] {
    return this.#segments.all
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Why the log takes no more appends; null while it is sound. */
  get failure(): ProtocolError | null {
    return this.#failure
  }

  /** Largest timestamp in the log (ms), −1 when there is none. */
  get maxTimestamp(): number {
    return this.#segments.all.reduce((max, segment) => Math.max(max, segment.maxTimestamp), -1)
  }

  activeProducers(): ActiveProducer[] {
    return [...this.#producers.entries()]
  }

  /**
   * Validates record batches, gives them offsets and appends them. Appends get their offsets in the order of the calls. The
   * bytes are changed in place and must not be touched by the caller any more.
   * @throws ProtocolError with the code for the Produce answer; nothing was appended then
   */
  async append(batches: Uint8Array, { origin, requireFlush }: AppendOptions): Promise<AppendResult> {
    // No await before the batch is queued: offsets, sequences and positions are decided in the order of the calls.
    if (this.#failure !== null) throw this.#failure
    if (this.#isClosed) throw new ProtocolError(ErrorCode.NOT_LEADER_OR_FOLLOWER, `${this.#name()} is closed`)
    const nowMs = this.#now()
    const valid = validateAppend(batches, origin, this.#config, nowMs)
    const repeated = this.#checkProducers(valid, origin)
    if (repeated !== null) return await this.#awaitRepeated(repeated, requireFlush)
    const baseOffset = this.#logEndOffset
    const begin = this.#appendPosition(valid, nowMs)
    for (const batch of valid) this.#place(batch, nowMs)
    const bytes = valid.length === 1 ? (valid[0] as ValidBatch).bytes : Buffer.concat(valid.map((batch) => batch.bytes))
    const end = this.#endPosition()
    const isAppendTime = this.#config.messageTimestampType === 'LogAppendTime'
    await this.#write(bytes, begin, end, requireFlush)
    return {
      baseOffset,
      lastOffset: end.offset - 1,
      logAppendTime: isAppendTime ? nowMs : -1,
      logStartOffset: this.#logStartOffset,
    }
  }

  #checkProducers(valid: readonly ValidBatch[], origin: AppendOrigin): ProducedBatch | null {
    for (const { header, marker } of valid) {
      if (header.producerId < 0) continue
      if (origin === 'coordinator') this.#producers.checkInternal(header, marker)
      else {
        const repeated = this.#producers.check(header)
        if (repeated !== null) return repeated
      }
    }
    return null
  }

  /** A repeat may arrive while the original is still being written: it is acknowledged by the same rule. */
  async #awaitRepeated(batch: ProducedBatch, requireFlush: boolean): Promise<AppendResult> {
    const end = this.#endPosition()
    await this.#write(new Uint8Array(0), end, end, requireFlush)
    return {
      baseOffset: batch.lastOffset - batch.offsetDelta,
      lastOffset: batch.lastOffset,
      logAppendTime: batch.timestamp,
      logStartOffset: this.#logStartOffset,
    }
  }

  /** Where the batches go; begins a new segment if they do not fit. */
  #appendPosition(valid: readonly ValidBatch[], nowMs: number): LogPosition {
    const size = valid.reduce((sum, { bytes }) => sum + bytes.length, 0)
    if (size > this.#config.segmentBytes) {
      throw new ProtocolError(
        ErrorCode.RECORD_LIST_TOO_LARGE,
        `the record batches of ${size} bytes are larger than a segment (segment.bytes=${this.#config.segmentBytes})`,
      )
    }
    const lastOffset = valid.reduce((offset, { header }) => offset + header.lastOffsetDelta + 1, this.#logEndOffset) - 1
    const largest = valid.reduce((max, { header }) => Math.max(max, header.maxTimestamp), -1)
    if (this.#mustRoll(size, lastOffset, largest, nowMs)) this.#roll(nowMs)
    return this.#endPosition()
  }

  #mustRoll(size: number, lastOffset: number, maxTimestamp: number, nowMs: number): boolean {
    const { active } = this.#segments
    if (active.size === 0) return false
    const { segmentBytes, segmentIndexBytes } = this.#config
    return (
      active.size + size > segmentBytes ||
      active.isIndexFull(segmentIndexBytes) ||
      lastOffset - active.baseOffset > 2147483647 ||
      this.#isActiveOld(maxTimestamp, nowMs)
    )
  }

  #isActiveOld(maxTimestamp: number, nowMs: number): boolean {
    const { active } = this.#segments
    const { compact, maxCompactionLagMs, segmentMs, segmentJitterMs } = this.#config
    const limit = compact ? Math.min(maxCompactionLagMs, segmentMs) : segmentMs
    const jitter = Math.floor(active.jitter * Math.min(segmentJitterMs, limit))
    const age =
      active.firstTimestamp >= 0 && maxTimestamp >= 0 ? maxTimestamp - active.firstTimestamp : nowMs - active.createdMs
    return age > limit - jitter
  }

  #roll(nowMs: number): void {
    this.#segments.active.seal()
    // The state as of this offset, taken now: batches behind it may change it before the file is written.
    const snapshot = encodeProducerSnapshot(this.#producers)
    this.#inBackground(this.#writeSnapshot(this.#logEndOffset, snapshot))
    this.#segments.push(Segment.create(this.#folder, this.#logEndOffset, nowMs))
    this.#isUntouched = false
  }

  #place({ header, bytes, marker }: ValidBatch, nowMs: number): void {
    const baseOffset = this.#logEndOffset
    this.#isUntouched = false
    stampBatch(bytes, 0, { baseOffset, partitionLeaderEpoch: LEADER_EPOCH })
    const placed: BatchHeader = { ...header, baseOffset, lastOffset: baseOffset + header.lastOffsetDelta }
    const { completed, aborted } = applyToProducers(this.#producers, placed, marker, nowMs)
    if (aborted !== null) this.#segments.active.addTransaction(aborted)
    if (completed !== null) this.#completing.push(completed)
    this.#segments.active.note(placed, this.#config.indexIntervalBytes)
    this.#logEndOffset = placed.lastOffset + 1
    this.#unflushedRecords += header.recordsCount
  }

  #endPosition(): LogPosition {
    const { active } = this.#segments
    return { offset: this.#logEndOffset, segment: active, position: active.size }
  }

  #write(bytes: Uint8Array, begin: LogPosition, end: LogPosition, requireFlush: boolean): Promise<void> {
    const needsFlush = requireFlush || this.#unflushedRecords >= this.#config.flushMessages
    if (needsFlush) this.#unflushedRecords = 0
    else this.#flushLater()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#commit.enqueue({
      bytes,
      begin,
      end,
      needsFlush,
      resolve,
      reject: (error) => reject(storageFailure(`${this.#name()} could not be written`, error)),
    })
    return promise
  }

  #flushLater(): void {
    const { flushMs } = this.#config
    // Longer than a timer can count is as good as never.
    if (flushMs > 2147483647 || this.#flushTimer !== null) return
    this.#flushTimer = setTimeout(() => {
      this.#flushTimer = null
      // A failure has been reported by onFailure.
      this.flush().catch(() => undefined)
    }, flushMs)
    this.#flushTimer.unref()
  }

  #onVisible(end: LogPosition): void {
    if (this.#completing.length > 0) {
      this.#completing = this.#completing.filter(({ lastOffset }) => lastOffset >= end.offset)
    }
    const { active } = this.#segments
    if (active.unwrittenIndexEntries >= INDEX_WRITE_ENTRIES && !this.#isWritingIndexes) {
      this.#isWritingIndexes = true
      this.#inBackground(active.writeIndexes(false).finally(() => (this.#isWritingIndexes = false)))
    }
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` whenever the high watermark moved, until the returned function is called. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Reads whole batches from the one that holds `offset` on, at most `maxBytes`.
   * @throws ProtocolError OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR
   */
  async read(offset: number, maxBytes: number, { minOneBatch, isolation }: ReadOptions): Promise<ReadResult> {
    if (offset < this.#logStartOffset || offset > this.#logEndOffset) {
      throw new ProtocolError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${offset} of ${this.#name()} is not between ${this.#logStartOffset} and ${this.#logEndOffset}`,
      )
    }
    const isCommitted = isolation === 'read_committed'
    const endOffset = isCommitted ? this.lastStableOffset : this.highWatermark
    const empty: ReadResult = { records: new Uint8Array(0), abortedTransactions: isCommitted ? [] : null }
    if (offset >= endOffset) return empty
    const segments = this.#segments.all
    for (let i = this.#segments.floorIndex(offset); i < segments.length; i++) {
      const segment = segments[i] as Segment
      if (segment.baseOffset >= endOffset) break
      const known = this.#positions.get(offset)
      const slice = await this.#reading(() =>
        readSlice(segment, {
          offset,
          endOffset,
          limit: this.#readableEnd(segments, i),
          maxBytes,
          minOneBatch,
          position: known?.segment === segment ? known.position : undefined,
        }),
      )
      // Compaction may have removed all records from `offset` to the end of the segment.
      if (slice === null) continue
      this.#remember(slice.nextOffset, segment, slice.endPosition)
      if (!isCommitted) return { records: slice.bytes, abortedTransactions: null }
      return { records: slice.bytes, abortedTransactions: abortedBetween(segments, i, offset, slice.nextOffset) }
    }
    return empty
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (error instanceof ProtocolError) throw error
      throw storageFailure(`${this.#name()} could not be read`, error)
    }
  }

  /** Bytes of a segment that are written and visible. */
  #readableEnd(segments: readonly Segment[], i: number): number {
    const segment = segments[i] as Segment
    const { visible } = this.#commit
    return visible.segment === segment ? visible.position : segment.baseOffset < visible.offset ? segment.size : 0
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

  /** The first visible record with at least this timestamp (ms); null when there is none. */
  async offsetForTimestamp(
    timestamp: number,
    isolation: ReadOptions['isolation'] = 'read_uncommitted',
  ): Promise<TimestampOffset | null> {
    const end = isolation === 'read_committed' ? this.lastStableOffset : this.highWatermark
    const segments = this.#segments.all
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i] as Segment
      if (segment.baseOffset >= end) break
      const limit = this.#readableEnd(segments, i)
      const found = await this.#reading(() => findByTimestamp(segment, timestamp, this.#logStartOffset, end, limit))
      if (found !== null) return found
    }
    return null
  }

  /** The first of the visible records with the largest timestamp; null when the log is empty. */
  async maxTimestampOffset(): Promise<TimestampOffset | null> {
    for (let max = this.maxTimestamp; max >= 0; ) {
      const found = await this.offsetForTimestamp(max)
      if (found !== null) return found
      // The largest one is not visible yet: take what is.
      max = await this.#visibleMaxTimestamp(max)
    }
    return null
  }

  async #visibleMaxTimestamp(below: number): Promise<number> {
    const segments = this.#segments.all
    let max = -1
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i] as Segment
      const isWhole = this.#readableEnd(segments, i) === segment.size
      const candidate = isWhole ? segment.maxTimestamp : segment.timeIndex.lastTimestamp
      if (candidate < below && candidate > max) max = candidate
    }
    return max
  }

  /** Moves the log start offset forward (DeleteRecords). @throws ProtocolError OFFSET_OUT_OF_RANGE */
  async deleteRecordsBefore(offset: number): Promise<void> {
    const target = offset === -1 ? this.highWatermark : offset
    if (target < 0 || target > this.highWatermark) {
      throw new ProtocolError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${offset} of ${this.#name()} is beyond the high watermark ${this.highWatermark}`,
      )
    }
    if (target <= this.#logStartOffset) return
    this.#logStartOffset = target
    await this.#deps.onStartOffsetChanged?.()
  }

  updateConfig(config: LogConfig): void {
    this.#config = config
  }

  /**
   * Removes segments that retention by time, size or log start offset no longer keeps. Files are renamed to `.deleted` at once
   * and unlinked after `file.delete.delay.ms`. Gives the number of segments removed.
   */
  applyRetention(): Promise<number> {
    return this.maintain(() => this.#applyRetention())
  }

  async #applyRetention(): Promise<number> {
    if (this.#failure !== null || this.#isClosed) return 0
    const nowMs = this.#now()
    const { removable, includesActive } = expiredSegments(this.#segments.all, this.#config, {
      nowMs,
      logStartOffset: this.#logStartOffset,
      highWatermark: this.highWatermark,
      logEndOffset: this.#logEndOffset,
    })
    if (removable.length === 0) return 0
    if (includesActive) {
      this.#roll(nowMs)
      await this.#quiesce()
      // The name of the new segment's file is all that keeps the offsets from starting again at 0.
      const { active } = this.#segments
      await active.flush()
      await syncFolder(this.#folder)
      active.isNew = false
    }
    await this.#quiesce()
    this.#segments.replace(removable, [])
    const first = this.#segments.first.baseOffset
    if (first > this.#logStartOffset) {
      this.#logStartOffset = first
      await this.#deps.onStartOffsetChanged?.()
    }
    await this.#removeFiles(removable)
    await removeSnapshots(this.#folder, (offset) => offset < first)
    return removable.length
  }

  /** Renames the files of segments that are not in the list any more, and unlinks them later. */
  async #removeFiles(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      this.#commit.forget(segment)
      // A reader that has chosen the segment but not opened it yet would not find it any more.
      await segment.handle()
      await segment.changeSuffix(DELETED_SUFFIX)
      const unlink = (): void => {
        this.#deletions.delete(segment)
        this.#inBackground(segment.unlink())
      }
      const timer = setTimeout(unlink, this.#config.fileDeleteDelayMs)
      timer.unref()
      this.#deletions.set(segment, timer)
    }
    for (const [offset, { segment }] of this.#positions) if (segments.includes(segment)) this.#positions.delete(offset)
  }

  /**
   * Puts what the cleaner made of `sources` in their place. Once the new files are called `.swap` the next start finishes what a
   * crash interrupts; before that it takes it back.
   */
  async swapSegments(sources: readonly Segment[], cleaned: Segment): Promise<void> {
    await this.#quiesce()
    await cleaned.changeSuffix(SWAP_SUFFIX)
    await syncFolder(this.#folder)
    this.#segments.replace(sources, [cleaned])
    await this.#removeFiles(sources)
    await cleaned.changeSuffix('')
    await syncFolder(this.#folder)
  }

  /** Runs `work` when no other retention or cleaning of this log is going on. */
  maintain<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#maintenance.then(work)
    this.#maintenance = next.catch(() => undefined)
    return next
  }

  /** Ends the active segment if it holds anything and is due by time, so that it can be cleaned or expire. */
  async rollIfOld(): Promise<void> {
    const nowMs = this.#now()
    if (this.#segments.active.size === 0 || !this.#isActiveOld(-1, nowMs)) return
    this.#roll(nowMs)
    await this.#quiesce()
  }

  /** Waits until nothing is written to segments that have been rolled so far: then they may be renamed. */
  async #quiesce(): Promise<void> {
    await this.#commit.settle(this.#endPosition(), false)
    await Promise.all(this.#background)
  }

  /** Forgets producers that have been silent for long. */
  expireProducers(): void {
    this.#producers.expire(this.#now(), this.#deps.producerIdExpirationMs ?? DEFAULT_PRODUCER_EXPIRATION_MS)
  }

  /** Brings everything appended so far to the disk, and moves the recovery point there. */
  async flush(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const end = this.#endPosition()
    await this.#commit.settle(end, true)
    await Promise.all(this.#background)
    if (this.#failure !== null) throw this.#failure
    this.#recoveryPoint = Math.max(this.#recoveryPoint, end.offset)
  }

  /** Finishes a segment that was rolled: its file and indexes become durable. */
  async #finishSegment(segment: Segment): Promise<void> {
    segment.seal()
    await segment.flush()
    await segment.writeIndexes(true)
  }

  async #writeSnapshot(offset: number, bytes: Uint8Array): Promise<void> {
    await writeFileAtomically(join(this.#folder, offsetName(offset) + SNAPSHOT_SUFFIX), bytes, this.#folder)
    const kept = new Set((await snapshotOffsets(this.#folder)).slice(-2))
    const bases = new Set(this.#segments.all.map(({ baseOffset }) => baseOffset))
    await removeSnapshots(this.#folder, (other) => !kept.has(other) && !bases.has(other))
  }

  #inBackground(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => this.#fail(error)).finally(() => this.#background.delete(guarded))
    this.#background.add(guarded)
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = storageFailure(`${this.#name()} is offline after a disk error`, error)
    this.#logger.error(
      { topic: this.topic, partition: this.partition, folder: this.#folder, err: error },
      'The log cannot be written. It takes no more records until the broker is started again; check the disk',
    )
  }

  #name(): string {
    return `partition ${this.topic}-${this.partition}`
  }

  /** Writes what is pending and closes all files. With a clean end the next start need not check anything. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer)
    await this.#maintenance
    if (this.#failure === null) {
      await this.flush()
      if (!this.#isUntouched) await this.#writeEnd()
    }
    await this.#closeFiles()
  }

  async #writeEnd(): Promise<void> {
    const { active } = this.#segments
    active.seal()
    await active.writeIndexes(true)
    await this.#writeSnapshot(this.#logEndOffset, encodeProducerSnapshot(this.#producers))
  }

  async #closeFiles(): Promise<void> {
    await this.#maintenance
    await this.#commit.idle()
    while (this.#background.size > 0) await Promise.all(this.#background)
    for (const [segment, timer] of this.#deletions) {
      clearTimeout(timer)
      await segment.unlink()
    }
    this.#deletions.clear()
    for (const segment of this.#segments.all) await segment.close()
  }

  /** Ends the log for good: nothing is written any more. The caller renames or removes the folder. */
  async abandon(): Promise<void> {
    this.#isClosed = true
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer)
    await this.#closeFiles()
    for (const listener of this.#listeners) listener()
  }
}

function abortedBetween(
  segments: readonly Segment[],
  first: number,
  from: number,
  to: number,
): { producerId: number; firstOffset: number }[] {
  const aborted: { producerId: number; firstOffset: number }[] = []
  for (const segment of segments.slice(first)) {
    for (const { producerId, firstOffset, lastOffset, lastStableOffset } of segment.transactions) {
      if (lastOffset >= from && firstOffset < to) aborted.push({ producerId, firstOffset })
      // Everything before this offset has been decided by markers up to here.
      if (lastStableOffset >= to) return sorted(aborted)
    }
  }
  return sorted(aborted)
}

function sorted<T extends { firstOffset: number }>(transactions: T[]): T[] {
  return transactions.sort((a, b) => a.firstOffset - b.firstOffset)
}
