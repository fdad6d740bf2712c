import { type Schema, type SinkBatch, type SinkRecord, sameSchema } from 'millrace/connect'
import { encodeFields, TimePartitions } from '../partition/partitioner.ts'
import { checkedTimestamp, recordTime } from '../partition/timestamps.ts'
import { objectKey, type Settings } from '../settings.ts'
import { CommitQueue, type CommitResult } from './commit-queue.ts'
import { ObjectWriter, type ObjectWriterDeps } from './object-writer.ts'
import { schemaOfBatch } from './value-format.ts'

export interface PartitionWriterDeps extends ObjectWriterDeps {
  readonly settings: Settings
}

/**
 * Fills and rotates the objects of one topic partition. All that are open are committed together; only what lies before
 * them counts as committed, so that after a restart or a failure the same objects come about again.
 */
export class PartitionWriter {
  readonly topic: string
  readonly partition: number
  readonly commits: CommitQueue
  readonly #deps: PartitionWriterDeps
  readonly #settings: Settings
  /** By encoded partition, with the topic before it where a transform has renamed that. */
  readonly #open = new Map<string, ObjectWriter>()
  readonly #times: TimePartitions | null
  readonly #kafkaPartition: string
  /** Records in the open objects. */
  #count = 0
  #lastOffset = -1
  #lastEncoded = ''
  /** Time of the first record since the last commit, with time-based partitioners. */
  #baseTime: number | null = null
  #nextScheduled = Infinity

  constructor(deps: PartitionWriterDeps, topic: string, partition: number, nowMs: number) {
    this.#deps = deps
    this.#settings = deps.settings
    this.topic = topic
    this.partition = partition
    this.#kafkaPartition = `partition=${partition}`
    const { partitionBy, rotation } = deps.settings
    this.#times =
      partitionBy.kind === 'time'
        ? new TimePartitions(partitionBy.zone, partitionBy.durationMs, partitionBy.format)
        : null
    // Where files end by the clock, a repeated attempt may cut them differently: then only one commit at a time.
    const isRepeatable = rotation.scheduleMs === 0 && !this.#isWallclock
    this.commits = new CommitQueue(deps.inFlight, isRepeatable)
    this.#schedule(nowMs)
  }

  get #isWallclock(): boolean {
    const { partitionBy } = this.#settings
    return partitionBy.kind === 'time' && partitionBy.extractor === 'Wallclock'
  }

  /** True when `appendBatch` may be used: nothing needs to look into the values. */
  get takesBatches(): boolean {
    const { partitionBy } = this.#settings
    return partitionBy.kind === 'kafka' || (partitionBy.kind === 'time' && partitionBy.extractor !== 'RecordField')
  }

  /** Offset of the record that was appended last; −1 before the first. */
  get lastOffset(): number {
    return this.#lastOffset
  }

  /** Appends a record whose value is not null. Throws `DataError` for one that cannot be written. */
  append(record: SinkRecord, nowMs: number): void {
    const schema = record.valueSchema ?? null
    const { partitionBy, layout } = this.#settings
    let encoded = this.#kafkaPartition
    let time = 0
    if (partitionBy.kind === 'time') {
      time = recordTime(record, partitionBy.extractor, partitionBy.field, nowMs)
      encoded = this.#encodeTime(time)
    } else if (partitionBy.kind === 'field') {
      encoded = encodeFields(record, partitionBy.fields, layout.directoryDelimiter)
    }
    // A transform may have renamed the topic: offsets stay those of the original, keys follow the name.
    const place = record.topic === this.topic ? encoded : `${record.topic}\0${encoded}`
    this.#rotateBefore(place, encoded, time, schema, nowMs)
    const isNew = !this.#open.has(place)
    const offset = record.originalKafkaOffset
    const object = this.#objectFor(place, record.topic, encoded, offset, schema)
    try {
      object.append(record)
    } catch (error) {
      // A record that is skipped must leave no trace, not even an empty object that is named after it.
      if (isNew) {
        this.#open.delete(place)
        void object.abort()
      }
      throw error
    }
    this.#appended(encoded, time, 1, offset)
  }

  /** Appends records `from` to `to` (exclusive) of a batch, none of which has a null value. */
  appendBatch(batch: SinkBatch, from: number, to: number, nowMs: number): void {
    const schema = schemaOfBatch(batch)
    for (let i = from; i < to; ) {
      const offset = batch.offsets[i] as number
      const time = this.#times === null ? 0 : this.#timeInBatch(batch, i, nowMs)
      const encoded = this.#times === null ? this.#kafkaPartition : this.#encodeTime(time)
      this.#rotateBefore(encoded, encoded, time, schema, nowMs)
      const object = this.#objectFor(encoded, this.topic, encoded, offset, schema)
      if (this.#baseTime === null) this.#baseTime = time
      let end = Math.min(to, i + this.#settings.rotation.flushSize - this.#count)
      if (this.#times !== null && !this.#isWallclock) end = this.#endOfTime(batch, i, end, this.#times)
      object.appendBatch(batch, i, end)
      this.#appended(encoded, time, end - i, batch.offsets[end - 1] as number)
      i = end
    }
  }

  /** Commits the open objects when their time has come although no record arrives. */
  tick(nowMs: number): void {
    if (this.#count === 0 || nowMs < this.#nextScheduled) return
    this.#rotate(nowMs)
  }

  /** True when a part or a commit failed: then `recover`. */
  get hasFailed(): boolean {
    if (this.commits.isHalted) return true
    for (const object of this.#open.values()) if (object.failure !== null) return true
    return false
  }

  /** Milliseconds until the next scheduled rotation; null when none is due. */
  msToSchedule(nowMs: number): number | null {
    return this.#count === 0 || this.#nextScheduled === Infinity ? null : Math.max(0, this.#nextScheduled - nowMs)
  }

  /**
   * Drops everything that is not stored, once what is under way has ended, and tells why the oldest of it is not
   * stored and where to read again. Afterwards this writer is of no more use.
   */
  async discard(): Promise<{ readonly result: CommitResult; readonly offset: number }> {
    const open = [...this.#open.values()]
    this.#open.clear()
    await this.commits.settle()
    await Promise.all(open.map((object) => object.abort()))
    const offset = this.commits.firstUncommitted() ?? Math.min(Infinity, ...open.map((object) => object.startOffset))
    const error = open.find((object) => object.failure !== null)?.failure
    return { result: this.commits.firstResult() ?? { kind: 'failed', error }, offset }
  }

  #encodeTime(time: number): string {
    return (this.#times as TimePartitions).encode(time)
  }

  #timeInBatch(batch: SinkBatch, i: number, nowMs: number): number {
    if (this.#isWallclock) return nowMs
    return checkedTimestamp(batch.timestamps[i] as number, batch.topic, batch.partition, batch.offsets[i] as number)
  }

  /** How many records from `i` on are surely in the same time partition, and too early to rotate. */
  #endOfTime(batch: SinkBatch, i: number, to: number, times: TimePartitions): number {
    const { intervalMs } = this.#settings.rotation
    const until =
      intervalMs === 0 ? times.validUntil : Math.min(times.validUntil, (this.#baseTime as number) + intervalMs)
    const from = times.validFrom
    const { timestamps } = batch
    let end = i + 1
    while (end < to && (timestamps[end] as number) >= from && (timestamps[end] as number) < until) end++
    return end
  }

  /** Commits the open objects if this record must not join them. */
  #rotateBefore(place: string, encoded: string, time: number, schema: Schema | null, nowMs: number): void {
    if (this.#count > 0 && this.#mustRotate(place, encoded, time, schema, nowMs)) this.#rotate(nowMs)
  }

  #mustRotate(place: string, encoded: string, time: number, schema: Schema | null, nowMs: number): boolean {
    const { intervalMs, onPartitionChange, maxOpenFiles } = this.#settings.rotation
    if (nowMs >= this.#nextScheduled) return true
    if (this.#times !== null && intervalMs > 0) {
      if (time - (this.#baseTime as number) >= intervalMs) return true
      if (onPartitionChange && encoded !== this.#lastEncoded) return true
    }
    const object = this.#open.get(place)
    if (object === undefined) return this.#open.size >= maxOpenFiles
    return !sameSchema(object.schema, schema)
  }

  #objectFor(place: string, topic: string, encoded: string, offset: number, schema: Schema | null): ObjectWriter {
    let object = this.#open.get(place)
    if (object === undefined) {
      const { layout } = this.#settings
      const keyAt = (start: number): string => objectKey(layout, topic, this.partition, encoded, start)
      object = new ObjectWriter(this.#deps, keyAt, offset, schema)
      this.#open.set(place, object)
    }
    return object
  }

  #appended(encoded: string, time: number, count: number, lastOffset: number): void {
    this.#baseTime ??= time
    this.#lastEncoded = encoded
    this.#lastOffset = lastOffset
    this.#count += count
    if (this.#count >= this.#settings.rotation.flushSize) this.#commit()
  }

  #rotate(nowMs: number): void {
    this.#commit()
    if (nowMs >= this.#nextScheduled) this.#schedule(nowMs)
  }

  #commit(): void {
    const objects = [...this.#open.values()]
    this.#open.clear()
    this.commits.add(objects, this.#lastOffset + 1)
    this.#reset()
  }

  #reset(): void {
    this.#count = 0
    this.#baseTime = null
  }

  #schedule(nowMs: number): void {
    const { scheduleMs, scheduleZone } = this.#settings.rotation
    if (scheduleMs > 0 && scheduleZone !== null) this.#nextScheduled = scheduleZone.nextAligned(nowMs, scheduleMs)
  }
}
