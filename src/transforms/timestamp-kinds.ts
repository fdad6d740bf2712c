import { DataError, date, DATE, primitive, type Schema, time, TIME, timestamp, TIMESTAMP } from '../connect/index.ts'
import type { JavaDateFormat } from './date-format/java-date-format.ts'
import { typeName } from './members.ts'

/** The forms of a moment that TimestampConverter reads and writes, as its setting `target.type` names them. */
export const timestampKinds = ['string', 'unix', 'Date', 'Time', 'Timestamp'] as const
export type TimestampKind = (typeof timestampKinds)[number]

export const unixPrecisions = ['nanoseconds', 'microseconds', 'milliseconds', 'seconds'] as const
export type UnixPrecision = (typeof unixPrecisions)[number]

/** What the forms depend on. */
export interface TimestampForms {
  /** Null: no `format` is configured. */
  readonly format: JavaDateFormat | null
  readonly precision: UnixPrecision
}

const dayMs = 86_400_000n

/** The form of values of a schema. Throws `DataError` for a schema of something else. */
export function kindOfSchema(schema: Schema): TimestampKind {
  switch (schema.name) {
    case TIMESTAMP:
      return 'Timestamp'
    case DATE:
      return 'Date'
    case TIME:
      return 'Time'
  }
  if (schema.type === 'STRING') return 'string'
  if (schema.type === 'INT64') return 'unix'
  throw new DataError(`Schema of type ${schema.type} does not correspond to a known timestamp type format`)
}

/** The form of a schemaless value; a `Date` is a Timestamp. Throws `DataError` for something else. */
export function kindOfValue(value: unknown): TimestampKind {
  if (value instanceof Date) return 'Timestamp'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return 'unix'
  throw new DataError(
    `TimestampConverter does not support ${typeName(value)} values as timestamps: it takes whole numbers, texts and dates`,
  )
}

/** The schema of values of a form. */
export function schemaOfKind(kind: TimestampKind, optional: boolean): Schema {
  switch (kind) {
    case 'string':
      return primitive('STRING', { optional })
    case 'unix':
      return primitive('INT64', { optional })
    case 'Date':
      return date({ optional })
    case 'Time':
      return time({ optional })
    case 'Timestamp':
      return timestamp({ optional })
  }
}

/** A value as milliseconds since 1970. Throws `DataError` for one that is not what its form asks for. */
export function readTimestamp(kind: TimestampKind, value: unknown, { format, precision }: TimestampForms): bigint {
  if (value instanceof Date) return BigInt(value.getTime())
  if (kind === 'string') {
    if (typeof value !== 'string') throw unexpected(kind, value)
    if (format === null)
      throw new DataError('TimestampConverter requires format option to be specified to read timestamps from strings')
    const ms = format.parse(value)
    if (ms === null)
      throw new DataError(`Could not parse timestamp: value (${value}) does not match pattern (${format.pattern})`)
    return BigInt(ms)
  }
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value)))
    throw unexpected(kind, value)
  const number = BigInt(value)
  if (kind === 'Date') return number * dayMs
  if (kind !== 'unix') return number
  return precision === 'seconds' ? saturated(number * 1000n) : number / perMs(precision)
}

/**
 * Milliseconds since 1970 in a form; there is one for any. Without a schema, Date, Time and Timestamp are a `Date`: throws
 * `DataError` for what that cannot hold.
 */
export function writeTimestamp(
  kind: TimestampKind,
  ms: bigint,
  { format, precision }: TimestampForms,
  isSchemaless: boolean,
): unknown {
  switch (kind) {
    case 'string':
      return (format as JavaDateFormat).format(ms)
    case 'unix':
      return int64(precision === 'seconds' ? ms / 1000n : saturated(ms * perMs(precision)))
    case 'Date': {
      const start = ms - timeOfDay(ms)
      return isSchemaless ? dateAt(start) : int64(start / dayMs)
    }
    case 'Time':
      return isSchemaless ? dateAt(timeOfDay(ms)) : int64(timeOfDay(ms))
    case 'Timestamp':
      return isSchemaless ? dateAt(ms) : int64(ms)
  }
}

function timeOfDay(ms: bigint): bigint {
  return ((ms % dayMs) + dayMs) % dayMs
}

function perMs(precision: UnixPrecision): bigint {
  if (precision === 'milliseconds') return 1n
  return precision === 'microseconds' ? 1000n : 1_000_000n
}

/** Held at the ends of 64 bits, as Java's `TimeUnit` does. */
function saturated(value: bigint): bigint {
  const limit = 2n ** 63n
  if (value >= limit) return limit - 1n
  return value < -limit ? -limit : value
}

function int64(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function dateAt(ms: bigint): Date {
  const date = new Date(Number(ms))
  if (Number.isNaN(date.getTime())) throw new DataError(`${ms} ms since 1970 is beyond the last Date`)
  return date
}

function unexpected(kind: TimestampKind, value: unknown): DataError {
  const wanted = kind === 'string' ? 'a string' : 'a whole number'
  return new DataError(`Expected ${kind} timestamp to be ${wanted}, but found ${typeName(value)}`)
}
