const dayMs = 86_400_000
/** The Gregorian calendar repeats itself, weekdays included, every 400 years. */
const cycleMs = 146_097 * dayMs

/** A moment whose calendar fields are those of `date` in UTC, but for `moreYears`, which a `Date` could not hold. */
export interface FarDate {
  /** In the years 1970 to 2369. */
  readonly date: Date
  readonly moreYears: number
}

/** Any 64-bit number of milliseconds since 1970 as a date of the proleptic Gregorian calendar. */
export function farDate(ms: number | bigint): FarDate {
  if (typeof ms === 'number') {
    const cycles = Math.floor(ms / cycleMs)
    return { date: new Date(ms - cycles * cycleMs), moreYears: cycles * 400 }
  }
  const rest = ((ms % BigInt(cycleMs)) + BigInt(cycleMs)) % BigInt(cycleMs)
  return { date: new Date(Number(rest)), moreYears: Number((ms - rest) / BigInt(cycleMs)) * 400 }
}

/**
 * The text of a Date, Time or Timestamp given in milliseconds since 1970, in UTC. Years have at least four digits.
 *
 * Kafka Connect picks the form by the value: below one day the time, whole days the date, else both. Before 1970 that
 * would lose the date, so there the type decides.
 */
export function temporalText(ms: number | bigint, type: 'date' | 'time' | 'timestamp'): string {
  const { date, moreYears } = farDate(ms)
  const iso = date.toISOString()
  const isWholeDay = iso.endsWith('T00:00:00.000Z')
  const form = ms < 0 ? type : ms < dayMs ? 'time' : isWholeDay ? 'date' : 'timestamp'
  if (form === 'time') return iso.slice(11)
  const year = date.getUTCFullYear() + moreYears
  const yearText = year < 0 ? `-${String(-year).padStart(6, '0')}` : String(year).padStart(4, '0')
  return yearText + (form === 'date' ? iso.slice(4, 10) : iso.slice(4))
}
