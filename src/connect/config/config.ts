import type { Static, TSchema } from 'typebox'
import { ConfigError } from '../errors.ts'
import { constraintCheck, invalidValue, oneOf, violationMessage } from './constraints.ts'
import type { Violation } from './plain-constraints.ts'
import type {
  ConfigDeclaration,
  ConfigKeyDefinition,
  ConfigType,
  ConfigValue,
  Importance,
  Width,
} from './declaration.ts'
import {
  formatConfigValue,
  type ParsedValue,
  parseConfigText,
  showConfigValue,
  UnparsableValue,
} from './parse-value.ts'
import type { JsonSchema, KeyAnnotations } from './type.ts'

/** Keys of a declaration: schemas made by `Type` and its companions, or by TypeBox. */
export type ConfigKeys = Readonly<Record<string, TSchema>>

/** The parsed values of these keys. */
export type ConfigProps<K extends ConfigKeys> = {
  readonly [N in keyof K]: K[N] extends { readonly '~unsafe': infer T } ? T : Static<K[N]>
}

type Props = Readonly<Record<string, string | null | undefined>>

interface KeySchema extends JsonSchema, KeyAnnotations<ParsedValue> {
  readonly type?: unknown
  readonly configType?: ConfigType
  readonly enum?: readonly string[]
  readonly ignoreCase?: boolean
}

interface Key {
  readonly definition: ConfigKeyDefinition
  readonly schema: KeySchema
  readonly isNullable: boolean
  /** The first constraint that a parsed value does not meet. */
  readonly violation: (value: ParsedValue) => Violation | null
}

/** Parsed values and messages, both by key without prefix. */
interface Reading {
  readonly values: Record<string, ParsedValue | null>
  readonly errors: Map<string, string[]>
}

/**
 * Declares a plugin's configuration. Texts are parsed as Kafka parses them, constraints are the JSON Schema's, and
 * messages are Kafka's. The result's type parameter is the type of the parsed values.
 */
export function config<const K extends ConfigKeys>(keys: K): ConfigDeclaration<ConfigProps<K>> {
  const declared = declareKeys(keys)
  const schema = objectSchema(declared)
  return makeDeclaration<ConfigProps<K>>(declared, schema, makeReader(declared), '', null)
}

const readers = new WeakMap<object, { declared: Map<string, Key>; read: (props: Props, prefix: string) => Reading }>()

/**
 * The same declaration as it stands inside a larger configuration: under `prefix` (`transforms.a.`), and in `group`
 * when that is given. `parse` reads prefixed keys and gives the plain ones; definitions, values and messages have
 * the full names.
 */
export function prefixed<P>(
  declaration: ConfigDeclaration<P>,
  prefix: string,
  group: string | null = null,
): ConfigDeclaration<P> {
  const source = readers.get(declaration)
  if (source === undefined) throw new TypeError('prefixed() takes a declaration that config() made')
  return makeDeclaration<P>(source.declared, declaration.schema, source.read, prefix, group)
}

/** The keys of `props` that begin with `prefix`, without it. */
export function withoutPrefix<V>(props: Readonly<Record<string, V>>, prefix: string): Record<string, V> {
  const found: Record<string, V> = {}
  for (const key in props) {
    if (key.length > prefix.length && key.startsWith(prefix)) found[key.slice(prefix.length)] = props[key] as V
  }
  return found
}

function makeDeclaration<P>(
  declared: Map<string, Key>,
  schema: JsonSchema,
  read: (props: Props, prefix: string) => Reading,
  prefix: string,
  group: string | null,
): ConfigDeclaration<P> {
  const definitions = new Map<string, ConfigKeyDefinition>()
  for (const [name, { definition }] of declared) {
    const place = group === null ? {} : { group, orderInGroup: definitions.size }
    const dependents = definition.dependents.map((dependent) => prefix + dependent)
    definitions.set(prefix + name, { ...definition, name: prefix + name, dependents, ...place })
  }
  const declaration: ConfigDeclaration<P> = {
    keys: definitions,
    schema,
    parse(props) {
      const { values, errors } = read(props, prefix)
      if (errors.size === 0) return values as P
      const byKey = Object.fromEntries([...errors].map(([key, messages]) => [prefix + key, messages]))
      throw new ConfigError([...errors.values()].flat().join('\n'), {
        errors: byKey,
        details: { keys: Object.keys(byKey) },
      })
    },
    validate(props) {
      const { values, errors } = read(props, prefix)
      return [...declared].map(
        ([name, { definition }]): ConfigValue => ({
          name: prefix + name,
          value: formatConfigValue(definition.type, values[name] ?? null),
          errors: errors.get(name) ?? [],
          visible: true,
          recommendedValues: definition.recommendedValues,
        }),
      )
    },
  }
  readers.set(declaration, { declared, read })
  return declaration
}

function declareKeys(keys: ConfigKeys): Map<string, Key> {
  const declared = new Map<string, Key>()
  const sizes = new Map<string, number>()
  for (const name in keys) {
    const schema = keys[name] as KeySchema
    const type = schema.configType ?? typeOfSchema(name, schema)
    const hasDefault = schema.default !== undefined || schema.optional === true
    const defaultValue = schema.default ?? null
    const group = schema.group ?? null
    const order = group === null ? -1 : (sizes.get(group) ?? 0) + 1
    if (group !== null) sizes.set(group, order)
    declared.set(name, {
      schema,
      violation: constraintCheck(plainSchema(schema)),
      isNullable: hasDefault && defaultValue === null,
      definition: {
        name,
        type,
        required: !hasDefault,
        defaultValue: formatConfigValue(type, defaultValue),
        importance: (schema.importance ?? 'medium').toUpperCase() as Importance,
        documentation: schema.description ?? '',
        group,
        orderInGroup: schema.order ?? order,
        width: (schema.width ?? 'none').toUpperCase() as Width,
        displayName: schema.displayName ?? name,
        dependents: schema.dependents ?? [],
        recommendedValues: schema.recommended ?? [],
      },
    })
  }
  return declared
}

function typeOfSchema(name: string, schema: KeySchema): ConfigType {
  switch (schema.type) {
    case 'string':
      return 'STRING'
    case 'integer':
      return 'INT'
    case 'number':
      return 'DOUBLE'
    case 'boolean':
      return 'BOOLEAN'
    case 'array':
      return 'LIST'
    default:
      throw new TypeError(`Configuration key "${name}" must be a string, integer, number, boolean or list of strings`)
  }
}

/** What only this module reads: not plain data, or said otherwise in JSON Schema. */
const ownKeywords = new Set(['optional', 'check', 'ifMissing'])

function plainSchema(schema: KeySchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !ownKeywords.has(keyword)))
}

function objectSchema(declared: Map<string, Key>): JsonSchema {
  const properties = Object.fromEntries([...declared].map(([name, { schema }]) => [name, plainSchema(schema)]))
  const required = [...declared].filter(([, { definition }]) => definition.required).map(([name]) => name)
  return { type: 'object', properties, required }
}

function makeReader(declared: Map<string, Key>): (props: Props, prefix: string) => Reading {
  return (props, prefix) => {
    const values: Record<string, ParsedValue | null> = {}
    const errors = new Map<string, string[]>()
    for (const [name, key] of declared) {
      const messages: string[] = []
      const value = readKey(key, prefix + name, props, messages)
      const fault = value === null ? null : faultOf(key, prefix + name, value)
      if (fault !== null) messages.push(fault)
      values[name] = value
      if (messages.length > 0) errors.set(name, messages)
    }
    return { values, errors }
  }
}

/** What is wrong with a parsed value, in a sentence; null when nothing is. */
function faultOf({ schema, definition: { type }, violation }: Key, name: string, value: ParsedValue): string | null {
  const found = violation(value)
  if (found !== null) return violationMessage(found, name, type, value, schema.ignoreCase === true)
  const reason = schema.check?.(value)
  return reason === undefined ? null : invalidValue(name, showConfigValue(type, value), reason)
}

/** One key's value, or null when it has none; then also what its constraints say to null, as Kafka's validators do. */
function readKey(
  { definition, schema, isNullable }: Key,
  name: string,
  props: Props,
  messages: string[],
): ParsedValue | null {
  const text = props[name]
  if (text === undefined) {
    if (!definition.required) return schema.default ?? null
    messages.push(`Missing required configuration "${name}" which has no default value.`)
  } else if (text !== null) {
    try {
      return normalise(schema, parseConfigText(definition.type, String(text)))
    } catch (error) {
      if (!(error instanceof UnparsableValue)) throw error
      messages.push(invalidValue(name, definition.type === 'PASSWORD' ? '[hidden]' : String(text), error.message))
    }
  }
  if (!isNullable) {
    const complaint = nullComplaint(name, definition.type, schema)
    if (complaint !== null) messages.push(complaint)
    else if (messages.length === 0) messages.push(invalidValue(name, 'null', 'Value must be non-null'))
  }
  return null
}

function nullComplaint(name: string, type: ConfigType, schema: KeySchema): string | null {
  if (schema.ifMissing !== undefined) return invalidValue(name, 'null', schema.ifMissing)
  if (schema.enum !== undefined) return invalidValue(name, 'null', oneOf(schema.enum, schema.ignoreCase === true))
  if (type === 'LIST' && (schema['minItems'] !== undefined || schema['uniqueItems'] === true))
    return `Configuration '${name}' values must not be null.`
  const isBounded = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].some((bound) => bound in schema)
  return isBounded ? invalidValue(name, 'null', 'Value must be non-null') : null
}

function normalise(schema: KeySchema, value: ParsedValue): ParsedValue {
  if (schema.ignoreCase !== true || typeof value !== 'string' || schema.enum === undefined) return value
  const wanted = value.toLowerCase()
  const found = schema.enum.find((allowed) => allowed.toLowerCase() === wanted)
  return found ?? value
}
