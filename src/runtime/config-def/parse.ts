import type { ConfigType } from '../../connect/index.ts'
import { javaTrim } from './java-trim.ts'
import type { ConfigKey, ParsedValue } from './key.ts'

/** Says why a text is not of its type; the reason part of Kafka's `Invalid value … for configuration …: reason`. */
export class ParseError extends Error {}

/** Zeros before a number are allowed, but not a text that takes long to look through. */
const LONGEST_NUMBER = 1000

const ranges = {
  SHORT: [-32768n, 32767n],
  INT: [-2147483648n, 2147483647n],
  LONG: [-9223372036854775808n, 9223372036854775807n],
} as const

/** Text to value. LONG beyond 2^53 loses precision as any JavaScript number does. Throws {@link ParseError}. */
export function parseText(text: string, type: ConfigType): ParsedValue {
  const trimmed = javaTrim(text)
  switch (type) {
    case 'BOOLEAN':
      if (/^true$/i.test(trimmed)) return true
      if (/^false$/i.test(trimmed)) return false
      throw new ParseError('Expected value to be either true or false')
    case 'SHORT':
    case 'INT':
    case 'LONG': {
      const [low, high] = ranges[type]
      const [, sign = '', digits] = (trimmed.length <= LONGEST_NUMBER && /^([+-]?)0*(\d{1,19})$/.exec(trimmed)) || []
      if (digits === undefined) throw new ParseError(`Not a number of type ${type}`)
      const value = BigInt(`${sign === '-' ? '-' : ''}${digits}`)
      if (value < low || value > high) throw new ParseError(`Not a number of type ${type}`)
      return Number(value)
    }
    case 'DOUBLE': {
      const value = Number(trimmed)
      if (trimmed === '' || Number.isNaN(value)) throw new ParseError('Not a number of type DOUBLE')
      return value
    }
    case 'LIST':
      return trimmed === '' ? [] : trimmed.split(',').map((part) => part.trim())
    case 'PASSWORD':
      return text
    default:
      return trimmed
  }
}

/** Value to the text that answers show; passwords are hidden. */
export function formatValue(value: ParsedValue, type: ConfigType): string | null {
  if (value === null) return null
  if (type === 'PASSWORD') return '[hidden]'
  return Array.isArray(value) ? value.join(',') : String(value)
}

export interface ParsedKey {
  /** Null when absent, unparsable or invalid. */
  readonly value: ParsedValue
  readonly errors: string[]
}

/** Parses one key out of `props`; a missing key gets its default. Messages are Kafka's. */
export function parseKey(configKey: ConfigKey, props: Readonly<Record<string, string | null | undefined>>): ParsedKey {
  const errors: string[] = []
  const given = Object.hasOwn(props, configKey.name) ? props[configKey.name] : undefined
  let value: ParsedValue = null
  if (given !== undefined && given !== null) {
    try {
      value = parseText(given, configKey.type)
    } catch (error) {
      errors.push(
        invalidValue(configKey.type === 'PASSWORD' ? '[hidden]' : given, configKey.name, (error as Error).message),
      )
    }
  } else if (configKey.default === undefined && given === undefined) {
    errors.push(`Missing required configuration "${configKey.name}" which has no default value.`)
  } else if (typeof configKey.default === 'string' && given === undefined) {
    value = parseText(configKey.default, configKey.type)
  }
  const reason = configKey.validator?.(value, configKey.name) ?? null
  if (reason !== null) errors.push(reason)
  return { value, errors }
}

/** Kafka's sentence for a bad value. */
export function invalidValue(value: unknown, name: string, reason?: string): string {
  const text = Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
  return `Invalid value ${text} for configuration ${name}${reason === undefined ? '' : `: ${reason}`}`
}
