import { DataError, type Schema } from '../connect/index.ts'

/** Values by field name, whether a struct or a schemaless map. */
export type Members = Readonly<Record<string, unknown>>

/** The fields of a schemaless map, whose keys are names. Throws `DataError` for anything else, null included. */
export function requireMap(value: unknown, purpose: string): Members {
  if (value instanceof Map) return Object.fromEntries(value) as Members
  if (!isMembers(value))
    throw new DataError(`Only Map objects supported in absence of schema for [${purpose}], found: ${typeName(value)}`)
  return value
}

/** The fields of a struct. Throws `DataError` for anything else, null included. */
export function requireStruct(schema: Schema, value: unknown, purpose: string): Members {
  if (schema.type !== 'STRUCT' || !isMembers(value))
    throw new DataError(`Only Struct objects supported for [${purpose}], found: ${typeName(value)}`)
  return value
}

/** Whether a schemaless value is a map, be it a plain object or a `Map`. */
export function isMap(value: unknown): boolean {
  return value instanceof Map || isMembers(value)
}

/** A member of a schemaless map; null when it has none of that name. */
export function memberOf(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) ? (members[name] ?? null) : null
}

/** What a message calls the type of a value. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value !== 'object') return typeof value
  return Array.isArray(value) ? 'array' : (value.constructor?.name ?? 'object')
}

function isMembers(value: unknown): value is Members {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Map) &&
    !(value instanceof Date)
  )
}

/**
 * The type that a schemaless value is taken for when it is a single one: whole numbers are long, others double. Null for
 * everything else.
 */
export function schemalessType(value: unknown): 'BOOLEAN' | 'BYTES' | 'FLOAT64' | 'INT64' | 'STRING' | null {
  switch (typeof value) {
    case 'boolean':
      return 'BOOLEAN'
    case 'string':
      return 'STRING'
    case 'bigint':
      return 'INT64'
    case 'number':
      return Number.isSafeInteger(value) ? 'INT64' : 'FLOAT64'
    default:
      return value instanceof Uint8Array ? 'BYTES' : null
  }
}
