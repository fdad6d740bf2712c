import { DataError, type SinkRecord } from 'millrace/connect'
import type { LocalTime } from './joda-format.ts'
import { fieldValue, placeOf } from './field-value.ts'
import type { TimeZone } from './time-zone.ts'

/**
 * The part of an object's key between topic and file name, for times. Remembers the stretch of time around the last
 * answer that has the same one: `encode` is cheap within `[validFrom, validUntil)`, and callers may skip it there.
 */
export class TimePartitions {
  validFrom = 0
  /** Exclusive. */
  validUntil = 0
  readonly #zone: TimeZone
  readonly #durationMs: number
  readonly #format: (time: LocalTime) => string
  #encoded = ''

  constructor(zone: TimeZone, durationMs: number, format: (time: LocalTime) => string) {
    this.#zone = zone
    this.#durationMs = durationMs
    this.#format = format
  }

  encode(timeMs: number): string {
    if (timeMs >= this.validFrom && timeMs < this.validUntil) return this.#encoded
    const zone = this.#zone
    const offset = zone.offsetAt(timeMs)
    // Rounded towards 1970 on the zone's clock, as the partitioners upstream do.
    const floored = Math.trunc((timeMs + offset) / this.#durationMs) * this.#durationMs
    const instant = zone.instantOf(floored, offset)
    const shownOffset = zone.offsetAt(instant)
    this.#encoded = this.#format({ localMs: instant + shownOffset, offsetMs: shownOffset, zone: zone.name })
    const slot = zone.slotOf(timeMs)
    this.validFrom = Math.max(slot, floored - offset)
    this.validUntil = Math.min(slot + zone.slotLength(timeMs), floored - offset + this.#durationMs)
    if (floored < 0 || timeMs + offset < 0) this.validUntil = this.validFrom
    return this.#encoded
  }
}

/** `f1=v1/f2=v2`: the FieldPartitioner's part of the key. Throws `DataError` for values that cannot stand in a key. */
export function encodeFields(record: SinkRecord, fields: readonly string[], delimiter: string): string {
  return fields.map((field) => `${field}=${fieldText(record, field)}`).join(delimiter)
}

function fieldText(record: SinkRecord, field: string): string {
  const value = fieldValue(record, field)
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value)
  if (typeof value === 'number' && Number.isInteger(value)) return String(value)
  throw new DataError(
    `Field "${field}" of ${placeOf(record)} cannot be partitioned by: only integers, booleans and strings can`,
  )
}
