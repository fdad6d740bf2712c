import {
  type CellReader,
  type Column,
  type ColumnPlan,
  type ConfigDeclaration,
  type ConnectRecord,
  DataError,
  defineTransform,
  type Field,
  millraceVersion,
  PayloadWriters,
  type RowPlan,
  type Schema,
  type Transform,
  type TransformPlugin,
} from '../connect/index.ts'

/** Which half of a record a transform changes: its `$Key` or its `$Value` class. */
export type Part = 'key' | 'value'

/** A transform as its two plugins, `org.apache.kafka.connect.transforms.<name>$Key` and `…$Value`. */
export function forKeyAndValue<P>(
  name: string,
  summary: (part: Part) => string,
  config: ConfigDeclaration<P>,
  create: (props: P, part: Part) => Transform,
): readonly TransformPlugin<P>[] {
  return (['key', 'value'] as const).map((part) =>
    defineTransform({
      class: `org.apache.kafka.connect.transforms.${name}$${part === 'key' ? 'Key' : 'Value'}`,
      version: millraceVersion,
      summary: summary(part),
      config,
      create: (props) => create(props, part),
    }),
  )
}

export function schemaOf(record: ConnectRecord, part: Part): Schema | null {
  return (part === 'key' ? record.keySchema : record.valueSchema) ?? null
}

export function valueOf(record: ConnectRecord, part: Part): unknown {
  return (part === 'key' ? record.key : record.value) ?? null
}

/** The record with another key or value. */
export function withPart<R extends ConnectRecord>(record: R, part: Part, schema: Schema | null, value: unknown): R {
  return part === 'key' ? { ...record, keySchema: schema, key: value } : { ...record, valueSchema: schema, value }
}

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

/** What is said of a schema beside its type, its default and whether it is optional. */
export function basicsOf({ name, version, doc, parameters }: Schema): Omit<Schema, 'type' | 'optional' | 'default'> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(doc === undefined ? {} : { doc }),
    ...(parameters === undefined ? {} : { parameters }),
  }
}

/** A struct's schema with other fields: name, version, doc and parameters stay, optional and default do not. */
export function withFields(schema: Schema, fields: readonly Field[]): Schema {
  return { type: 'STRUCT', optional: false, fields: withoutDuplicates(fields), ...basicsOf(schema) }
}

function withoutDuplicates(fields: readonly Field[]): readonly Field[] {
  const names = new Set<string>()
  for (const { name } of fields) {
    if (names.has(name)) throw new DataError(`Cannot create field because of field name duplication ${name}`)
    names.add(name)
  }
  return fields
}

/** A field's value, where null may stand for the default. */
export function readField(schema: Schema, value: unknown, replaceNull: boolean): unknown {
  return value ?? (replaceNull ? (schema.default ?? null) : null)
}

/** The values of all fields of a struct by name, read likewise. */
export function readFields(schema: Schema, struct: Members, replaceNull: boolean): Record<string, unknown> {
  const members: Record<string, unknown> = {}
  for (const field of schema.fields ?? [])
    members[field.name] = readField(field.schema, struct[field.name], replaceNull)
  return members
}

/** A column whose nulls are read likewise. */
export function readColumn(schema: Schema, column: Column, replaceNull: boolean): Column {
  const fallback = replaceNull ? (schema.default ?? null) : null
  if (fallback === null) return column
  if (column.kind === 'constant') return { ...column, value: column.value ?? fallback }
  return { ...column, whenNull: column.whenNull ?? fallback }
}

/** All columns of a struct's plan, whose nulls are read likewise. */
export function readColumns({ schema, columns }: ColumnPlan, replaceNull: boolean): Column[] {
  const fields = schema.fields ?? []
  return columns.map((column, i) => readColumn((fields[i] as Field).schema, column, replaceNull))
}

/**
 * A column with other values: `change` of each one that is not null, which must not throw. `schema` is that of the new
 * values.
 */
export function mapColumn(column: Column, schema: Schema, change: (value: unknown) => unknown): Column {
  const orNull = (value: unknown): unknown => (value === null || value === undefined ? null : change(value))
  if (column.kind === 'constant') return { kind: 'constant', value: orNull(column.value) }
  const { cell, reader } = column
  const read: CellReader['value'] = (bytes, start, end) => change(reader.value(bytes, start, end))
  return { kind: 'cell', cell, reader: readerOf(schema, read), whenNull: orNull(column.whenNull) }
}

/** A column where `value` stands in place of everything that is not null. */
export function maskColumn(column: Column, schema: Schema, value: unknown): Column {
  const orNull = (known: unknown): unknown => (known === null || known === undefined ? null : value)
  if (column.kind === 'constant') return { kind: 'constant', value: orNull(column.value) }
  const { cell } = column
  return { kind: 'cell', cell, reader: readerOf(schema, () => value), whenNull: orNull(column.whenNull) }
}

function readerOf(schema: Schema, value: CellReader['value']): CellReader {
  const write = {
    BASE64: new PayloadWriters({ decimalFormat: 'BASE64', replaceNullWithDefault: false }).for(schema),
    NUMERIC: new PayloadWriters({ decimalFormat: 'NUMERIC', replaceNullWithDefault: false }).for(schema),
  }
  return {
    value,
    writeJson: (out, bytes, start, end, decimals) => write[decimals](out, value(bytes, start, end)),
  }
}

export function planOf(plan: RowPlan, part: Part): ColumnPlan | null {
  return plan[part]
}

export function withPlan(plan: RowPlan, part: Part, columns: ColumnPlan): RowPlan {
  return part === 'key' ? { ...plan, key: columns } : { ...plan, value: columns }
}

/** Remembers what was derived from the schemas seen last; schemas are the same object for many records. */
export class SchemaCache<T> {
  readonly #bySchema = new WeakMap<Schema, T>()

  get(schema: Schema, derive: (schema: Schema) => T): T {
    let derived = this.#bySchema.get(schema)
    if (derived === undefined) {
      derived = derive(schema)
      this.#bySchema.set(schema, derived)
    }
    return derived
  }
}
