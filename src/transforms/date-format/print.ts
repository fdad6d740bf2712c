import type { FarDate } from '../../connect/index.ts'
import { dayMs, dayOf, startOfWeek, weekOfYear } from './calendar.ts'
import { eras, halves, months, short, weekdays } from './names.ts'
import type { PatternLetter } from './pattern.ts'

/** What `count` of a letter stand for at a moment, in UTC. */
export function printField(letter: PatternLetter, count: number, { date, moreYears }: FarDate): string {
  switch (letter) {
    case 'G':
      return eras[date.getUTCFullYear() + moreYears > 0 ? 1 : 0]
    case 'y':
      return year(yearOfEra(date.getUTCFullYear() + moreYears), count)
    case 'Y':
      return year(weekOfYear(day(date)).year + moreYears, count)
    case 'M':
    case 'L':
      return count < 3 ? digits(date.getUTCMonth() + 1, count) : name(months[date.getUTCMonth()], count)
    case 'w':
      return digits(weekOfYear(day(date)).week, count)
    case 'W':
      return digits(weekOfMonth(date), count)
    case 'D':
      return digits(day(date) - dayOf(date.getUTCFullYear(), 0, 1) + 1, count)
    case 'd':
      return digits(date.getUTCDate(), count)
    case 'F':
      return digits(Math.ceil(date.getUTCDate() / 7), count)
    case 'E':
      return name(weekdays[date.getUTCDay()], count)
    case 'u':
      return digits(date.getUTCDay() || 7, count)
    case 'a':
      return halves[date.getUTCHours() < 12 ? 0 : 1]
    case 'H':
      return digits(date.getUTCHours(), count)
    case 'k':
      return digits(date.getUTCHours() || 24, count)
    case 'K':
      return digits(date.getUTCHours() % 12, count)
    case 'h':
      return digits(date.getUTCHours() % 12 || 12, count)
    case 'm':
      return digits(date.getUTCMinutes(), count)
    case 's':
      return digits(date.getUTCSeconds(), count)
    case 'S':
      return digits(date.getUTCMilliseconds(), count)
    case 'z':
      return count < 4 ? 'UTC' : 'Coordinated Universal Time'
    case 'Z':
      return '+0000'
    case 'X':
      return 'Z'
  }
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

/** Two letters cut a year to two digits. */
function year(value: number, count: number): string {
  return digits(count === 2 ? value % 100 : value, count)
}

function yearOfEra(value: number): number {
  return value > 0 ? value : 1 - value
}

function name(full: string | undefined, count: number): string {
  return count < 4 ? short(full as string) : (full as string)
}

function day(date: Date): number {
  return Math.floor(date.getTime() / dayMs)
}

function weekOfMonth(date: Date): number {
  const first = dayOf(date.getUTCFullYear(), date.getUTCMonth(), 1)
  return (startOfWeek(day(date)) - startOfWeek(first)) / 7 + 1
}
