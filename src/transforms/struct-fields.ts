import { DataError, type Field, type Schema } from '../connect/index.ts'
import type { Members } from './members.ts'

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
