import { javaRegexFault } from '../../connect/index.ts'
import type { Validator } from './key.ts'
import { invalidValue } from './parse.ts'

/** A number of at least `minimum`; null is a fault, as in Kafka. */
export function atLeast(minimum: number): Validator {
  return (value, name) => {
    if (value === null) return invalidValue(null, name, 'Value must be non-null')
    return Number(value) < minimum ? invalidValue(value, name, `Value must be at least ${minimum}`) : null
  }
}

/** A number from `minimum` to `maximum`; null is a fault. */
export function between(minimum: number, maximum: number): Validator {
  return (value, name) => {
    if (value === null || Number(value) < minimum) return atLeast(minimum)(value, name)
    return Number(value) > maximum ? invalidValue(value, name, `Value must be no more than ${maximum}`) : null
  }
}

/** Passes null to no check. */
export function optional(validator: Validator): Validator {
  return (value, name) => (value === null ? null : validator(value, name))
}

/** −1 (the broker's default) or at least 1. */
export const brokerDefaultOrPositive: Validator = (value, name) =>
  value === -1 || Number(value) >= 1 ? null : invalidValue(value, name, 'Value must be -1 or at least 1')

/** One of these words exactly. */
export function oneOf(...words: readonly string[]): Validator {
  return (value, name) =>
    words.includes(value as string) ? null : invalidValue(value, name, `String must be one of: ${words.join(', ')}`)
}

/** One of these words in any case. */
export function oneOfIgnoringCase(...words: readonly string[]): Validator {
  return (value, name) =>
    typeof value === 'string' && words.some((word) => word.toLowerCase() === value.toLowerCase())
      ? null
      : invalidValue(value, name, `String must be one of (case insensitive): ${words.join(', ')}`)
}

/** A text that is not empty; null passes. */
export const nonEmptyString: Validator = (value, name) =>
  value === '' ? invalidValue(value, name, 'String must be non-empty') : null

/** A name: not empty and without control characters; null passes. */
export const nonEmptyWithoutControlCharacters: Validator = (value, name) => {
  if (typeof value !== 'string') return null
  if (value === '') return invalidValue(value, name, 'String may not be empty')
  // Half a character is lost in UTF-8: what has it in its name would not be found again.
  if (!value.isWellFormed()) return invalidValue(value.toWellFormed(), name, 'String must be valid Unicode')
  const found = Array.from(value).filter(
    (c) => c.charCodeAt(0) < 0x20 || (c.charCodeAt(0) >= 0x7f && c.charCodeAt(0) <= 0x9f),
  )
  if (found.length === 0) return null
  const codes = found.map((c) => c.charCodeAt(0))
  return invalidValue(
    value,
    name,
    `String may not contain control sequences but had the following ASCII chars: ${codes.join(', ')}`,
  )
}

/** A list without repeated entries. */
export const uniqueAliases: Validator = (value, name) => {
  if (value === null) return invalidValue(null, name, 'entry must be non null')
  const list = value as readonly string[]
  return new Set(list).size < list.length ? invalidValue(list, name, 'Duplicate alias provided.') : null
}

/** A list that may be empty, but without repeated or empty entries. Kafka words these without `Invalid value`. */
export const listWithoutRepeats: Validator = (value, name) => {
  if (value === null) return `Configuration '${name}' values must not be null.`
  const list = value as readonly string[]
  if (new Set(list).size < list.length) return `Configuration '${name}' values must not be duplicated.`
  return list.includes('') ? `Configuration '${name}' values must not be empty.` : null
}

/** The same for a list that must have an entry. */
export const nonEmptyListWithoutRepeats: Validator = (value, name) =>
  Array.isArray(value) && value.length === 0
    ? `Configuration '${name}' must not be empty. Valid values include: any non-empty value`
    : listWithoutRepeats(value, name)

/** A Java regular expression; null passes. */
export const regularExpression: Validator = (value, name) => {
  const fault = typeof value === 'string' ? javaRegexFault(value) : undefined
  return fault === undefined ? null : invalidValue(value, name, fault)
}
