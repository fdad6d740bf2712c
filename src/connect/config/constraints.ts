import { createRequire } from 'node:module'
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { formatJavaDouble } from '../data/java-number.ts'
import { type ParsedValue, showConfigValue } from './parse-value.ts'
import { plainCheck, type Violation } from './plain-constraints.ts'
import type { ConfigType } from './declaration.ts'
import type { JsonSchema } from './type.ts'

interface Compiler {
  compile(schema: JsonSchema): ValidateFunction
}

// Loaded for the first schema that needs it and not with the module: to load ajv and to compile a schema takes 0.2 s and
// some megabytes, in every task thread.
const require = createRequire(import.meta.url)
let compiler: Compiler | undefined

function ajv(): Compiler {
  if (compiler === undefined) {
    const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
    const instance = new Ajv2020({ allErrors: true, strict: false, verbose: true })
    const formats = require('ajv-formats') as unknown as (target: unknown) => void
    formats(instance)
    compiler = instance
  }
  return compiler
}

/** Makes the check of a key's schema for parsed, non-null values: the first violation, or null. */
export function constraintCheck(schema: JsonSchema): (value: ParsedValue) => Violation | null {
  const plain = plainCheck(schema)
  if (plain !== null) return plain
  let validate: ValidateFunction | undefined
  return (value) => {
    validate ??= ajv().compile(schema)
    const error = validate(value) ? undefined : validate.errors?.[0]
    return error === undefined ? null : violationOf(error)
  }
}

function violationOf({ keyword, schema, message, instancePath, data }: ErrorObject): Violation {
  return {
    keyword,
    limit: schema,
    ...(message === undefined ? {} : { message }),
    ...(instancePath !== '' && typeof data === 'string' ? { item: data } : {}),
  }
}

/** `Invalid value <v> for configuration <k>: <reason>`, as Kafka's ConfigException has it. */
export function invalidValue(key: string, shown: string, reason: string): string {
  return `Invalid value ${shown} for configuration ${key}: ${reason}`
}

/** The sentence for a violation, in Kafka's words where Kafka has any. */
export function violationMessage(
  { keyword, limit, item, message }: Violation,
  key: string,
  type: ConfigType,
  value: ParsedValue,
  ignoreCase: boolean,
): string {
  if (keyword === 'uniqueItems') return `Configuration '${key}' values must not be duplicated.`
  if (keyword === 'minItems' && Array.isArray(value) && value.length === 0)
    return `Configuration '${key}' must not be empty. Valid values include: any non-empty value`
  if (item === '' && keyword === 'minLength') return `Configuration '${key}' values must not be empty.`
  const reason =
    keyword === 'enum'
      ? oneOf(limit as readonly string[], ignoreCase)
      : (reasonOf(keyword, type === 'DOUBLE' ? formatJavaDouble(limit as number) : String(limit)) ??
        `Value ${message ?? 'is not allowed'}`)
  return invalidValue(key, item ?? showConfigValue(type, value), reason)
}

function reasonOf(keyword: string, limit: string): string | undefined {
  switch (keyword) {
    case 'minimum':
      return `Value must be at least ${limit}`
    case 'maximum':
      return `Value must be no more than ${limit}`
    case 'exclusiveMinimum':
      return `Value must be greater than ${limit}`
    case 'exclusiveMaximum':
      return `Value must be less than ${limit}`
    case 'multipleOf':
      return `Value must be a multiple of ${limit}`
    case 'minLength':
      return limit === '1' ? 'String must be non-empty' : `String must have at least ${limit} characters`
    case 'maxLength':
      return `String must have at most ${limit} characters`
    case 'pattern':
      return `String must match the pattern ${limit}`
    case 'format':
      return `String must be a valid ${limit}`
    case 'minItems':
      return `List must have at least ${limit} entries`
    case 'maxItems':
      return `List must have at most ${limit} entries`
    default:
      return undefined
  }
}

/** The reason for a value outside a list of allowed ones. */
export function oneOf(allowed: readonly string[], ignoreCase: boolean): string {
  return `String must be one of${ignoreCase ? ' (case insensitive)' : ''}: ${allowed.join(', ')}`
}
