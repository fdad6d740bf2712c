import { DataError } from '../errors.ts'

const dayMs = 86_400_000

/**
 * The text of a Date, Time or Timestamp given in milliseconds since 1970, in UTC. Throws `DataError` beyond the years that
 * have a text.
 *
 * Kafka Connect picks the form by the value: below one day the time, whole days the date, else both. Before 1970 that
 * would lose the date, so there the type decides.
 */
export function temporalText(ms: number, type: 'date' | 'time' | 'timestamp'): string {
  if (Number.isNaN(new Date(ms).getTime()))
    throw new DataError(`${ms} ms since 1970 is beyond the last date that has a text form`)
  const iso = new Date(ms).toISOString()
  const form = ms < 0 ? type : ms < dayMs ? 'time' : ms % dayMs === 0 ? 'date' : 'timestamp'
  if (form === 'date') return iso.slice(0, -14)
  return form === 'time' ? iso.slice(-13) : iso
}
