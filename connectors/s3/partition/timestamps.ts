import { DataError, type SinkRecord } from 'millrace/connect'
import { fieldValue, placeOf } from './field-value.ts'

export type TimestampExtractor = 'Wallclock' | 'Record' | 'RecordField'

/** The time of a record in milliseconds since the epoch, for time-based partitioners. Throws `DataError`. */
export function recordTime(record: SinkRecord, extractor: TimestampExtractor, field: string, nowMs: number): number {
  switch (extractor) {
    case 'Wallclock':
      return nowMs
    case 'Record':
      return checkedTimestamp(record.timestamp ?? -1, record.topic, record.kafkaPartition, record.kafkaOffset)
    case 'RecordField':
      return timeOfField(record, field)
  }
}

/** Refuses records that have no timestamp. */
export function checkedTimestamp(timestamp: number, topic: string, partition: number, offset: number): number {
  if (timestamp !== -1) return timestamp
  throw new DataError(
    `The record of ${topic}-${partition} at offset ${offset} has no timestamp, which timestamp.extractor=Record needs`,
  )
}

function timeOfField(record: SinkRecord, field: string): number {
  const value = fieldValue(record, field)
  if (typeof value === 'number' && Number.isFinite(value)) return Math.trunc(value)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string') {
    const time = parseIsoTime(value)
    if (!Number.isNaN(time)) return time
  }
  throw new DataError(
    `Field "${field}" of ${placeOf(record)} is no time: timestamp.field needs milliseconds or an ISO 8601 text`,
  )
}

const isoTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/

/** ISO 8601 dates and times; without a zone they are UTC. NaN when the text is neither. */
function parseIsoTime(text: string): number {
  const match = isoTime.exec(text)
  if (match === null) return Number.NaN
  const zone = match[1] ?? ''
  const local = text.slice(0, text.length - zone.length).replace(',', '.')
  const time = local.includes('T') ? local : `${local}T00:00`
  return Date.parse(time + (zone === '' ? 'Z' : zone.replace(/(\d\d)(\d\d)$/, '$1:$2')))
}
