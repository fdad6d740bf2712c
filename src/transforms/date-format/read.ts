import type { DateFields } from './date-fields.ts'
import { eras, halves, months, short, weekdays, zones } from './names.ts'
import type { PatternElement, PatternLetter } from './pattern.ts'

/**
 * Reads a text from its beginning by a pattern, as leniently as Java does: numbers may have fewer or more digits than the
 * pattern has letters unless another number follows at once, may be out of range and negative; blanks before them do
 * not matter, nor does what follows the end of the pattern. False when the text does not match.
 */
export function readFields(elements: readonly PatternElement[], text: string, fields: DateFields): boolean {
  const reader = new FieldReader(text, fields)
  for (const [i, element] of elements.entries()) {
    if ('text' in element) {
      if (!reader.skipText(element.text)) return false
    } else {
      const next = elements[i + 1]
      const width = next !== undefined && isNumber(next) ? element.count : null
      if (!reader.readField(element.letter, element.count, width)) return false
    }
  }
  return true
}

function isNumber(element: PatternElement): boolean {
  if ('text' in element) return false
  const { letter, count } = element
  return letter === 'M' || letter === 'L' ? count < 3 : !'GEazZX'.includes(letter)
}

class FieldReader {
  readonly #text: string
  readonly #fields: DateFields
  #position = 0

  constructor(text: string, fields: DateFields) {
    this.#text = text
    this.#fields = fields
  }

  skipText(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#position)) return false
    this.#position += expected.length
    return true
  }

  /** `width`: the most characters, blanks before the number among them; null for as many as there are. */
  readField(letter: PatternLetter, count: number, width: number | null): boolean {
    const limit = width === null ? this.#text.length : this.#position + width
    while (this.#text[this.#position] === ' ' || this.#text[this.#position] === '\t') this.#position++
    switch (letter) {
      case 'G':
        return this.#readName(eras, (i) => this.#fields.set('era', i))
      case 'E':
        return this.#readName([...weekdays, ...weekdays.map(short)], (i) => this.#fields.set('weekday', i % 7))
      case 'a':
        return this.#readName(halves, (i) => this.#fields.set('half', i))
      case 'M':
      case 'L':
        if (count >= 3)
          return this.#readName([...months, ...months.map(short)], (i) => this.#fields.set('month', i % 12))
        break
      case 'z':
      case 'Z':
        return this.#readZone()
      case 'X':
        return this.#readIsoZone(count)
    }
    const start = this.#position
    const value = this.#readNumber(limit)
    if (value === null) return false
    const isShortYear = count <= 2 && /^\d\d$/.test(this.#text.slice(start, this.#position))
    this.#fields.setNumber(letter, value, isShortYear)
    return true
  }

  #readNumber(limit: number): number | null {
    if (limit > this.#text.length) return null
    const match = /^(-?)0*(\d+)/.exec(this.#text.slice(this.#position, limit))
    if (match === null) return null
    this.#position += match[0].length
    const [, sign = '', digits = ''] = match
    // As Java makes an int of it: of a long the low bits, of anything longer the nearest.
    const value = digits.length > 19 ? null : BigInt(sign + digits)
    if (value !== null && BigInt.asIntN(64, value) === value) return Number(BigInt.asIntN(32, value))
    return sign === '' ? 2 ** 31 - 1 : -(2 ** 31)
  }

  /** Takes the longest of the names that stands here, in any case. */
  #readName(names: readonly string[], found: (index: number) => void): boolean {
    let best = -1
    for (const [i, name] of names.entries())
      if (name.length > (names[best]?.length ?? 0) && this.#hasHere(name)) best = i
    if (best === -1) return false
    this.#position += (names[best] as string).length
    found(best)
    return true
  }

  #hasHere(name: string): boolean {
    const here = this.#text.slice(this.#position, this.#position + name.length)
    return here.toLowerCase() === name.toLowerCase()
  }

  /** `+hhmm`, `GMT`, `GMT+h:mm` or a name. */
  #readZone(): boolean {
    const sign = this.#takeSign()
    if (sign !== 0) return this.#readOffset(/^(\d\d)(\d\d)/, sign)
    if (!this.#hasHere('GMT'))
      return this.#readName(
        zones.map(([name]) => name),
        (i) => this.#fields.set('zone', zones[i]?.[1] ?? 0),
      )
    this.#position += 3
    const offsetSign = this.#takeSign()
    if (offsetSign !== 0) return this.#readOffset(/^(\d\d?):(\d\d)/, offsetSign)
    this.#fields.set('zone', 0)
    return true
  }

  #readIsoZone(count: number): boolean {
    if (this.skipText('Z')) {
      this.#fields.set('zone', 0)
      return true
    }
    const sign = this.#takeSign()
    const form = count === 1 ? /^(\d\d)()/ : count === 2 ? /^(\d\d)(\d\d)/ : /^(\d\d):(\d\d)/
    return sign !== 0 && this.#readOffset(form, sign)
  }

  #takeSign(): -1 | 0 | 1 {
    if (this.skipText('+')) return 1
    return this.skipText('-') ? -1 : 0
  }

  #readOffset(form: RegExp, sign: number): boolean {
    const match = form.exec(this.#text.slice(this.#position))
    const hours = Number(match?.[1])
    const minutes = Number(match?.[2])
    if (match === null || hours > 23 || minutes > 59) return false
    this.#position += match[0].length
    this.#fields.set('zone', sign * (hours * 60 + minutes))
    return true
  }
}
