import type { SinkRecord } from '../../connect/index.ts'
import type { RecordColumns } from '../../protocol/records/index.ts'
import { ConsumedRecord } from '../errors/consumed-record.ts'

// Symbols, so that records which transforms or tasks made of this one by spreading it keep them too.
const originColumns = Symbol('columns')
const originIndex = Symbol('index')

interface RecordWithOrigin extends SinkRecord {
  readonly [originColumns]?: RecordColumns
  readonly [originIndex]?: number
}

/** The record, knowing the bytes that it was made of: for tasks that may report it. */
export function withOrigin(record: SinkRecord, columns: RecordColumns, i: number): SinkRecord {
  const known: RecordWithOrigin = { ...record, [originColumns]: columns, [originIndex]: i }
  return known
}

/** The bytes that a record was made of; null when it does not know them. */
export function recordOrigin(record: RecordWithOrigin): ConsumedRecord | null {
  const columns = record[originColumns]
  const i = record[originIndex]
  if (columns === undefined || i === undefined) return null
  return new ConsumedRecord(record.originalTopic, record.originalKafkaPartition, columns, i)
}
