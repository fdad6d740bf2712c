import type { SchemaAndValue } from '../converter.ts'
import { DataError } from '../errors.ts'
import { DATE, date, decimal, time, timestamp } from './logical.ts'
import { arrayOf, mapOf, primitive, type Schema } from './schema.ts'

// The grammar is what Kafka Connect's `Values.parseString` accepts, down to its habit of ignoring what follows a
// recognised number, date or literal.

const nothing: SchemaAndValue = { schema: null, value: null }
const stringSchema = primitive('STRING')
const booleanSchema = primitive('BOOLEAN')
const delimiters = ',:{}[]"'

/** Finds out what a header's text stands for; what is nothing else is a STRING. */
export function parseHeaderText(text: string): SchemaAndValue {
  if (text === '') return { schema: stringSchema, value: text }
  try {
    return new HeaderTextParser(text).parse(false)
  } catch (error) {
    // Brackets nested deeper than the stack: text, like anything else that is not understood.
    if (error instanceof RangeError) return { schema: stringSchema, value: text }
    throw error
  }
}

class HeaderTextParser {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(isEmbedded: boolean): SchemaAndValue {
    if (!this.#hasNext()) return nothing
    if (isEmbedded && this.#canConsume('"')) return this.#parseQuoted()
    if (this.#canConsume('null')) return nothing
    if (this.#canConsume('true')) return { schema: booleanSchema, value: true }
    if (this.#canConsume('false')) return { schema: booleanSchema, value: false }
    const start = this.#position
    try {
      if (this.#canConsume('[')) return this.#parseArray()
      if (this.#canConsume('{')) return this.#parseMap()
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      this.#position = start
    }
    const token = this.#next()
    if (token.trim() === '') return { schema: stringSchema, value: token }
    const found = this.#parseToken(token.trim())
    if (found !== null) return found
    if (isEmbedded) throw new DataError('Failed to parse embedded value')
    return { schema: stringSchema, value: this.#text }
  }

  #parseToken(token: string): SchemaAndValue | null {
    if (/^\d/.test(token)) {
      const found = this.#parseTemporalAt(token)
      if (found !== null) return found
    }
    return /^[\d+-]/.test(token) ? parseNumber(token) : null
  }

  /** Times hold colons, which are delimiters: `12:34:56.789Z` is five tokens. */
  #parseTemporalAt(token: string): SchemaAndValue | null {
    const start = this.#position
    let rest = ''
    let count = 0
    while (count < 4 && this.#hasNext()) {
      rest += this.#next()
      count++
    }
    const found = count === 4 ? parseTemporal(token + rest) : null
    if (found !== null) return found
    this.#position = start
    return parseTemporal(token)
  }

  #parseQuoted(): SchemaAndValue {
    let content = ''
    while (this.#hasNext() && !this.#canConsume('"', false)) content += this.#next()
    const text = content.replace(/\\(["\\])/g, '$1')
    return parseTemporal(text) ?? { schema: stringSchema, value: text }
  }

  #parseArray(): SchemaAndValue {
    const values: unknown[] = []
    const common = new CommonSchema()
    while (this.#hasNext()) {
      if (this.#canConsume(']')) {
        const schema: Schema = common.schema === null ? { type: 'ARRAY', optional: false } : arrayOf(common.schema)
        return { schema, value: values }
      }
      if (this.#canConsume(',')) throw new DataError('Unable to parse an empty array element')
      const element = this.parse(true)
      common.add(element.schema)
      values.push(element.value)
      const position = this.#position
      if (this.#canConsume(']')) this.#position = position
      else if (!this.#canConsume(',')) throw new DataError("Array elements missing ',' delimiter")
    }
    throw new DataError("Array is missing terminating ']'")
  }

  #parseMap(): SchemaAndValue {
    const map = new Map<unknown, unknown>()
    const keys = new CommonSchema()
    const values = new CommonSchema()
    while (this.#hasNext()) {
      if (this.#canConsume('}')) {
        const schema: Schema =
          keys.schema !== null && values.schema !== null
            ? mapOf(keys.schema, values.schema)
            : { type: 'MAP', optional: false }
        return { schema, value: map }
      }
      if (this.#canConsume(',')) throw new DataError('Unable to parse a map entry with no key or value')
      const key = this.parse(true)
      if (key.value === null) throw new DataError('Map entry may not have a null key')
      if (!this.#canConsume(':')) throw new DataError("Map entry is missing ':'")
      const value = this.parse(true)
      map.set(key.value, value.value)
      keys.add(key.schema)
      values.add(value.schema)
      this.#canConsume(',')
    }
    throw new DataError("Map is missing terminating '}'")
  }

  #hasNext(): boolean {
    return this.#position < this.#text.length
  }

  #canConsume(expected: string, ignoringBlanks = true): boolean {
    const start = this.#position
    if (!this.#hasNext()) return false
    const token = this.#next()
    if ((ignoringBlanks ? token.trim() : token) === expected) return true
    if (ignoringBlanks && token.trim() === '' && this.#canConsume(expected)) return true
    this.#position = start
    return false
  }

  /** The next delimiter, or everything up to the next one; a backslash takes a delimiter its meaning. */
  #next(): string {
    const start = this.#position
    let isEscaped = false
    for (let i = start; i < this.#text.length; i++) {
      const c = this.#text.charAt(i)
      if (c === '\\') isEscaped = !isEscaped
      else {
        if (!isEscaped && delimiters.includes(c)) {
          this.#position = i === start ? i + 1 : i
          return this.#text.slice(start, this.#position)
        }
        isEscaped = false
      }
    }
    this.#position = this.#text.length
    return this.#text.slice(start)
  }
}

const widths = ['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64'] as const

/** The narrowest type that holds all elements: numbers widen, anything else must be alike; nulls do not count. */
class CommonSchema {
  schema: Schema | null = null
  #isMixed = false

  add(schema: Schema | null): void {
    if (schema === null || this.#isMixed) return
    if (this.schema === null) this.schema = schema
    else if (this.schema.type !== schema.type || this.schema.name !== schema.name) {
      const wider = Math.max(widthOf(this.schema), widthOf(schema))
      this.#isMixed = widthOf(this.schema) < 0 || widthOf(schema) < 0
      this.schema = this.#isMixed ? null : primitive(widths[wider] ?? 'FLOAT64')
    }
  }
}

function widthOf(schema: Schema): number {
  return schema.name === undefined ? widths.indexOf(schema.type as (typeof widths)[number]) : -1
}

const temporals: readonly { pattern: RegExp; schema: Schema; prefix: string; suffix: string }[] = [
  { pattern: /^\d{4}-\d{2}-\d{2}$/, schema: date(), prefix: '', suffix: 'T00:00:00.000Z' },
  { pattern: /^\d{2}:\d{2}:\d{2}\.\d{3}Z$/, schema: time(), prefix: '1970-01-01T', suffix: '' },
  { pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, schema: timestamp(), prefix: '', suffix: '' },
]

function parseTemporal(text: string): SchemaAndValue | null {
  for (const { pattern, schema, prefix, suffix } of temporals) {
    if (!pattern.test(text)) continue
    const ms = Date.parse(prefix + text + suffix)
    if (Number.isNaN(ms)) return null
    return { schema, value: schema.name === DATE ? ms / 86_400_000 : ms }
  }
  return null
}

const integerLimits = [
  ['INT8', 2n ** 7n],
  ['INT16', 2n ** 15n],
  ['INT32', 2n ** 31n],
  ['INT64', 2n ** 63n],
] as const

function parseNumber(text: string): SchemaAndValue | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return null
  const [, sign, whole = '', fraction = '', power = '0'] = match
  const float = Number(text)
  const exact = Math.abs(Number(power)) > 400 ? null : exactInteger(whole, fraction, Number(power))
  const integer = exact === null ? null : sign === '-' ? -exact : exact
  if (integer !== null) {
    for (const [type, limit] of integerLimits) {
      if (integer < -limit || integer >= limit) continue
      const number = Number(integer)
      return { schema: primitive(type), value: Number.isSafeInteger(number) ? number : integer }
    }
    if (/^[+-]?\d+$/.test(text)) return { schema: decimal(0), value: String(integer) }
  }
  if (Number.isFinite(Math.fround(float))) return { schema: primitive('FLOAT32'), value: Math.fround(float) }
  if (Number.isFinite(float)) return { schema: primitive('FLOAT64'), value: float }
  return integer === null ? null : { schema: decimal(0), value: String(integer) }
}

/** The value when it is a whole number, without sign; null when it is not. */
function exactInteger(whole: string, fraction: string, power: number): bigint | null {
  const exponent = power - fraction.length
  const digits = BigInt(whole + fraction || '0')
  if (exponent >= 0) return digits * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  return digits % divisor === 0n ? digits / divisor : null
}
