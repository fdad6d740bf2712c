import { createRequire } from 'node:module'
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { formatJavaDouble } from '../data/java-number.ts'
import type { ConfigType } from './declaration.ts'
import { type ParsedValue, showConfigValue } from './parse-value.ts'
import type { JsonSchema } from './type.ts'

interface Compiler {
  compile(schema: JsonSchema): ValidateFunction
}

// Loaded at the first check and not with the module: ajv takes longer to load than all the rest of the plugin API.
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

/** What is wrong with the parsed value of a key. */
export interface Fault {
  readonly key: string
  readonly message: string
}

/** Checks parsed, non-null values against the constraints of an object schema: at most one fault a key, in any order. */
export function constraintChecker(
  schema: JsonSchema,
): (values: Readonly<Record<string, ParsedValue>>, typeOf: (key: string) => ConfigType, prefix: string) => Fault[] {
  let validate: ValidateFunction | undefined
  return (values, typeOf, prefix) => {
    validate ??= ajv().compile(schema)
    if (validate(values)) return []
    const faults = new Map<string, Fault>()
    for (const error of validate.errors ?? []) {
      const [key = ''] = error.instancePath.slice(1).split('/').map(unescapePointer)
      const value = values[key]
      if (faults.has(key) || value === undefined) continue
      faults.set(key, { key, message: constraintMessage(error, prefix + key, typeOf(key), value) })
    }
    return [...faults.values()]
  }
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** `Invalid value <v> for configuration <k>: <reason>`, as Kafka's ConfigException has it. */
export function invalidValue(key: string, shown: string, reason: string): string {
  return `Invalid value ${shown} for configuration ${key}: ${reason}`
}

function constraintMessage(error: ErrorObject, key: string, type: ConfigType, value: ParsedValue): string {
  if (error.keyword === 'uniqueItems') return `Configuration '${key}' values must not be duplicated.`
  if (error.keyword === 'minItems' && Array.isArray(value) && value.length === 0)
    return `Configuration '${key}' must not be empty. Valid values include: any non-empty value`
  const isItem = error.instancePath.indexOf('/', 1) !== -1
  if (isItem && error.keyword === 'minLength' && error.data === '')
    return `Configuration '${key}' values must not be empty.`
  const shown = isItem && typeof error.data === 'string' ? error.data : showConfigValue(type, value)
  return invalidValue(key, shown, reasonOf(error, type))
}

function reasonOf({ keyword, params, message, parentSchema }: ErrorObject, type: ConfigType): string {
  const limit = params['limit'] as number | undefined
  const bound = limit !== undefined && type === 'DOUBLE' ? formatJavaDouble(limit) : String(limit)
  switch (keyword) {
    case 'minimum':
      return `Value must be at least ${bound}`
    case 'maximum':
      return `Value must be no more than ${bound}`
    case 'exclusiveMinimum':
      return `Value must be greater than ${bound}`
    case 'exclusiveMaximum':
      return `Value must be less than ${bound}`
    case 'enum':
      return oneOf(params['allowedValues'] as readonly string[], parentSchema?.['ignoreCase'] === true)
    case 'minLength':
      return limit === 1 ? 'String must be non-empty' : `String must have at least ${bound} characters`
    case 'maxLength':
      return `String must have at most ${bound} characters`
    case 'pattern':
      return `String must match the pattern ${String(params['pattern'])}`
    case 'format':
      return `String must be a valid ${String(params['format'])}`
    case 'minItems':
      return `List must have at least ${bound} entries`
    case 'maxItems':
      return `List must have at most ${bound} entries`
    default:
      return `Value ${message ?? 'is not allowed'}`
  }
}

/** The reason for a value outside a list of allowed ones. */
export function oneOf(allowed: readonly string[], ignoreCase: boolean): string {
  return `String must be one of${ignoreCase ? ' (case insensitive)' : ''}: ${allowed.join(', ')}`
}
