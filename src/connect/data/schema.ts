/** Connect's types, spelled as the JSON converter's users know them, in upper case. */
export type SchemaType =
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FLOAT32'
  | 'FLOAT64'
  | 'BOOLEAN'
  | 'STRING'
  | 'BYTES'
  | 'ARRAY'
  | 'MAP'
  | 'STRUCT'

/**
 * The type of a value. Schemas are immutable and compared by {@link sameSchema}; share one object for all the
 * records of a batch, since converters cache by identity.
 *
 * Values: INT8 to INT32, FLOAT32, FLOAT64 are `number`; INT64 is a `number` when it is a safe integer and a `bigint`
 * when not; BYTES is `Uint8Array`; ARRAY is an array; MAP is a `Map`; STRUCT is a plain object with a property a field.
 * Logical types: Decimal is a string in plain notation with exactly `scale` digits; Date (days), Time (ms of day) and
 * Timestamp (ms since the epoch) are numbers.
 */
export interface Schema {
  readonly type: SchemaType
  readonly optional: boolean
  readonly name?: string
  readonly version?: number
  readonly doc?: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly default?: unknown
  /** STRUCT only. */
  readonly fields?: readonly Field[]
  /** MAP only. */
  readonly keySchema?: Schema
  /** ARRAY (its elements) and MAP. */
  readonly valueSchema?: Schema
}

export interface Field {
  readonly name: string
  readonly schema: Schema
}

/** What may be said of a schema beside its type. `optional` defaults to false. */
export type SchemaOptions = Partial<Pick<Schema, 'optional' | 'name' | 'version' | 'doc' | 'parameters' | 'default'>>

/** A schema of a primitive type. */
export function primitive(type: Exclude<SchemaType, 'ARRAY' | 'MAP' | 'STRUCT'>, options: SchemaOptions = {}): Schema {
  return { type, optional: false, ...options }
}

export function arrayOf(valueSchema: Schema, options: SchemaOptions = {}): Schema {
  return { type: 'ARRAY', optional: false, valueSchema, ...options }
}

export function mapOf(keySchema: Schema, valueSchema: Schema, options: SchemaOptions = {}): Schema {
  return { type: 'MAP', optional: false, keySchema, valueSchema, ...options }
}

/** A STRUCT schema; the fields keep the order of `fields`. */
export function struct(
  fields: Readonly<Record<string, Schema>> | readonly Field[],
  options: SchemaOptions = {},
): Schema {
  const list = Array.isArray(fields)
    ? (fields as readonly Field[])
    : Object.entries(fields as Readonly<Record<string, Schema>>).map(([name, schema]) => ({ name, schema }))
  return { type: 'STRUCT', optional: false, fields: list, ...options }
}

/** The same schema with `optional: true`. */
export function optional(schema: Schema): Schema {
  return schema.optional ? schema : { ...schema, optional: true }
}

/** True when both describe the same type, down to names, versions, parameters, docs and defaults. */
export function sameSchema(a: Schema | null | undefined, b: Schema | null | undefined): boolean {
  if (a === b) return true
  if (!a || !b) return (a ?? null) === (b ?? null)
  if (a.type !== b.type || a.optional !== b.optional || a.name !== b.name || a.version !== b.version || a.doc !== b.doc)
    return false
  if (JSON.stringify(a.parameters ?? {}) !== JSON.stringify(b.parameters ?? {})) return false
  if (!sameDefault(a.default, b.default)) return false
  if (a.type === 'STRUCT') {
    const left = a.fields ?? []
    const right = b.fields ?? []
    return (
      left.length === right.length &&
      left.every((field, i) => field.name === right[i]?.name && sameSchema(field.schema, right[i]?.schema))
    )
  }
  return sameSchema(a.keySchema, b.keySchema) && sameSchema(a.valueSchema, b.valueSchema)
}

function sameDefault(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  return JSON.stringify(a) === JSON.stringify(b)
}
