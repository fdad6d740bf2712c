import { primitive, type Schema, type SchemaOptions } from './schema.ts'

/** Names of Connect's built-in logical types. */
export const DECIMAL = 'org.apache.kafka.connect.data.Decimal'
export const DATE = 'org.apache.kafka.connect.data.Date'
export const TIME = 'org.apache.kafka.connect.data.Time'
export const TIMESTAMP = 'org.apache.kafka.connect.data.Timestamp'

type LogicalOptions = Omit<SchemaOptions, 'name' | 'version'>

/** Decimal: BYTES of the unscaled value; values are strings in plain notation with exactly `scale` digits after the point. */
export function decimal(scale: number, options: LogicalOptions = {}): Schema {
  return primitive('BYTES', {
    ...options,
    name: DECIMAL,
    version: 1,
    parameters: { scale: String(scale), ...options.parameters },
  })
}

/** Date: INT32, days since 1970-01-01. */
export function date(options: LogicalOptions = {}): Schema {
  return primitive('INT32', { ...options, name: DATE, version: 1 })
}

/** Time: INT32, milliseconds since midnight. */
export function time(options: LogicalOptions = {}): Schema {
  return primitive('INT32', { ...options, name: TIME, version: 1 })
}

/** Timestamp: INT64, milliseconds since 1970-01-01T00:00:00Z. */
export function timestamp(options: LogicalOptions = {}): Schema {
  return primitive('INT64', { ...options, name: TIMESTAMP, version: 1 })
}
