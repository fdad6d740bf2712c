import type { SinkRecord, TopicPartition } from '../../connect/index.ts'
import { ConnectError } from '../../connect/index.ts'
import { recordOrigin } from '../pipeline/record-origin.ts'
import type { RecordConverters } from '../pipeline/record-converters.ts'
import { partitionKey } from '../../client/index.ts'
import type { ErrorHandler } from './error-handler.ts'
import type { DeadLetter, FailedRecord } from './failed-record.ts'
import { StageError } from './stage-error.ts'

const SINK_TASK_CLASS = 'org.apache.kafka.connect.sink.SinkTask'

/**
 * What a sink task may report records to that it cannot store (KIP-610). Reports go on while the task goes on; they are
 * awaited before the partition's offset is committed.
 */
export class ErrantRecords {
  readonly #errors: ErrorHandler
  readonly #converters: RecordConverters
  readonly #pending = new Map<string, Set<Promise<void>>>()
  #intolerable: unknown = null

  constructor(errors: ErrorHandler, converters: RecordConverters) {
    this.#errors = errors
    this.#converters = converters
  }

  /**
   * Rejects when the connector tolerates no errors, which fails the task even if nobody looks, and when the dead letter
   * could not be stored.
   */
  report(record: SinkRecord, error: unknown): Promise<void> {
    const failed = recordOrigin(record) ?? new ChangedRecord(record, this.#converters)
    let reported: Promise<void>
    try {
      reported = this.#errors.failed(new StageError('TASK_PUT', SINK_TASK_CLASS, error), failed)
    } catch (intolerable) {
      this.#intolerable ??= intolerable
      reported = Promise.reject(intolerable instanceof Error ? intolerable : new ConnectError(String(intolerable)))
      reported.catch(() => {})
      return reported
    }
    this.#track(failed, reported)
    return reported
  }

  #track({ topic, partition }: FailedRecord, reported: Promise<void>): void {
    const key = partitionKey(topic, partition ?? 0)
    const pending = this.#pending.get(key) ?? new Set()
    this.#pending.set(key, pending.add(reported))
    // One that failed stays, so that the commit learns of it.
    reported.then(
      () => pending.delete(reported),
      () => {},
    )
  }

  /** Throws when a record was reported that the connector's `errors.tolerance` does not let pass. */
  throwIfIntolerable(): void {
    if (this.#intolerable !== null) throw this.#intolerable
  }

  /** Resolves when all reports for these partitions are stored. @throws ConnectError when one could not be, from then on */
  async settled(partitions: readonly TopicPartition[]): Promise<void> {
    try {
      for (const { topic, partition } of partitions) {
        const key = partitionKey(topic, partition)
        const pending = this.#pending.get(key)
        if (pending === undefined) continue
        await Promise.all(pending)
        if (pending.size === 0) this.#pending.delete(key)
      }
    } catch (error) {
      throw new ConnectError(
        `A record that the task reported could not be stored as a dead letter: ${(error as Error).message}`,
        { cause: error },
      )
    }
  }

  /** Forgets the reports for partitions that others have now. */
  forget(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#pending.delete(partitionKey(topic, partition))
  }
}

/** A record that the task made itself: converted, since there are no original bytes. */
class ChangedRecord implements FailedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly #record: SinkRecord
  readonly #converters: RecordConverters

  constructor(record: SinkRecord, converters: RecordConverters) {
    this.topic = record.topic
    this.partition = record.kafkaPartition
    this.offset = record.kafkaOffset
    this.#record = record
    this.#converters = converters
  }

  get description(): string {
    return `where consumed record is {topic='${this.topic}', partition=${this.partition}, offset=${this.offset}}`
  }

  letter(): DeadLetter {
    const { topic, keySchema, key, valueSchema, value, headers = [], timestamp } = this.#record
    const converters = this.#converters
    return {
      key: converters.key.fromConnectData(topic, keySchema ?? null, key ?? null),
      value: converters.value.fromConnectData(topic, valueSchema ?? null, value ?? null),
      headers: headers.map((header) => ({
        key: header.key,
        value: converters.header.fromConnectHeader(topic, header.key, header.schema, header.value),
      })),
      timestamp: timestamp ?? null,
    }
  }
}
