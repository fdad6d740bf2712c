/** A moment on a zone's wall clock: the milliseconds that a clock in UTC would show the same with, and the zone's offset. */
export interface LocalTime {
  readonly localMs: number
  readonly offsetMs: number
  readonly zone: string
}

type Print = (date: Date, time: LocalTime) => string

/**
 * Compiles a Joda-Time pattern as `path.format` has it. Texts in single quotes are literal, two quotes are one, and
 * `YYYY` is the year of the era, not a week-based year. Throws an `Error` that names the letter that it does not know.
 */
export function compilePathFormat(pattern: string, locale: string): (time: LocalTime) => string {
  const language = locale.replaceAll('_', '-')
  const prints: Print[] = []
  let i = 0
  while (i < pattern.length) {
    const c = pattern[i] as string
    if (c === "'") {
      const { text, next } = quoted(pattern, i)
      prints.push(() => text)
      i = next
    } else if (/[A-Za-z]/.test(c)) {
      let end = i + 1
      while (pattern[end] === c) end++
      prints.push(component(c, end - i, language))
      i = end
    } else {
      prints.push(() => c)
      i++
    }
  }
  return (time) => {
    const date = new Date(time.localMs)
    let text = ''
    for (const print of prints) text += print(date, time)
    return text
  }
}

/** The literal that begins with the quote at `start`; one that is not closed reaches to the end, as in Joda-Time. */
function quoted(pattern: string, start: number): { text: string; next: number } {
  if (pattern[start + 1] === "'") return { text: "'", next: start + 2 }
  let text = ''
  let i = start + 1
  for (; i < pattern.length; i++) {
    if (pattern[i] !== "'") text += pattern[i]
    else if (pattern[i + 1] === "'") text += pattern[i++]
    else return { text, next: i + 1 }
  }
  return { text, next: i }
}

function component(letter: string, count: number, locale: string): Print {
  const number = (value: (date: Date) => number): Print => {
    return (date) => digits(value(date), count)
  }
  switch (letter) {
    case 'G':
      return (date) => textPart(locale, { era: count >= 4 ? 'long' : 'short' }, 'era', date)
    case 'C':
      return number((date) => Math.floor(yearOfEra(date) / 100))
    case 'Y':
      return count === 2 ? (date) => digits(yearOfEra(date) % 100, 2) : number(yearOfEra)
    case 'y':
      return count === 2
        ? (date) => digits(Math.abs(date.getUTCFullYear()) % 100, 2)
        : number((d) => d.getUTCFullYear())
    case 'x':
      return count === 2 ? (date) => digits(isoWeek(date).year % 100, 2) : number((date) => isoWeek(date).year)
    case 'w':
      return number((date) => isoWeek(date).week)
    case 'e':
      return number((date) => date.getUTCDay() || 7)
    case 'E':
      return (date) => textPart(locale, { weekday: count >= 4 ? 'long' : 'short' }, 'weekday', date)
    case 'D':
      return number((date) => Math.floor((startOfDay(date) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1)
    case 'M':
      if (count < 3) return number((date) => date.getUTCMonth() + 1)
      return (date) => textPart(locale, { month: count >= 4 ? 'long' : 'short' }, 'month', date)
    case 'd':
      return number((date) => date.getUTCDate())
    case 'a':
      return (date) => textPart(locale, { hour: 'numeric', hour12: true }, 'dayPeriod', date)
    case 'H':
      return number((date) => date.getUTCHours())
    case 'k':
      return number((date) => date.getUTCHours() || 24)
    case 'K':
      return number((date) => date.getUTCHours() % 12)
    case 'h':
      return number((date) => date.getUTCHours() % 12 || 12)
    case 'm':
      return number((date) => date.getUTCMinutes())
    case 's':
      return number((date) => date.getUTCSeconds())
    case 'S':
      return (date) => String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(count, '0').slice(0, count)
    case 'Z':
      if (count >= 3) return (_date, { zone }) => zone
      return (_date, { offsetMs }) => offsetText(offsetMs, count === 2 ? ':' : '')
    default:
      throw new Error(`Illegal pattern component: ${letter.repeat(count)}; text must stand in single quotes`)
  }
}

function digits(value: number, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width, '0')}` : String(value).padStart(width, '0')
}

function yearOfEra(date: Date): number {
  const year = date.getUTCFullYear()
  return year > 0 ? year : 1 - year
}

function startOfDay(date: Date): number {
  return Math.floor(date.getTime() / 86_400_000) * 86_400_000
}

/** ISO 8601 week: weeks begin on Monday, and the first of a year holds its first Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(startOfDay(date) + (4 - (date.getUTCDay() || 7)) * 86_400_000)
  const year = thursday.getUTCFullYear()
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / 604_800_000) + 1 }
}

function textPart(
  locale: string,
  options: Intl.DateTimeFormatOptions,
  type: Intl.DateTimeFormatPartTypes,
  date: Date,
): string {
  const parts = new Intl.DateTimeFormat(locale === '' ? 'en' : locale, { ...options, timeZone: 'UTC' }).formatToParts(
    date,
  )
  return parts.find((part) => part.type === type)?.value ?? ''
}

function offsetText(offsetMs: number, colon: string): string {
  const minutes = Math.abs(Math.trunc(offsetMs / 60_000))
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0')
  return `${offsetMs < 0 ? '-' : '+'}${hours}${colon}${String(minutes % 60).padStart(2, '0')}`
}
