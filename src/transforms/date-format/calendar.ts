// Days are counted from 1970-01-01 in the proleptic Gregorian calendar; weeks begin on Sunday and the week of January 1 is
// the first of its year, as Java has it for English.

export const dayMs = 86_400_000

/** The days of 400 years, after which the calendar repeats itself. */
const cycleDays = 146_097

/** The day of a date of any year; months from 0, and months and days beyond their range carry over. */
export function dayOf(year: number, month: number, day: number): number {
  const carried = year + Math.floor(month / 12)
  const cycles = Math.floor(carried / 400) - 5
  // A date of the years 2000 to 2399.
  const first = Date.UTC(carried - cycles * 400, ((month % 12) + 12) % 12, 1) / dayMs
  return first + cycles * cycleDays + day - 1
}

/** 0 is Sunday. */
export function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7
}

/** The last day up to this one that is such a weekday. */
export function weekdayOnOrBefore(day: number, wanted: number): number {
  return day - ((((weekday(day) - wanted) % 7) + 7) % 7)
}

/** The Sunday that begins the week of a day. */
export function startOfWeek(day: number): number {
  return day - weekday(day)
}

/** The week of a day, and the year that this week counts to. */
export function weekOfYear(day: number): { year: number; week: number } {
  const year = new Date(day * dayMs).getUTCFullYear()
  const next = startOfWeek(dayOf(year + 1, 0, 1))
  if (day >= next) return { year: year + 1, week: 1 }
  return { year, week: (startOfWeek(day) - startOfWeek(dayOf(year, 0, 1))) / 7 + 1 }
}
