import { type CellReader, DataError, writeAscii } from 'millrace/connect'
import { asciiText, twoDigits, writeInteger } from './ascii.ts'

const ZERO = 48
const MINUS = 45
const PLUS = 43
const COLON = 58
const POINT = 46
const SPACE = 32
const LETTER_B = 66

const DAY_MS = 86_400_000

/** 1582-10-15: from here on the hybrid calendar of Java's dates is the Gregorian one. */
const GREGORIAN_START = -141_427

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
function gregorianDays(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** Days since 1970-01-01 of a date in the Julian calendar. */
function julianDays(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) + dayOfYear - 719_470
}

/** Days as Java's dates count them: dates before 1582-10-15 are read in the Julian calendar (JDBC's LEGACY system). */
export function hybridDays(year: number, month: number, day: number): number {
  const days = gregorianDays(year, month, day)
  return days >= GREGORIAN_START ? days : julianDays(year, month, day)
}

interface Cursor {
  position: number
  days: number
  /** Of the day. */
  ms: number
  /** Below the milliseconds: 0 to 999. */
  micros: number
  offsetSeconds: number
}

/** One parse at a time, so one cursor serves all: nothing is made per cell. */
const cursor: Cursor = { position: 0, days: 0, ms: 0, micros: 0, offsetSeconds: 0 }

let cachedDate = -1
let cachedDays = 0

function parseDate(bytes: Uint8Array, start: number, end: number, proleptic: boolean): void {
  let position = start + 4
  let year: number
  if (bytes[position] === MINUS && bytes[end - 1] !== LETTER_B + 1) {
    year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2)
  } else {
    position = start
    year = 0
    if (bytes[start] === MINUS) throw notFinite(bytes, start, end)
    while (position < end && bytes[position] !== MINUS) {
      const digit = (bytes[position++] as number) - ZERO
      if (digit < 0 || digit > 9) throw notFinite(bytes, start, end)
      year = year * 10 + digit
    }
    if (bytes[end - 1] === LETTER_B + 1 && bytes[end - 2] === LETTER_B) year = 1 - year
  }
  const month = twoDigits(bytes, position + 1)
  const day = twoDigits(bytes, position + 4)
  cursor.position = position + 6
  const packed = (year * 16 + month) * 32 + day
  if (packed !== cachedDate || proleptic) {
    cachedDays = proleptic ? gregorianDays(year, month, day) : hybridDays(year, month, day)
    cachedDate = proleptic ? -1 : packed
  }
  cursor.days = cachedDays
}

/** By how many digits are missing to six. PostgreSQL has microseconds, and so no more than six digits. */
const POWERS_OF_TEN = Int32Array.of(1, 10, 100, 1000, 10_000, 100_000, 1_000_000)

/** `HH:MM:SS[.ffffff]` at the cursor, as milliseconds of the day and the microseconds below them. */
function parseTime(bytes: Uint8Array, end: number): void {
  let position = cursor.position
  const seconds =
    (twoDigits(bytes, position) * 60 + twoDigits(bytes, position + 3)) * 60 + twoDigits(bytes, position + 6)
  position += 8
  let fraction = 0
  if (position < end && bytes[position] === POINT) {
    let missing = 6
    for (position++; position < end; position++, missing--) {
      const digit = (bytes[position] as number) - ZERO
      if (digit < 0 || digit > 9) break
      fraction = fraction * 10 + digit
    }
    fraction *= POWERS_OF_TEN[missing] as number
  }
  cursor.position = position
  const ms = (fraction / 1000) | 0
  cursor.ms = seconds * 1000 + ms
  cursor.micros = fraction - ms * 1000
}

/** `+HH[:MM[:SS]]` at the cursor, if there is one. */
function parseZone(bytes: Uint8Array, end: number): void {
  const sign = bytes[cursor.position]
  cursor.offsetSeconds = 0
  if (cursor.position >= end || (sign !== PLUS && sign !== MINUS)) return
  let position = cursor.position + 1
  let unit = 3600
  let seconds = 0
  while (position + 1 < end && unit >= 1) {
    seconds += twoDigits(bytes, position) * unit
    unit /= 60
    position += 2
    if (bytes[position] !== COLON) break
    position++
  }
  cursor.offsetSeconds = sign === MINUS ? -seconds : seconds
}

function notFinite(bytes: Uint8Array, start: number, end: number): DataError {
  return new DataError(
    `A date or timestamp holds ${asciiText(bytes, start, end)}, which has no value in Connect's logical types`,
  )
}

/** date, as Date: days since the epoch. */
export function dateReader(proleptic: boolean): CellReader {
  const days = (bytes: Uint8Array, start: number, end: number): number => {
    parseDate(bytes, start, end, proleptic)
    return cursor.days
  }
  return { value: days, writeJson: (out, bytes, start, end) => writeInteger(out, days(bytes, start, end)) }
}

/** time, as Time: milliseconds of the day, the microseconds cut off. */
export const timeReader: CellReader = {
  value: timeOfDay,
  writeJson: (out, bytes, start, end) => writeInteger(out, timeOfDay(bytes, start, end)),
}

function timeOfDay(bytes: Uint8Array, start: number, end: number): number {
  cursor.position = start
  parseTime(bytes, end)
  const { ms } = cursor
  if (ms >= DAY_MS)
    throw new DataError(
      `A time holds ${asciiText(bytes, start, end)}, which is not within a day: Connect's Time ends before 24:00`,
    )
  return ms
}

/** Milliseconds that local time is ahead of UTC in some zone, at a local time given in milliseconds as if it were UTC. */
export type ZoneOffset = (localMs: number) => number

/** How a timestamp column is given to Connect: the settings `timestamp.granularity` and `db.timezone`. */
export interface TimestampOptions {
  readonly proleptic: boolean
  /** Null: UTC. Does not matter to timestamptz, which carries its own. */
  readonly zone: ZoneOffset | null
}

/** Splits a timestamp or timestamptz into milliseconds since the epoch and the microseconds below them. */
function parseTimestamp(bytes: Uint8Array, start: number, end: number, options: TimestampOptions): number {
  parseDate(bytes, start, end, options.proleptic)
  if (bytes[cursor.position] === SPACE) cursor.position++
  parseTime(bytes, end)
  parseZone(bytes, end)
  const local = cursor.days * DAY_MS + cursor.ms - cursor.offsetSeconds * 1000
  return options.zone ? local - options.zone(local) : local
}

/** timestamp and timestamptz, as Timestamp: milliseconds since the epoch, the microseconds cut off. */
export function timestampReader(options: TimestampOptions): CellReader {
  return {
    value: (bytes, start, end) => parseTimestamp(bytes, start, end, options),
    writeJson: (out, bytes, start, end) => writeInteger(out, parseTimestamp(bytes, start, end, options)),
  }
}

/** timestamp and timestamptz as a count of micro- or nanoseconds since the epoch: an INT64, or a STRING of its digits. */
export function epochReader(options: TimestampOptions, unit: 'micros' | 'nanos', type: 'long' | 'string'): CellReader {
  const digits = (bytes: Uint8Array, start: number, end: number): string => {
    const ms = parseTimestamp(bytes, start, end, options)
    const micros = BigInt(ms) * 1000n + BigInt(cursor.micros)
    return String(unit === 'nanos' ? micros * 1000n : micros)
  }
  if (type === 'string') return stringReader(digits)
  return {
    value(bytes, start, end) {
      const text = digits(bytes, start, end)
      const number = Number(text)
      return Number.isSafeInteger(number) ? number : BigInt(text)
    },
    writeJson: (out, bytes, start, end) => writeAscii(out, digits(bytes, start, end)),
  }
}

/** timestamp and timestamptz as ISO 8601 text in UTC, to the micro- or nanosecond. */
export function isoReader(options: TimestampOptions, unit: 'micros' | 'nanos'): CellReader {
  return stringReader((bytes, start, end) => {
    const ms = parseTimestamp(bytes, start, end, options)
    const below = String(cursor.micros).padStart(3, '0') + (unit === 'nanos' ? '000' : '')
    return new Date(ms).toISOString().replace('Z', `${below}Z`)
  })
}

function stringReader(text: (bytes: Uint8Array, start: number, end: number) => string): CellReader {
  return { value: text, writeJson: (out, bytes, start, end) => writeAscii(out, `"${text(bytes, start, end)}"`) }
}

/** The offset of an IANA zone, for local times; remembers an hour at a time. */
export function zoneOffset(timeZone: string): ZoneOffset {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  })
  const offsetAt = (utcMs: number): number => {
    const parts = Object.fromEntries(format.formatToParts(utcMs).map((part) => [part.type, part.value]))
    const year = parts['era'] === 'BC' ? 1 - Number(parts['year']) : Number(parts['year'])
    const days = gregorianDays(year, Number(parts['month']), Number(parts['day']))
    const seconds = (Number(parts['hour']) * 60 + Number(parts['minute'])) * 60 + Number(parts['second'])
    return days * DAY_MS + seconds * 1000 - Math.floor(utcMs / 1000) * 1000
  }
  let hour = Number.NaN
  let offset = 0
  return (localMs) => {
    const quarter = Math.floor(localMs / 900_000)
    if (quarter !== hour) {
      hour = quarter
      offset = offsetAt(localMs - offsetAt(localMs))
    }
    return offset
  }
}
