import { DataError, type SinkRecord } from 'millrace/connect'

/** The field of a record's value at a path of names joined by dots; null when it or a parent of it is null. */
export function fieldValue(record: SinkRecord, path: string): unknown {
  let value: unknown = record.value
  for (const name of path.split('.')) {
    if (value === null || value === undefined) return null
    value = member(value, name, path, record)
  }
  return value ?? null
}

function member(value: unknown, name: string, path: string, record: SinkRecord): unknown {
  if (value instanceof Map) return (value as ReadonlyMap<unknown, unknown>).get(name)
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, name))
    return (value as Readonly<Record<string, unknown>>)[name]
  throw new DataError(`The value of ${placeOf(record)} has no field "${path}"`)
}

/** Where a record lies, for messages. */
export function placeOf(record: SinkRecord): string {
  return `${record.topic}-${record.kafkaPartition} at offset ${record.kafkaOffset}`
}
