import {
  isRowBatch,
  type RowBatch,
  rowRecord,
  type SourceBatch,
  type SourceOffset,
  type SourcePartition,
  type SourceRecord,
} from '../../connect/index.ts'
import type { ErrorHandler } from '../errors/error-handler.ts'
import { FailedRow, FailedSourceRecord } from '../errors/source-records.ts'
import type { StageError } from '../errors/stage-error.ts'
import type { RecordBatcher } from '../pipeline/record-batcher.ts'
import { RowBatchWriter } from '../pipeline/row-writer.ts'
import type { CompiledRows, OutgoingRecord, SourcePipeline } from '../pipeline/source-pipeline.ts'
import type { SettledRecords } from './settled-records.ts'
import type { SourceOutput } from './source-output.ts'
import { partitionKey, type Submission, type SubmittedRecords } from './submitted-records.ts'
import type { Turn } from './turn.ts'

/** How often is looked whether a task's turn is over while records are converted. */
const RECORDS_PER_LOOK = 256

export interface SourceDeliveryDeps {
  readonly pipeline: SourcePipeline
  readonly output: SourceOutput
  readonly batcher: RecordBatcher
  readonly errors: ErrorHandler
  readonly submitted: SubmittedRecords
  readonly turn: Turn
  /** Null when the task does not want to know what becomes of single records. */
  readonly settled: SettledRecords | null
}

/** Brings what a poll gave to the producer: rows straight into record batches where that is possible, else record by record. */
export class SourceDelivery {
  readonly #deps: SourceDeliveryDeps
  readonly #rows: RowBatchWriter

  constructor(deps: SourceDeliveryDeps) {
    this.#deps = deps
    this.#rows = new RowBatchWriter(deps.batcher, deps.pipeline)
  }

  /** Resolves when everything is with the producer. @throws what the task fails with */
  async deliver(batch: SourceBatch): Promise<void> {
    if (isRowBatch(batch)) await this.#deliverRows(batch)
    else await this.#deliverRecords(batch)
  }

  async #deliverRows(batch: RowBatch): Promise<void> {
    const { pipeline, output, submitted, turn, settled } = this.#deps
    // A task that wants to know what becomes of its records needs them one by one.
    const compiled = settled === null ? pipeline.compile(batch.plan) : null
    const submission = submitted.open(batch.sourcePartition)
    if (compiled === 'dropped') {
      submission.seal(batch.sourceOffset)
      return
    }
    if (compiled === null) {
      for (let row = 0; row < batch.rows; row++) {
        const record = rowRecord(batch, row)
        const outcome = this.#deliverRecord(record, submission, settled !== null)
        if (!(typeof outcome === 'boolean' ? outcome : await outcome)) settled?.dropped(record)
        if (row % RECORDS_PER_LOOK === RECORDS_PER_LOOK - 1 && turn.isOver) await turn.next()
      }
      submission.seal(batch.sourceOffset)
      return
    }
    const partitions = output.knownPartitions(compiled.topic) ?? (await this.#lookUp(compiled.topic))
    const now = Date.now()
    let next = 0
    while (next < batch.rows) {
      const written = this.#rows.write(batch, compiled, next, partitions, submission, now)
      next = written.next
      if (written.fault === null) break
      await this.#retryRow(batch, compiled, next, partitions, submission, written.fault)
      next++
    }
    submission.seal(batch.sourceOffset)
  }

  /** A row that could not be written: once more if that may help, else it is skipped, or the task fails. */
  async #retryRow(
    batch: RowBatch,
    compiled: CompiledRows,
    row: number,
    partitions: number,
    submission: Submission,
    fault: StageError,
  ): Promise<void> {
    const { errors, pipeline } = this.#deps
    const single = { ...batch, rows: row + 1 }
    const attempt = (): true => {
      const { fault: again } = this.#rows.write(single, compiled, row, partitions, submission, Date.now())
      if (again !== null) throw again
      return true
    }
    await errors.recover(fault, attempt, new FailedRow(batch, row, pipeline.converters))
  }

  async #deliverRecords(records: readonly SourceRecord[]): Promise<void> {
    const { submitted, turn, settled } = this.#deps
    const batches = new Map<string, { submission: Submission; offset: SourceOffset | null }>()
    let lastPartition: SourcePartition | null = null
    let current: { submission: Submission; offset: SourceOffset | null } | undefined
    try {
      for (let i = 0; i < records.length; i++) {
        const record = records[i] as SourceRecord
        if (current === undefined || record.sourcePartition !== lastPartition) {
          lastPartition = record.sourcePartition
          const key = partitionKey(lastPartition)
          current = batches.get(key)
          if (current === undefined) {
            current = { submission: submitted.open(lastPartition), offset: null }
            batches.set(key, current)
          }
        }
        const outcome = this.#deliverRecord(record, current.submission, settled !== null)
        if (typeof outcome === 'boolean' ? outcome : await outcome) current.offset = record.sourceOffset
        else settled?.dropped(record)
        if (i % RECORDS_PER_LOOK === RECORDS_PER_LOOK - 1 && turn.isOver) await turn.next()
      }
    } finally {
      // A dropped record's own offset is not recorded: a later one moves past it. When one fails the task, those before it
      // are on their way all the same, and must not come again with the next start.
      for (const { submission, offset } of batches.values()) submission.seal(offset)
    }
  }

  /** True when the record goes to Kafka, false when it was dropped or skipped. A promise only if there is a reason to wait. */
  #deliverRecord(record: SourceRecord, submission: Submission, isTracked: boolean): boolean | Promise<boolean> {
    const { pipeline, output, batcher } = this.#deps
    let outgoing: OutgoingRecord | null
    try {
      outgoing = pipeline.convert(record, Date.now())
    } catch (error) {
      return this.#deliverFaulty(record, submission, isTracked, error)
    }
    if (outgoing === null) return false
    const partitions = output.knownPartitions(outgoing.topic)
    if (partitions === undefined) return this.#deliverToNewTopic(outgoing, submission, isTracked ? record : undefined)
    batcher.append(outgoing, partitions, submission, isTracked ? record : undefined)
    return true
  }

  async #deliverFaulty(
    record: SourceRecord,
    submission: Submission,
    isTracked: boolean,
    error: unknown,
  ): Promise<boolean> {
    const { pipeline, errors } = this.#deps
    const attempt = (): OutgoingRecord | null => pipeline.convert(record, Date.now())
    const failed = new FailedSourceRecord(record, pipeline.converters)
    const outgoing = await errors.recover(error, attempt, failed)
    return outgoing === null ? false : this.#deliverToNewTopic(outgoing, submission, isTracked ? record : undefined)
  }

  async #deliverToNewTopic(outgoing: OutgoingRecord, submission: Submission, tracked?: SourceRecord): Promise<boolean> {
    const partitions = await this.#lookUp(outgoing.topic)
    this.#deps.batcher.append(outgoing, partitions, submission, tracked)
    return true
  }

  /** A topic's number of partitions; also learns how large its batches may be. */
  async #lookUp(topic: string): Promise<number> {
    const { output, batcher } = this.#deps
    const partitions = await output.partitions(topic)
    const maxBytes = output.maxMessageBytes(topic)
    if (maxBytes !== null) batcher.limit(topic, maxBytes)
    return partitions
  }
}
