import type { RecordColumns } from '../../protocol/records/index.ts'
import type { DeadLetter, FailedRecord } from './failed-record.ts'

/** Record `i` of a fetched batch, as it lies in Kafka. */
export class ConsumedRecord implements FailedRecord {
  readonly topic: string
  readonly partition: number
  readonly #columns: RecordColumns
  readonly #i: number

  constructor(topic: string, partition: number, columns: RecordColumns, i: number) {
    this.topic = topic
    this.partition = partition
    this.#columns = columns
    this.#i = i
  }

  get offset(): number {
    return this.#columns.offsets[this.#i] as number
  }

  get description(): string {
    const timestamp = this.#timestamp()
    const time =
      timestamp === null ? '' : `, timestamp=${timestamp}, timestampType=${this.#columns.header.timestampType}`
    return `where consumed record is {topic='${this.topic}', partition=${this.partition}, offset=${this.offset}${time}}`
  }

  letter(): DeadLetter {
    const [columns, i] = [this.#columns, this.#i]
    const headers = columns.hasHeaders(i) ? columns.headers(i) : []
    return { key: columns.key(i), value: columns.value(i), headers, timestamp: this.#timestamp() }
  }

  #timestamp(): number | null {
    const timestamp = this.#columns.timestamps[this.#i] as number
    return timestamp === -1 ? null : timestamp
  }
}
