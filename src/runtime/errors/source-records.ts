import { type RowBatch, rowRecord, type SourceRecord } from '../../connect/index.ts'
import { decodeBatch, type RecordColumns } from '../../protocol/records/index.ts'
import type { OpenBatch } from '../pipeline/record-batcher.ts'
import type { RecordConverters } from '../pipeline/record-converters.ts'
import type { DeadLetter, FailedRecord } from './failed-record.ts'
import { lenientJson } from './lenient-json.ts'

/** A record of a source that did not become bytes: kept as the connector's converters write it, else as JSON. */
export class FailedSourceRecord implements FailedRecord {
  readonly offset = null
  readonly #record: SourceRecord
  readonly #converters: RecordConverters

  constructor(record: SourceRecord, converters: RecordConverters) {
    this.#record = record
    this.#converters = converters
  }

  get topic(): string {
    return this.#record.topic
  }

  get partition(): number | null {
    return this.#record.kafkaPartition ?? null
  }

  get description(): string {
    return describe(this.topic, this.partition, sourceOf(this.#record))
  }

  letter(): DeadLetter {
    const { topic, keySchema, key, valueSchema, value, headers = [], timestamp } = this.#record
    const converters = this.#converters
    return {
      key: bytesOf(key, () => converters.key.fromConnectData(topic, keySchema ?? null, key ?? null)),
      value: bytesOf(value, () => converters.value.fromConnectData(topic, valueSchema ?? null, value ?? null)),
      headers: headers.map((header) => ({
        key: header.key,
        value: bytesOf(header.value, () =>
          converters.header.fromConnectHeader(topic, header.key, header.schema, header.value),
        ),
      })),
      timestamp: timestamp === undefined || timestamp === null || timestamp < 0 ? null : timestamp,
      source: sourceOf(this.#record),
    }
  }
}

/** A row of a batch that could not be written. */
export class FailedRow implements FailedRecord {
  readonly offset = null
  readonly #batch: RowBatch
  readonly #row: number
  readonly #converters: RecordConverters

  constructor(batch: RowBatch, row: number, converters: RecordConverters) {
    this.#batch = batch
    this.#row = row
    this.#converters = converters
  }

  get topic(): string {
    return this.#batch.plan.topic
  }

  get partition(): number | null {
    return this.#batch.plan.kafkaPartition
  }

  get description(): string {
    return describe(this.topic, this.partition, this.#source())
  }

  #source(): { partition: string; offset: string } {
    const { sourcePartition, sourceOffset } = this.#batch
    return sourceOf({ sourcePartition, sourceOffset: sourceOffset ?? {} })
  }

  letter(): DeadLetter {
    let record: SourceRecord
    try {
      record = rowRecord(this.#batch, this.#row)
    } catch {
      // Not even the cells can be read as what they should be.
      const { timestamp } = this.#batch.plan
      return { key: null, value: lenientJson(this.#cells()), headers: [], timestamp, source: this.#source() }
    }
    return new FailedSourceRecord(record, this.#converters).letter()
  }

  /** The cells as the source wrote them, by field. */
  #cells(): Record<string, unknown> {
    const { plan, bytes, starts, ends, cellsPerRow } = this.#batch
    const cells: Record<string, unknown> = {}
    const fields = plan.value.schema.fields ?? []
    for (const [i, column] of plan.value.columns.entries()) {
      const name = fields[i]?.name ?? String(i)
      if (column.kind === 'constant') {
        cells[name] = column.value
        continue
      }
      const at = this.#row * cellsPerRow + column.cell
      const start = starts[at] as number
      cells[name] = start < 0 ? null : Buffer.from(bytes.subarray(start, ends[at])).toString()
    }
    return cells
  }
}

/** A record that became bytes but could not be sent. */
class UnsentRecord implements FailedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset = null
  readonly #columns: RecordColumns
  readonly #i: number

  constructor(topic: string, partition: number, columns: RecordColumns, i: number) {
    this.topic = topic
    this.partition = partition
    this.#columns = columns
    this.#i = i
  }

  get description(): string {
    return `where source record was to be sent to {topic='${this.topic}', partition=${this.partition}}`
  }

  letter(): DeadLetter {
    const [columns, i] = [this.#columns, this.#i]
    const headers = columns.hasHeaders(i) ? columns.headers(i) : []
    return { key: columns.key(i), value: columns.value(i), headers, timestamp: columns.timestamps[i] as number }
  }
}

/** The records of a batch that could not be sent. */
export function unsentRecords({ topic, partition, builder }: OpenBatch): FailedRecord[] {
  const columns = decodeBatch(builder.copyUncompressed(), 0)
  return Array.from({ length: columns.count }, (_, i) => new UnsentRecord(topic, partition, columns, i))
}

function sourceOf({ sourcePartition, sourceOffset }: Pick<SourceRecord, 'sourcePartition' | 'sourceOffset'>): {
  partition: string
  offset: string
} {
  return { partition: lenientJson(sourcePartition).toString(), offset: lenientJson(sourceOffset).toString() }
}

function describe(topic: string, partition: number | null, source: { partition: string; offset: string }): string {
  return `where source record is {topic='${topic}', partition=${partition}, sourcePartition=${source.partition}, sourceOffset=${source.offset}}`
}

function bytesOf(value: unknown, convert: () => Uint8Array | null): Uint8Array | null {
  try {
    return convert()
  } catch {
    return value === undefined || value === null ? null : lenientJson(value)
  }
}
