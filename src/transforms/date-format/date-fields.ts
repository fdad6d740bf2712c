import { dayMs, dayOf, startOfWeek, weekdayOnOrBefore } from './calendar.ts'
import type { PatternLetter } from './pattern.ts'

type FieldName =
  | 'era'
  | 'year'
  | 'weekYear'
  | 'month'
  | 'weekOfYear'
  | 'weekOfMonth'
  | 'dayOfYear'
  | 'dayOfMonth'
  | 'weekdayInMonth'
  | 'weekday'
  | 'half'
  | 'hourOfDay'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millisecond'
  | 'zone'

type DayField = 'dayOfMonth' | 'dayOfYear' | 'weekOfMonth' | 'weekOfYear' | 'weekdayInMonth'

/** Kafka Connect's two-digit years lie from 80 years before the format was made to 20 after. */
const YEARS_BACK = 80

/**
 * What a date's text says, as Java's lenient calendar puts it together: of fields that say the same in several ways (day of
 * month, day of year, weeks) those that came last decide; what is not said is that of 1970-01-01T00:00Z.
 */
export class DateFields {
  readonly #values = new Map<FieldName, { value: number; order: number }>()
  readonly #centuryStart: Date
  #isCenturyOpen = false

  /** `now`: what two-digit years are near to, in milliseconds. */
  constructor(now: number) {
    const start = new Date(now)
    start.setUTCFullYear(start.getUTCFullYear() - YEARS_BACK)
    this.#centuryStart = start
  }

  set(field: FieldName, value: number): void {
    this.#values.set(field, { value, order: this.#order++ })
  }

  #order = 1

  /** The number that was read for a letter. `isShortYear`: it has two digits where the pattern has two letters at most. */
  setNumber(letter: PatternLetter, value: number, isShortYear: boolean): void {
    switch (letter) {
      case 'y':
        return this.set('year', isShortYear ? this.#inCentury(value) : value)
      case 'Y':
        return this.set('weekYear', isShortYear ? this.#inCentury(value) : value)
      case 'M':
      case 'L':
        return this.set('month', value - 1)
      case 'w':
        return this.set('weekOfYear', value)
      case 'W':
        return this.set('weekOfMonth', value)
      case 'D':
        return this.set('dayOfYear', value)
      case 'd':
        return this.set('dayOfMonth', value)
      case 'F':
        return this.set('weekdayInMonth', value)
      case 'u':
        return this.set('weekday', value >= 1 && value <= 7 ? value % 7 : value - 1)
      case 'H':
        return this.set('hourOfDay', value)
      case 'k':
        return this.set('hourOfDay', value === 24 ? 0 : value)
      case 'K':
        return this.set('hour', value)
      case 'h':
        return this.set('hour', value === 12 ? 0 : value)
      case 'm':
        return this.set('minute', value)
      case 's':
        return this.set('second', value)
      case 'S':
        return this.set('millisecond', value)
    }
  }

  #inCentury(value: number): number {
    const first = this.#centuryStart.getUTCFullYear()
    this.#isCenturyOpen = value === first % 100
    return value + Math.floor(first / 100) * 100 + (value < first % 100 ? 100 : 0)
  }

  /** Milliseconds since 1970. */
  toMs(): number {
    const ms = this.#toMs(0)
    return this.#isCenturyOpen && ms < this.#centuryStart.getTime() ? this.#toMs(100) : ms
  }

  #toMs(moreYears: number): number {
    const time =
      ((this.#hours() * 60 + this.#get('minute', 0) - this.#get('zone', 0)) * 60 + this.#get('second', 0)) * 1000
    return this.#day(moreYears) * dayMs + time + this.#get('millisecond', 0)
  }

  #get(field: FieldName, otherwise: number): number {
    return this.#values.get(field)?.value ?? otherwise
  }

  #orderOf(field: FieldName): number {
    return this.#values.get(field)?.order ?? 0
  }

  #hours(): number {
    const together = Math.min(this.#orderOf('hour'), this.#orderOf('half'))
    const last = together === 0 ? 0 : Math.max(this.#orderOf('hour'), this.#orderOf('half'))
    if (this.#orderOf('hourOfDay') > last) return this.#get('hourOfDay', 0)
    return this.#get('hour', 0) + 12 * this.#get('half', 0)
  }

  #day(moreYears: number): number {
    const isWeekDate = this.#orderOf('weekYear') > this.#orderOf('year')
    if (isWeekDate) {
      const first = startOfWeek(dayOf(this.#get('weekYear', 1970) + moreYears, 0, 1))
      return first + 7 * (this.#get('weekOfYear', 1) - 1) + this.#get('weekday', 0)
    }
    const named = this.#get('year', 1970) + moreYears
    const year = this.#get('era', 1) === 0 ? 1 - named : named
    const month = this.#get('month', 0)
    switch (this.#deciding()) {
      case 'dayOfMonth':
        return dayOf(year, month, 1) + this.#get('dayOfMonth', 1) - 1
      case 'dayOfYear':
        return dayOf(year, 0, 1) + this.#get('dayOfYear', 1) - 1
      case 'weekOfMonth':
        return this.#inWeek(dayOf(year, month, 1), this.#get('weekOfMonth', 1))
      case 'weekOfYear':
        return this.#inWeek(dayOf(year, 0, 1), this.#get('weekOfYear', 1))
      case 'weekdayInMonth': {
        const count = this.#get('weekdayInMonth', 1)
        const weekday = this.#get('weekday', 0)
        if (count >= 0) return weekdayOnOrBefore(dayOf(year, month, 1) + 7 * count - 1, weekday)
        return weekdayOnOrBefore(dayOf(year, month + 1, 1) - 1 + 7 * (count + 1), weekday)
      }
    }
  }

  #inWeek(first: number, week: number): number {
    return weekdayOnOrBefore(startOfWeek(first) + 6, this.#get('weekday', 0)) + 7 * (week - 1)
  }

  /** Which field says the day: the last that is complete; weeks are so with a weekday. */
  #deciding(): DayField {
    const weekday = this.#orderOf('weekday')
    const withWeekday = (field: FieldName): number =>
      weekday === 0 || this.#orderOf(field) === 0 ? 0 : Math.max(weekday, this.#orderOf(field))
    const complete = latest<DayField>([
      ['dayOfMonth', this.#orderOf('dayOfMonth')],
      ['weekOfMonth', withWeekday('weekOfMonth')],
      ['weekdayInMonth', withWeekday('weekdayInMonth')],
      ['dayOfYear', this.#orderOf('dayOfYear')],
      ['weekOfYear', withWeekday('weekOfYear')],
    ])
    const alone = latest<DayField>([
      ['weekOfMonth', this.#orderOf('weekOfMonth')],
      ['weekdayInMonth', Math.max(weekday, this.#orderOf('weekdayInMonth'))],
      ['weekOfYear', this.#orderOf('weekOfYear')],
    ])
    return complete ?? alone ?? 'dayOfMonth'
  }
}

/** The first of those with the greatest order; null when all have none. */
function latest<N>(candidates: readonly (readonly [name: N, order: number])[]): N | null {
  let best: N | null = null
  let bestOrder = 0
  for (const [name, order] of candidates)
    if (order > bestOrder) {
      best = name
      bestOrder = order
    }
  return best
}
