import { formatJavaDouble } from '../data/java-number.ts'
import type { ConfigType } from './declaration.ts'

/** A parsed configuration value. */
export type ParsedValue = string | number | boolean | readonly string[]

/** The reason why a text cannot be parsed, in Kafka's words. */
export class UnparsableValue extends Error {}

const integerRanges = {
  SHORT: [-32768n, 32767n],
  INT: [-2147483648n, 2147483647n],
  LONG: [-(2n ** 63n), 2n ** 63n - 1n],
} as const

const decimalNumber = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/

/** Parses a configuration text as Kafka's `ConfigDef.parseType` does. Throws {@link UnparsableValue}. */
export function parseConfigText(type: ConfigType, text: string): ParsedValue {
  const trimmed = text.trim()
  switch (type) {
    case 'BOOLEAN':
      switch (trimmed.toLowerCase()) {
        case 'true':
          return true
        case 'false':
          return false
        default:
          throw new UnparsableValue('Expected value to be either true or false')
      }
    case 'INT':
    case 'SHORT':
    case 'LONG':
      return parseInteger(type, trimmed)
    case 'DOUBLE':
      if (!decimalNumber.test(trimmed)) throw new UnparsableValue('Not a number of type DOUBLE')
      return Number(trimmed.replace(/(?<=\d|\.)[fFdD]$/, ''))
    case 'LIST':
      return trimmed === '' ? [] : trimmed.split(',').map((item) => item.trim())
    case 'STRING':
    case 'CLASS':
    case 'PASSWORD':
      return trimmed
  }
}

function parseInteger(type: 'INT' | 'SHORT' | 'LONG', text: string): number {
  const digits = /^([+-]?)0*(\d{1,19})$/.exec(text)
  if (digits !== null) {
    const value = BigInt(`${digits[1] === '-' ? '-' : ''}${digits[2]}`)
    const [min, max] = integerRanges[type]
    if (value >= min && value <= max) return Number(value)
  }
  throw new UnparsableValue(`Not a number of type ${type}`)
}

/** The text form of a parsed value as REST answers show it; passwords are hidden. */
export function formatConfigValue(type: ConfigType, value: ParsedValue | null): string | null {
  if (value === null) return null
  if (type === 'PASSWORD') return '[hidden]'
  if (typeof value === 'number') return type === 'DOUBLE' ? formatJavaDouble(value) : integerText(value)
  return typeof value === 'object' ? value.join(',') : String(value)
}

/** A parsed value inside a message: lists in Java's brackets, passwords hidden. */
export function showConfigValue(type: ConfigType, value: ParsedValue | null): string {
  if (typeof value === 'object' && value !== null && type !== 'PASSWORD') return `[${value.join(', ')}]`
  return formatConfigValue(type, value) ?? 'null'
}

/** Plain digits; the doubles next to the ends of the 64-bit range are shown as the ends. */
function integerText(value: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  const [min, max] = integerRanges.LONG
  const exact = BigInt(value)
  return String(exact > max ? max : exact < min ? min : exact)
}
