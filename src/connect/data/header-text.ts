import type { SchemaAndValue } from '../converter.ts'
import { DataError } from '../errors.ts'
import { decimalText } from '../json/decimal.ts'
import { DATE, date, decimal, TIME, TIMESTAMP, time, timestamp } from './logical.ts'
import { arrayOf, mapOf, primitive, type Schema } from './schema.ts'

// The grammar is what Kafka Connect's `Values.parseString` accepts, down to its habit of ignoring what follows a
// recognised number, date, list or map.

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
    if (this.#canConsumeLiteral('null', isEmbedded)) return nothing
    if (this.#canConsumeLiteral('true', isEmbedded)) return { schema: booleanSchema, value: true }
    if (this.#canConsumeLiteral('false', isEmbedded)) return { schema: booleanSchema, value: false }
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

  /** Backslashes stay, and blanks before a delimiter go, as in Kafka Connect. */
  #parseQuoted(): SchemaAndValue {
    let text = ''
    while (this.#hasNext() && !this.#canConsume('"')) text += this.#next()
    return parseTemporal(text) ?? { schema: stringSchema, value: text }
  }

  #parseArray(): SchemaAndValue {
    const elements: SchemaAndValue[] = []
    const common = new CommonSchema()
    while (this.#hasNext()) {
      if (this.#canConsume(']')) {
        const { schema } = common
        if (schema === null)
          return { schema: { type: 'ARRAY', optional: false }, value: elements.map(({ value }) => value) }
        return { schema: arrayOf(schema), value: elements.map((element) => aligned(element, schema)) }
      }
      if (this.#canConsume(',')) throw new DataError('Unable to parse an empty array element')
      const element = this.parse(true)
      common.add(element.schema)
      elements.push(element)
      const position = this.#position
      if (this.#canConsume(']')) this.#position = position
      else if (!this.#canConsume(',')) throw new DataError("Array elements missing ',' delimiter")
    }
    throw new DataError("Array is missing terminating ']'")
  }

  #parseMap(): SchemaAndValue {
    const entries: [SchemaAndValue, SchemaAndValue][] = []
    const keys = new CommonSchema()
    const values = new CommonSchema()
    while (this.#hasNext()) {
      if (this.#canConsume('}')) return mapOfEntries(entries, keys.schema, values.schema)
      if (this.#canConsume(',')) throw new DataError('Unable to parse a map entry with no key or value')
      const key = this.parse(true)
      if (key.value === null) throw new DataError('Map entry may not have a null key')
      if (!this.#canConsume(':')) throw new DataError("Map entry is missing ':'")
      const value = this.parse(true)
      entries.push([key, value])
      keys.add(key.schema)
      values.add(value.schema)
      this.#canConsume(',')
    }
    throw new DataError("Map is missing terminating '}'")
  }

  #hasNext(): boolean {
    return this.#position < this.#text.length
  }

  /** A literal of its own must be the whole text. */
  #canConsumeLiteral(literal: string, isEmbedded: boolean): boolean {
    const start = this.#position
    if (this.#canConsume(literal) && (isEmbedded || !this.#hasNext())) return true
    this.#position = start
    return false
  }

  /** Blanks before the token that was looked at are passed over whether it is the expected one or not. */
  #canConsume(expected: string): boolean {
    if (!this.#hasNext()) return false
    let start = this.#position
    let token = this.#next()
    while (token.trim() === '' && this.#hasNext()) {
      start = this.#position
      token = this.#next()
    }
    if (token.trim() === expected) return true
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

function mapOfEntries(
  entries: readonly (readonly [SchemaAndValue, SchemaAndValue])[],
  keySchema: Schema | null,
  valueSchema: Schema | null,
): SchemaAndValue {
  if (keySchema === null)
    return {
      schema: { type: 'MAP', optional: false },
      value: new Map(entries.map(([key, item]) => [key.value, item.value])),
    }
  const value = new Map(
    entries.map(([key, item]) => [
      aligned(key, keySchema),
      valueSchema === null ? item.value : aligned(item, valueSchema),
    ]),
  )
  const schema: Schema =
    valueSchema === null ? { type: 'MAP', optional: false, keySchema } : mapOf(keySchema, valueSchema)
  return { schema, value }
}

const widths = ['INT8', 'INT16', 'INT32', 'INT64', 'FLOAT32', 'FLOAT64']

/** What holds all elements: of numbers the widest type, of others of one type the last; none when they differ. */
class CommonSchema {
  schema: Schema | null = null
  #isMixed = false

  add(schema: Schema | null): void {
    if (schema === null || this.#isMixed) return
    if (this.schema === null || this.schema.type === schema.type) this.schema = schema
    else {
      const [width, other] = [widths.indexOf(this.schema.type), widths.indexOf(schema.type)]
      this.#isMixed = width < 0 || other < 0
      if (this.#isMixed) this.schema = null
      else if (other > width) this.schema = schema
    }
  }
}

/** The value as one of the common schema. A null has none, and a date is no number: throws a `DataError`. */
function aligned({ schema, value }: SchemaAndValue, common: Schema): unknown {
  if (schema === null) throw new DataError('Unable to convert a null value to a schema that requires a value')
  if (schema.name !== common.name) {
    if (isTemporal(schema) && !isTemporal(common)) throw new DataError(`A ${schema.name} is no ${common.type}`)
    if (isTemporal(schema)) {
      const ms = (value as number) * (schema.name === DATE ? dayMs : 1)
      if (common.name === TIMESTAMP) return ms
      return common.name === DATE ? Math.floor(ms / dayMs) : ((ms % dayMs) + dayMs) % dayMs
    }
  }
  if (common.type === 'FLOAT32') return Math.fround(Number(value))
  return common.type === 'FLOAT64' ? Number(value) : value
}

function isTemporal({ name }: Schema): boolean {
  return name === DATE || name === TIME || name === TIMESTAMP
}

const dayMs = 86_400_000

/** By the length of the text. Like Java's formats they take digits of any count, and roll over what is out of range. */
const temporals: Readonly<Record<number, { readonly pattern: RegExp; readonly schema: Schema }>> = {
  10: { pattern: /^(\d+)-(\d+)-(\d+)/, schema: date() },
  13: { pattern: /^()()()(\d+):(\d+):(\d+)\.(\d+)Z/, schema: time() },
  24: { pattern: /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d+)Z/, schema: timestamp() },
}

function parseTemporal(escaped: string): SchemaAndValue | null {
  const text = escaped.replaceAll('\\:', ':')
  const format = temporals[text.length]
  const match = format?.pattern.exec(text) ?? null
  if (format === undefined || match === null) return null
  const [year, month, day, hours, minutes, seconds, millis] = match.slice(1).map(Number) as number[]
  const moment = new Date(0)
  if (format.schema.name !== TIME) moment.setUTCFullYear(year as number, (month as number) - 1, day)
  const ms = moment.setUTCHours(hours ?? 0, minutes ?? 0, seconds ?? 0, millis ?? 0)
  if (Number.isNaN(ms)) return null
  return { schema: format.schema, value: format.schema.name === DATE ? ms / dayMs : ms }
}

const integerLimits = [
  ['INT8', 2n ** 7n],
  ['INT16', 2n ** 15n],
  ['INT32', 2n ** 31n],
  ['INT64', 2n ** 63n],
] as const

/** Decimals with more zeros at their end stay text: their plain notation would fill the memory. */
const MOST_ZEROS = 10_000

function parseNumber(text: string): SchemaAndValue | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return null
  const [, sign, whole = '', fraction = '', power = '0'] = match
  const digits = (whole + fraction).replace(/^0+/, '')
  const scale = fraction.length - Number(power)
  const integer = integerOf(digits, scale)
  if (integer !== null) {
    const value = sign === '-' ? -integer : integer
    const type = integerLimits.find(([, limit]) => value >= -limit && value < limit)?.[0]
    const number = Number(value)
    if (type !== undefined) return { schema: primitive(type), value: Number.isSafeInteger(number) ? number : value }
  }
  const float = Number(text)
  if (scale !== 0 && Number.isFinite(Math.fround(float)))
    return { schema: primitive('FLOAT32'), value: Math.fround(float) }
  if (scale !== 0 && Number.isFinite(float)) return { schema: primitive('FLOAT64'), value: float }
  if (scale < -MOST_ZEROS) return null
  const unscaled = BigInt(digits)
  return { schema: decimal(scale), value: decimalText(sign === '-' ? -unscaled : unscaled, scale) }
}

/** The magnitude of a whole number of at most 20 digits; null for any other. `digits` have no zeros before them. */
function integerOf(digits: string, scale: number): bigint | null {
  if (digits === '') return 0n
  const length = digits.length - scale
  if (length <= 0 || length > 20) return null
  return /[1-9]/.test(digits.slice(length)) ? null : BigInt(digits.slice(0, length).padEnd(length, '0'))
}
