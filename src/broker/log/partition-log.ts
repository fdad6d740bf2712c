import { mkdir } from 'node:fs/promises'
import type { Logger } from '../../base/logger.ts'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { type BatchHeader, stampBatch } from '../../protocol/records/index.ts'
import { hasCode, storageFailure } from './errors.ts'
import { SWAP_SUFFIX, syncFolder } from './files.ts'
import { GroupCommit, type LogPosition } from './group-commit.ts'
import { writeLeaderEpochs } from './leader-epoch.ts'
import { loadLog } from './loader.ts'
import type { LogConfig } from './log-config.ts'
import type {
  ActiveProducer,
  AppendOptions,
  AppendResult,
  LogDeps,
  ReadOptions,
  ReadResult,
  TopicPartition,
} from './log-types.ts'
import { isOld, mustRoll } from './roll.ts'
import { SegmentRemovals } from './segment-removals.ts'
import { removeSnapshots, saveSnapshot } from './snapshot-files.ts'
import { LogReader, type LogView } from './log-reader.ts'
import { applyToProducers } from './producer-replay.ts'
import { encodeProducerSnapshot } from './producer-snapshot.ts'
import type { ProducedBatch, ProducerState } from './producer-state.ts'
import { expiredSegments } from './retention.ts'
import { Segment } from './segment.ts'
import { SegmentList } from './segment-list.ts'
import type { TimestampOffset } from './time-lookup.ts'
import { type AppendOrigin, type ValidBatch, validateAppend } from './validate.ts'

/** We are the only replica, so the leader never changes. */
export const LEADER_EPOCH = 0

const DEFAULT_PRODUCER_EXPIRATION_MS = 86400000
/** Errors that pass without a restart: no room, no file handles. A failed flush is not among them (see Segment.flush). */
const REVIVABLE_CODES = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE']
const REVIVE_INTERVAL_MS = 500
/** Index entries that wait for their file; half a page of them. */
const INDEX_WRITE_ENTRIES = 256

/** One partition's log: appends, reads, look-ups, retention. Safe for any number of concurrent callers. */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch = LEADER_EPOCH
  readonly #now: () => number
  readonly #logger: Logger
  readonly #deps: LogDeps
  readonly #reader: LogReader
  #segments: SegmentList
  #producers: ProducerState
  #commit: GroupCommit
  readonly #listeners = new Set<() => void>()
  /** Transactions whose marker is in the log but not visible yet. */
  #completing: { firstOffset: number; lastOffset: number }[] = []
  #folder: string
  #config: LogConfig
  #logStartOffset: number
  #logEndOffset: number
  #recoveryPoint: number
  /** Nothing has to be written at close: the last stop was clean and nothing was appended since. */
  #isUntouched: boolean
  #isWritingIndexes = false
  #failure: ProtocolError | null = null
  #isRevivable = false
  #reviveAfter = 0
  #reviving: Promise<void> | null = null
  #isClosed = false
  #unflushedRecords = 0
  #maintenance: Promise<unknown> = Promise.resolve()
  #flushTimer: NodeJS.Timeout | null = null
  readonly #background = new Set<Promise<void>>()
  readonly #removals = new SegmentRemovals((work) => this.#inBackground(work))

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
    this.#reader = new LogReader(this.#name())
    this.#commit = this.#newCommit()
  }

  #newCommit(): GroupCommit {
    return new GroupCommit(this.#endPosition(), {
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
    const { now = Date.now, logger, recoveryPoint = 0, logStartOffset = 0, isClean = false } = deps
    const { indexIntervalBytes } = config
    const loaded = await loadLog({
      folder,
      indexIntervalBytes,
      nowMs: now(),
      logger,
      recoveryPoint,
      logStartOffset,
      isClean,
    })
    try {
      await loaded.segments.at(-1)?.handle()
      await writeLeaderEpochs(folder, LEADER_EPOCH, loaded.logStartOffset)
    } catch (error) {
      // Nobody else knows of the open files: a creation that is tried again and again would use all of them up.
      await Promise.allSettled(loaded.segments.map((segment) => segment.close()))
      throw error
    }
    return new PartitionLog(folder, topicPartition, config, deps, loaded)
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
    if (this.#failure !== null) await this.#revive(this.#failure)
    if (this.#isClosed) throw this.#closedError()
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
    if (mustRoll(this.#segments.active, this.#config, { size, lastOffset, maxTimestamp: largest, nowMs }))
      this.#roll(nowMs)
    return this.#endPosition()
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
  async read(offset: number, maxBytes: number, { minOneBatch, isolation, allocate }: ReadOptions): Promise<ReadResult> {
    if (offset < this.#logStartOffset || offset > this.#logEndOffset) {
      throw new ProtocolError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `offset ${offset} of ${this.#name()} is not between ${this.#logStartOffset} and ${this.#logEndOffset}`,
      )
    }
    const isCommitted = isolation === 'read_committed'
    const endOffset = isCommitted ? this.lastStableOffset : this.highWatermark
    const result =
      offset >= endOffset
        ? null
        : await this.#reader.read(this.#view(), { offset, endOffset, maxBytes, minOneBatch, allocate })
    if (result === null) return { records: new Uint8Array(0), abortedTransactions: isCommitted ? [] : null }
    return { records: result.records, abortedTransactions: isCommitted ? result.aborted() : null }
  }

  #view(): LogView {
    // A log that is gone must not open its files again.
    if (this.#isClosed) throw this.#closedError()
    return { segments: this.#segments, visible: this.#commit.visible }
  }

  #closedError(): ProtocolError {
    return new ProtocolError(ErrorCode.NOT_LEADER_OR_FOLLOWER, `${this.#name()} is closed`)
  }

  /** The first visible record with at least this timestamp (ms); null when there is none. */
  async offsetForTimestamp(
    timestamp: number,
    isolation: ReadOptions['isolation'] = 'read_uncommitted',
  ): Promise<TimestampOffset | null> {
    const end = isolation === 'read_committed' ? this.lastStableOffset : this.highWatermark
    return await this.#reader.findTimestamp(this.#view(), timestamp, this.#logStartOffset, end)
  }

  /** The first of the visible records with the largest timestamp; null when the log is empty. */
  async maxTimestampOffset(): Promise<TimestampOffset | null> {
    const { maxTimestamp } = this
    if (maxTimestamp < 0) return null
    const found = await this.offsetForTimestamp(maxTimestamp)
    if (found !== null) return found
    // The one that the indexes know lies before the log start or is not visible yet.
    return await this.#reader.findMaxTimestamp(this.#view(), this.#logStartOffset, this.highWatermark)
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
      await this.#removals.remove(segment, this.#config.fileDeleteDelayMs)
    }
    this.#reader.forget(segments)
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
    const { active } = this.#segments
    if (active.size === 0 || !isOld(active, this.#config, -1, nowMs)) return
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
    segment.shelve()
  }

  async #writeSnapshot(offset: number, bytes: Uint8Array): Promise<void> {
    await saveSnapshot(this.#folder, offset, bytes)
    const bases = new Set(this.#segments.all.map(({ baseOffset }) => baseOffset))
    await removeSnapshots(this.#folder, (other, kept) => !kept.has(other) && !bases.has(other))
  }

  #inBackground(work: Promise<void>): void {
    const guarded = work.catch((error: unknown) => this.#fail(error)).finally(() => this.#background.delete(guarded))
    this.#background.add(guarded)
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = storageFailure(`${this.#name()} is offline after a disk error`, error)
    this.#isRevivable = REVIVABLE_CODES.some((code) => hasCode(error, code))
    this.#reviveAfter = performance.now() + REVIVE_INTERVAL_MS
    const advice = this.#isRevivable
      ? 'It takes records again when there is room'
      : 'It takes no more records until the broker is started again; check the disk'
    this.#logger.error(
      { topic: this.topic, partition: this.partition, folder: this.#folder, err: error },
      `The log cannot be written. ${advice}`,
    )
  }

  /** Opens the log anew after an error that can pass, such as a full disk. @throws `failure` as long as it has not passed */
  async #revive(failure: ProtocolError): Promise<void> {
    if (this.#reviving === null) {
      if (!this.#isRevivable || performance.now() < this.#reviveAfter) throw failure
      this.#reviving = this.maintain(() => this.#reload()).finally(() => (this.#reviving = null))
    }
    await this.#reviving
  }

  /** What was assigned but not written is forgotten: the state becomes that of the files again. */
  async #reload(): Promise<void> {
    await this.#commit.idle()
    await Promise.all(this.#background)
    const old = this.#segments.all
    const visible = this.highWatermark
    this.#reviveAfter = performance.now() + REVIVE_INTERVAL_MS
    try {
      const loaded = await loadLog({
        folder: this.#folder,
        indexIntervalBytes: this.#config.indexIntervalBytes,
        nowMs: this.#now(),
        logger: this.#logger,
        recoveryPoint: this.#recoveryPoint,
        logStartOffset: this.#logStartOffset,
        isClean: false,
      })
      if (loaded.endOffset < visible)
        throw new Error(`it ends at offset ${loaded.endOffset}, but ${visible} was readable`)
      this.#segments = new SegmentList(loaded.segments)
      this.#producers = loaded.producers
      this.#logEndOffset = loaded.endOffset
      this.#completing = []
      this.#commit = this.#newCommit()
      this.#failure = null
    } catch (error) {
      throw storageFailure(`${this.#name()} could not be opened again`, error)
    }
    for (const segment of old) await segment.close()
    this.#reader.forget(old)
    this.#logger.info({ topic: this.topic, partition: this.partition }, 'The log takes records again')
    for (const listener of this.#listeners) listener()
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
    await this.#removals.finish()
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
