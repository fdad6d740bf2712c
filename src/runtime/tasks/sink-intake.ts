import type { FetchedColumns, FetchedRecords } from '../../client/consumer/fetched-records.ts'
import type { SinkRecord } from '../../connect/index.ts'
import { ConsumedRecord } from '../errors/consumed-record.ts'
import type { ErrorHandler } from '../errors/error-handler.ts'
import type { RawBatch, SinkPipeline } from '../pipeline/sink-pipeline.ts'
import type { SinkDeliveries } from './sink-deliveries.ts'

export interface SinkIntakeParts {
  readonly pipeline: SinkPipeline
  readonly deliveries: SinkDeliveries
  readonly errors: ErrorHandler
  /** Bytes go to the task as they lie in Kafka, as far as the converter allows it. */
  readonly takesBatches: boolean
}

/** Makes deliveries of what a sink task's consumer has fetched: bytes as they are, or records that are converted. */
export class SinkIntake {
  readonly #parts: SinkIntakeParts

  constructor(parts: SinkIntakeParts) {
    this.#parts = parts
  }

  get takesBatches(): boolean {
    return this.#parts.takesBatches
  }

  /**
   * Adds one wire batch. A record that is dropped or skipped counts as reached all the same. Rejects with what ends the task,
   * when an error is not tolerated.
   * @returns what the task is given as bytes; null when it is given records
   */
  async add(fetched: FetchedRecords, columns: FetchedColumns): Promise<RawBatch | null> {
    const { pipeline, deliveries, takesBatches } = this.#parts
    const { topic, partition } = fetched
    const { count, offsets } = columns.columns
    const reach = (i: number): void => deliveries.reach({ topic, partition, offset: (offsets[i] as number) + 1 })
    if (takesBatches) {
      const batch = pipeline.rawBatch(fetched, columns)
      if (batch !== null) {
        deliveries.addBatch(batch, { topic, partition, offset: (offsets[count - 1] as number) + 1 })
        return batch
      }
    }
    for (let i = columns.from; i < count; i++) {
      const made = this.#record(fetched, columns, i)
      const record = made instanceof Promise ? await made : made
      if (record !== null && deliveries.addRecord(record)) reach(i)
    }
    reach(count - 1)
    return null
  }

  #record(
    fetched: FetchedRecords,
    { columns }: FetchedColumns,
    i: number,
  ): SinkRecord | null | Promise<SinkRecord | null> {
    const { pipeline, errors } = this.#parts
    try {
      return pipeline.toRecord(fetched, columns, i)
    } catch (error) {
      const failed = new ConsumedRecord(fetched.topic, fetched.partition, columns, i)
      return errors.recover(error, () => pipeline.toRecord(fetched, columns, i), failed)
    }
  }
}
