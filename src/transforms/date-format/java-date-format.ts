import { farDate } from '../../connect/index.ts'
import { DateFields } from './date-fields.ts'
import { parseDatePattern, type PatternElement } from './pattern.ts'
import { printField } from './print.ts'
import { readFields } from './read.ts'

/**
 * Dates as text by a pattern of `java.text.SimpleDateFormat`, in UTC and English. Dates before October 15, 1582 are those of
 * the calendar that ISO 8601 uses, not Julian ones.
 */
export class JavaDateFormat {
  readonly pattern: string
  readonly #elements: readonly PatternElement[]
  readonly #now: number

  /** Throws a `SyntaxError` that says what is wrong with the pattern. `now` is what two-digit years are near to. */
  constructor(pattern: string, now: number = Date.now()) {
    this.pattern = pattern
    this.#elements = parseDatePattern(pattern)
    this.#now = now
  }

  /** The text of a moment in milliseconds since 1970. */
  format(ms: number | bigint): string {
    const moment = farDate(ms)
    let text = ''
    for (const element of this.#elements)
      text += 'text' in element ? element.text : printField(element.letter, element.count, moment)
    return text
  }

  /** The moment that a text begins with, in milliseconds since 1970; null when it does not match the pattern. */
  parse(text: string): number | null {
    const fields = new DateFields(this.#now)
    return readFields(this.#elements, text, fields) ? fields.toMs() : null
  }
}

/** What is wrong with a pattern, as a reason for a configuration error; undefined when nothing is. */
export function datePatternFault(pattern: string): string | undefined {
  try {
    parseDatePattern(pattern)
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return `It must be a pattern of java.text.SimpleDateFormat: ${error.message}`
    throw error
  }
}
