import type { FetchedColumns, FetchedRecords } from '../../client/consumer/fetched-records.ts'
import type { Header, SchemaAndValue, SinkBatch, SinkRecord } from '../../connect/index.ts'
import type { RecordColumns } from '../../protocol/records/index.ts'
import { StageError } from '../errors/stage-error.ts'
import { withOrigin } from './record-origin.ts'
import type { RecordConverters } from './record-converters.ts'
import type { TransformChain } from './transform-chain.ts'

type TopicPartitionOf = Pick<FetchedRecords, 'topic' | 'partition'>

/** Bytes for a sink task, and whether anything but them was made of the batch. */
export interface RawBatch extends SinkBatch {
  /** Whether records were made of it: their keys and values may be views of the bytes. */
  readonly hasMadeRecords: boolean
}

/** What happens to records between Kafka and `put`: key, value and headers from bytes, then transforms. */
export class SinkPipeline {
  readonly #chain: TransformChain
  readonly #converters: RecordConverters

  readonly #keepsOrigin: boolean

  /** @param keepsOrigin whether records know the bytes that they were made of, for tasks that may report them */
  constructor(chain: TransformChain, converters: RecordConverters, keepsOrigin = false) {
    this.#chain = chain
    this.#converters = converters
    this.#keepsOrigin = keepsOrigin
  }

  /** True when batches may go to the task as bytes, each checked by {@link rawBatch}. */
  get mayBeRaw(): boolean {
    return this.#chain.isEmpty && (this.#converters.value.raw ?? null) !== null
  }

  /**
   * The records of a batch as bytes; null when one of them is not what the converters store, so that the batch has to go the
   * ordinary way, where it is converted or found faulty.
   */
  rawBatch(fetched: TopicPartitionOf, { columns, from }: FetchedColumns): RawBatch | null {
    const raw = this.#converters.value.raw ?? null
    if (raw === null || !this.#acceptsKeys(columns, from)) return null
    const { bytes, valueStarts, valueEnds, count } = columns
    for (let i = from; i < count; i++) {
      const start = valueStarts[i] as number
      if (start !== -1 && !raw.accepts(bytes, start, valueEnds[i] as number)) return null
    }
    const { topic, partition } = fetched
    let hasMadeRecords = false
    return {
      topic,
      partition,
      count: count - from,
      offsets: columns.offsets.subarray(from),
      timestamps: columns.timestamps.subarray(from),
      bytes,
      keyStarts: columns.keyStarts.subarray(from),
      keyEnds: columns.keyEnds.subarray(from),
      valueStarts: valueStarts.subarray(from),
      valueEnds: valueEnds.subarray(from),
      valueFormat: raw.format,
      get hasMadeRecords() {
        return hasMadeRecords
      },
      records: () => {
        hasMadeRecords = true
        const records: SinkRecord[] = []
        for (let i = from; i < count; i++) {
          const record = this.toRecord(fetched, columns, i)
          if (record !== null) records.push(record)
        }
        return records
      },
    }
  }

  #acceptsKeys(columns: RecordColumns, from: number): boolean {
    const { bytes, keyStarts, keyEnds, count } = columns
    const raw = this.#converters.key.raw ?? null
    for (let i = from; i < count; i++) {
      const start = keyStarts[i] as number
      if (start !== -1 && raw?.accepts(bytes, start, keyEnds[i] as number) !== true) return false
    }
    return true
  }

  /** One record for `put`, or null when a transform dropped it. Throws {@link StageError}. */
  toRecord(fetched: TopicPartitionOf, columns: RecordColumns, i: number): SinkRecord | null {
    const { topic, partition } = fetched
    const key = this.#convert('KEY_CONVERTER', topic, columns.key(i))
    const value = this.#convert('VALUE_CONVERTER', topic, columns.value(i))
    const headers = columns.hasHeaders(i) ? this.#headers(topic, columns, i) : []
    const offset = columns.offsets[i] as number
    const timestamp = columns.timestamps[i] as number
    const record: SinkRecord = {
      topic,
      kafkaPartition: partition,
      kafkaOffset: offset,
      keySchema: key.schema,
      key: key.value,
      valueSchema: value.schema,
      value: value.value,
      timestamp: timestamp === -1 ? null : timestamp,
      timestampType: columns.header.timestampType,
      headers,
      originalTopic: topic,
      originalKafkaPartition: partition,
      originalKafkaOffset: offset,
    }
    return this.#chain.apply(this.#keepsOrigin ? withOrigin(record, columns, i) : record)
  }

  #convert(stage: 'KEY_CONVERTER' | 'VALUE_CONVERTER', topic: string, bytes: Uint8Array | null): SchemaAndValue {
    const isKey = stage === 'KEY_CONVERTER'
    try {
      return (isKey ? this.#converters.key : this.#converters.value).toConnectData(topic, bytes)
    } catch (error) {
      throw new StageError(stage, isKey ? this.#converters.keyClass : this.#converters.valueClass, error)
    }
  }

  #headers(topic: string, columns: RecordColumns, i: number): Header[] {
    const { header, headerClass } = this.#converters
    try {
      return columns.headers(i).map(({ key, value }) => {
        const converted = header.toConnectHeader(topic, key, value)
        return { key, schema: converted.schema, value: converted.value }
      })
    } catch (error) {
      throw new StageError('HEADER_CONVERTER', headerClass, error)
    }
  }

  close(): void {
    this.#chain.close()
  }
}
