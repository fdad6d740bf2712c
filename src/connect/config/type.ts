import type { TUnsafe } from 'typebox'
import type { ConfigType } from './declaration.ts'

/** A JSON Schema as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** What Kafka Connect knows of a configuration key beside its type; all optional. */
export interface KeyAnnotations<T> {
  /** Shown wherever the key is documented; Markdown. */
  readonly description?: string
  /** Taken when the key is absent. Without one the key is required; null makes it optional, as `optional` does. */
  readonly default?: T | null
  /** Short for `default: null`. */
  readonly optional?: boolean
  /** Default `medium`. */
  readonly importance?: 'high' | 'medium' | 'low'
  /** Heading in forms. Default: none. */
  readonly group?: string
  /** Place within the group; default: in order of declaration, from 1. */
  readonly order?: number
  /** Default `none`. */
  readonly width?: 'none' | 'short' | 'medium' | 'long'
  /** Default: the key itself. */
  readonly displayName?: string
  /** Keys whose meaning depends on this one. */
  readonly dependents?: readonly string[]
  /** Values to propose in forms; others stay allowed. */
  readonly recommended?: readonly string[]
  /** What is wrong with a parsed, non-null value beyond the schema, as a short reason; undefined when nothing is. */
  readonly check?: (value: T) => string | undefined
  /** What is wrong with having no value, as a short reason: said beside that a required key is missing. */
  readonly ifMissing?: string
}

export interface TextOptions<T extends string = string> extends KeyAnnotations<T> {
  readonly enum?: readonly T[]
  /** With `enum`: any case is accepted, and the spelling of the `enum` is what the parsed value has. */
  readonly ignoreCase?: boolean
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
}

export interface NumericOptions extends KeyAnnotations<number> {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
}

export interface ListOptions extends KeyAnnotations<readonly string[]> {
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
}

type NullOf<O> = O extends { readonly optional: true } ? null : O extends { readonly default: null } ? null : never

/** A key's JSON Schema that carries the type of its parsed value, in TypeBox's way: `Static<ConfigKey<T>>` is `T`. */
export type ConfigKey<T> = TUnsafe<T> & JsonSchema

function key<T>(type: string, configType: ConfigType, options: object, extra: object = {}): ConfigKey<T> {
  return { type, ...extra, ...options, configType } as unknown as ConfigKey<T>
}

/**
 * Makers of configuration keys with the names, options and inferred types of TypeBox's `Type`, which is not loaded
 * itself: importing it takes longer than the rest of a worker's start. Schemas made by TypeBox are accepted as well.
 */
export const Type = {
  /** STRING; surrounding blanks are trimmed, as Kafka does. With `enum` the parsed type is the union of its members. */
  String<const T extends string = string, const O extends TextOptions<T> = TextOptions<T>>(
    options?: O & TextOptions<T>,
  ): ConfigKey<(O extends { readonly enum: readonly (infer E)[] } ? E : string) | NullOf<O>> {
    return key('string', 'STRING', options ?? {})
  },
  /** INT, 32 bits. */
  Integer<const O extends NumericOptions>(options?: O): ConfigKey<number | NullOf<O>> {
    return key('integer', 'INT', options ?? {})
  },
  /** DOUBLE. */
  Number<const O extends NumericOptions>(options?: O): ConfigKey<number | NullOf<O>> {
    return key('number', 'DOUBLE', options ?? {})
  },
  /** BOOLEAN: `true` or `false` in any case. */
  Boolean<const O extends KeyAnnotations<boolean>>(options?: O): ConfigKey<boolean | NullOf<O>> {
    return key('boolean', 'BOOLEAN', options ?? {})
  },
}

/** LONG. Values beyond 2^53 become the nearest double. */
export function long<const O extends NumericOptions>(options?: O): ConfigKey<number | NullOf<O>> {
  return key('integer', 'LONG', options ?? {})
}

/** SHORT, 16 bits. */
export function short<const O extends NumericOptions>(options?: O): ConfigKey<number | NullOf<O>> {
  return key('integer', 'SHORT', options ?? {})
}

/** LIST: split at commas, blanks around the items trimmed; an empty text is an empty list. */
export function list<const O extends ListOptions>(options?: O): ConfigKey<readonly string[] | NullOf<O>> {
  return key('array', 'LIST', options ?? {}, { items: { type: 'string' } })
}

/** PASSWORD: the parsed value is the text; it is never shown in a message or an answer. */
export function password<const O extends TextOptions>(options?: O): ConfigKey<string | NullOf<O>> {
  return key('string', 'PASSWORD', options ?? {}, { writeOnly: true })
}

/** CLASS: the name of a plugin or other class; whether it exists is the runtime's to say. */
export function classRef<const O extends TextOptions>(options?: O): ConfigKey<string | NullOf<O>> {
  return key('string', 'CLASS', options ?? {})
}
