import type { RowBatch } from '../../connect/index.ts'
import { StageError } from '../errors/stage-error.ts'
import type { Submission } from '../tasks/submitted-records.ts'
import { headersSize, type OpenBatch, type RecordBatcher } from './record-batcher.ts'
import { ScratchSink } from './scratch-sink.ts'
import type { CompiledRows, SourcePipeline } from './source-pipeline.ts'

export interface RowsWritten {
  /** The first row that was not written: the number of rows when all were. */
  readonly next: number
  /** Why row `next` could not be written; null when all were. */
  readonly fault: StageError | null
}

/**
 * Writes the rows of a batch straight into record batches. Nothing is made per row, except that a keyed row's partition
 * is worked out. Guarded by bench/pipelines.
 */
export class RowBatchWriter {
  readonly #batcher: RecordBatcher
  readonly #pipeline: SourcePipeline
  readonly #scratch = new ScratchSink()

  constructor(batcher: RecordBatcher, pipeline: SourcePipeline) {
    this.#batcher = batcher
    this.#pipeline = pipeline
  }

  /**
   * Writes from row `from` on, until the end or the first row that fails. `partitions` is how many the topic has; `now`
   * is the timestamp of rows whose plan has none. What was written is credited to `submission`.
   */
  write(
    batch: RowBatch,
    compiled: CompiledRows,
    from: number,
    partitions: number,
    submission: Submission,
    now: number,
  ): RowsWritten {
    return compiled.writeKey === null || compiled.partition !== null
      ? this.#writeToOne(batch, compiled, from, partitions, submission, now)
      : this.#writeByKey(batch, compiled, from, partitions, submission, now)
  }

  /** Rows that all go to the same partition: the sticky one, that of a constant key, or a fixed one. */
  #writeToOne(
    batch: RowBatch,
    compiled: CompiledRows,
    from: number,
    partitions: number,
    submission: Submission,
    now: number,
  ): RowsWritten {
    const { topic, writeKey, writeValue, constantKey, partition, headers } = compiled
    const timestamp = compiled.timestamp ?? now
    const { targetBytes: target, largestBytes } = this.#batcher.limits(topic)
    // Headers follow the value, where it is too late to begin another batch.
    const largest = largestBytes - headersSize(headers)
    const scratch = this.#scratch
    let open = this.#batcher.batchFor(topic, partitions, partition, constantKey)
    let { builder } = open
    let out = builder.out
    let credited = from
    let row = from
    let isKey = false
    try {
      for (; row < batch.rows; row++) {
        let key = constantKey
        if (writeKey !== null) {
          isKey = true
          scratch.position = 0
          writeKey(scratch, batch, row)
          key = scratch.written()
          isKey = false
        }
        builder.beginRecord(timestamp, key)
        writeValue(out, batch, row)
        if (out.position < target) {
          builder.endRecord(headers)
          continue
        }
        if (out.position > largest && builder.count > 0) {
          // Too large together with what is there already: once more, into a batch of its own.
          builder.cancelRecord()
          this.#finish(open, submission, row - credited)
          credited = row
          row--
        } else {
          builder.endRecord(headers)
          this.#finish(open, submission, row + 1 - credited)
          credited = row + 1
        }
        open = this.#batcher.batchFor(topic, partitions, partition, constantKey)
        builder = open.builder
        out = builder.out
      }
    } catch (error) {
      if (!isKey) builder.cancelRecord()
      if (row > credited) open.credit(submission, row - credited)
      return { next: row, fault: this.#fault(error, isKey) }
    }
    if (row > credited) open.credit(submission, row - credited)
    return { next: row, fault: null }
  }

  #writeByKey(
    batch: RowBatch,
    compiled: CompiledRows,
    from: number,
    partitions: number,
    submission: Submission,
    now: number,
  ): RowsWritten {
    const { topic, writeValue, headers } = compiled
    const writeKey = compiled.writeKey as NonNullable<CompiledRows['writeKey']>
    const timestamp = compiled.timestamp ?? now
    const { targetBytes: target, largestBytes } = this.#batcher.limits(topic)
    // Headers follow the value, where it is too late to begin another batch.
    const largest = largestBytes - headersSize(headers)
    const scratch = this.#scratch
    let open: OpenBatch | null = null
    let isKey = true
    let row = from
    try {
      for (; row < batch.rows; row++) {
        isKey = true
        scratch.position = 0
        writeKey(scratch, batch, row)
        isKey = false
        const key = scratch.written()
        open = this.#batcher.batchFor(topic, partitions, null, key)
        let { builder } = open
        builder.beginRecord(timestamp, key)
        writeValue(builder.out, batch, row)
        if (builder.out.position > largest && builder.count > 0) {
          builder.cancelRecord()
          this.#batcher.seal(open)
          open = this.#batcher.batchFor(topic, partitions, null, key)
          builder = open.builder
          builder.beginRecord(timestamp, key)
          writeValue(builder.out, batch, row)
        }
        builder.endRecord(headers)
        open.credit(submission, 1)
        if (builder.out.position >= target) this.#batcher.seal(open)
      }
    } catch (error) {
      if (!isKey) open?.builder.cancelRecord()
      return { next: row, fault: this.#fault(error, isKey) }
    }
    return { next: row, fault: null }
  }

  #finish(open: OpenBatch, submission: Submission, rows: number): void {
    if (rows > 0) open.credit(submission, rows)
    this.#batcher.seal(open)
  }

  #fault(error: unknown, isKey: boolean): StageError {
    const { keyClass, valueClass } = this.#pipeline.converters
    return isKey
      ? new StageError('KEY_CONVERTER', keyClass, error)
      : new StageError('VALUE_CONVERTER', valueClass, error)
  }
}
