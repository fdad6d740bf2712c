import {
  config,
  type ConnectRecord,
  DataError,
  type Field,
  type PropsOf,
  type RowPlan,
  type Schema,
  type Transform,
  Type,
} from '../connect/index.ts'
import { isMap, type Members, requireMap, requireStruct } from './members.ts'
import { planOf, readColumns, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { basicsOf, readField, SchemaCache, withFields } from './struct-fields.ts'

const purpose = 'flattening'

const flattenConfig = config({
  delimiter: Type.String({
    default: '.',
    importance: 'medium',
    description: 'What stands between the names of a field and of those that it lay in.',
  }),
})

class Flatten implements Transform {
  readonly #part: Part
  readonly #delimiter: string
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: PropsOf<typeof flattenConfig>, part: Part) {
    this.#part = part
    this.#delimiter = props.delimiter
  }

  apply<R extends ConnectRecord>(record: R): R {
    const value = valueOf(record, this.#part)
    if (value === null) return record
    const schema = schemaOf(record, this.#part)
    const flat = new Map<string, unknown>()
    if (schema === null) this.#flattenMap(requireMap(value, purpose), '', flat)
    else this.#flattenStruct(schema, requireStruct(schema, value, purpose), '', flat)
    const flatSchema = schema === null ? null : this.#schemas.get(schema, this.#flatten)
    return withPart(record, this.#part, flatSchema, Object.fromEntries(flat))
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null) return plan
    const { schema } = rows
    // The columns of a plan are leaves, so only what is said of them changes.
    if (schema.type !== 'STRUCT' || schema.fields?.some((field) => isNested(field.schema))) return null
    return withPlan(plan, this.#part, {
      schema: this.#schemas.get(schema, this.#flatten),
      columns: readColumns(rows, true),
    })
  }

  #flattenMap(map: Members, prefix: string, flat: Map<string, unknown>): void {
    for (const [key, value] of Object.entries(map)) {
      const name = this.#join(prefix, key)
      if (isMap(value)) this.#flattenMap(requireMap(value, purpose), name, flat)
      else if (!(value instanceof Date)) flat.set(name, value ?? null)
      else
        throw new DataError(
          "Flatten transformation was passed a value of type Date which is not supported by Connect's data API",
        )
    }
  }

  /** Of a struct that is null all leaves are. */
  #flattenStruct(schema: Schema, struct: Members | null, prefix: string, flat: Map<string, unknown>): void {
    for (const { name, schema: fieldSchema } of schema.fields ?? []) {
      const joined = this.#join(prefix, name)
      const value = struct === null ? null : readField(fieldSchema, struct[name], true)
      if (fieldSchema.type !== 'STRUCT') flat.set(joined, value)
      else {
        const inner = value === null ? null : requireStruct(fieldSchema, value, purpose)
        this.#flattenStruct(fieldSchema, inner, joined, flat)
      }
    }
  }

  readonly #flatten = (schema: Schema): Schema =>
    withFields(schema, this.#flatFields(schema, '', schema.optional, (schema.default ?? null) as Members | null))

  /**
   * The leaves below a struct. `isOptional`: something around them is. `fallback`: the default of the struct that they
   * are in, which gives those of them a default that have none of their own.
   */
  #flatFields(schema: Schema, prefix: string, isOptional: boolean, fallback: Members | null): Field[] {
    return (schema.fields ?? []).flatMap(({ name, schema: leaf }): Field[] => {
      const joined = this.#join(prefix, name)
      const optional = isOptional || leaf.optional
      const ownDefault: unknown = leaf.default ?? fallback?.[name] ?? null
      if (leaf.type === 'STRUCT') return this.#flatFields(leaf, joined, optional, ownDefault as Members | null)
      if (leaf.type === 'MAP')
        throw new DataError(
          `Flatten transformation does not support MAP for record with schemas (for field ${joined}).`,
        )
      const { type, valueSchema } = leaf
      const flat: Schema = {
        type,
        optional,
        ...basicsOf(leaf),
        ...(valueSchema === undefined ? {} : { valueSchema }),
        ...(ownDefault === null ? {} : { default: ownDefault }),
      }
      return [{ name: joined, schema: flat }]
    })
  }

  #join(prefix: string, name: string): string {
    return prefix === '' ? name : prefix + this.#delimiter + name
  }
}

function isNested(schema: Schema): boolean {
  return schema.type === 'STRUCT' || schema.type === 'MAP'
}

export const flattenPlugins = forKeyAndValue(
  'Flatten',
  (part) => `Puts the fields of structs or maps inside the ${part} at its top, under joined names.`,
  flattenConfig,
  (props, part) => new Flatten(props, part),
)
