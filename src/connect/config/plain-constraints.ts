import type { ParsedValue } from './parse-value.ts'
import type { JsonSchema } from './type.ts'

/** A constraint that a value does not meet. */
export interface Violation {
  /** The JSON Schema keyword. */
  readonly keyword: string
  /** The keyword's value. */
  readonly limit: unknown
  /** The entry of a list that is at fault; absent when the value itself is. */
  readonly item?: string
  /** What to say of a keyword that has no text of ours. */
  readonly message?: string
}

type Check = (value: ParsedValue) => boolean

const lengthOf = (value: ParsedValue): number => Array.from(value as string).length

/** Makes the check of a keyword; types were settled when the text was parsed. */
const keywords: Readonly<Record<string, (limit: never) => Check>> = {
  minimum: (limit: number) => (value) => (value as number) >= limit,
  maximum: (limit: number) => (value) => (value as number) <= limit,
  exclusiveMinimum: (limit: number) => (value) => (value as number) > limit,
  exclusiveMaximum: (limit: number) => (value) => (value as number) < limit,
  enum: (allowed: readonly unknown[]) => (value) => allowed.includes(value),
  minLength: (limit: number) => (value) => lengthOf(value) >= limit,
  maxLength: (limit: number) => (value) => lengthOf(value) <= limit,
  pattern: (pattern: string) => {
    const regex = new RegExp(pattern, 'u')
    return (value) => regex.test(value as string)
  },
  minItems: (limit: number) => (value) => (value as readonly string[]).length >= limit,
  maxItems: (limit: number) => (value) => (value as readonly string[]).length <= limit,
  uniqueItems: (isOn: boolean) => (value) =>
    !isOn || new Set(value as readonly string[]).size === (value as readonly string[]).length,
}

/** Says nothing about which values are allowed, once they were parsed as `type` says. */
const annotations = new Set(
  (
    'type title description default examples deprecated readOnly writeOnly $comment ' +
    'importance group order width displayName dependents recommended configType ignoreCase'
  ).split(' '),
)

/**
 * A check of the everyday constraints, which needs no schema compiler; null for a schema with any other keyword.
 * Gives the first violation, or null.
 */
export function plainCheck(schema: JsonSchema): ((value: ParsedValue) => Violation | null) | null {
  const checks: [keyword: string, limit: unknown, holds: Check][] = []
  let checkItem: ((value: ParsedValue) => Violation | null) | null = null
  for (const [keyword, limit] of Object.entries(schema)) {
    if (annotations.has(keyword)) continue
    if (keyword === 'items') {
      checkItem = plainCheck(limit as JsonSchema)
      if (checkItem === null) return null
      continue
    }
    const make = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined
    if (make === undefined) return null
    checks.push([keyword, limit, make(limit as never)])
  }
  return (value) => {
    for (const [keyword, limit, holds] of checks) if (!holds(value)) return { keyword, limit }
    if (checkItem === null || !Array.isArray(value)) return null
    for (const item of value as readonly string[]) {
      const violation = checkItem(item)
      if (violation !== null) return { ...violation, item }
    }
    return null
  }
}
