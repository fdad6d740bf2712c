import {
  config,
  type ConnectRecord,
  DATE,
  DECIMAL,
  list,
  primitive,
  type PropsOf,
  type RowPlan,
  type Schema,
  TIME,
  TIMESTAMP,
  type Transform,
} from '../connect/index.ts'
import { castsAll, type CastType, castTypes, castValue } from './cast-value.ts'
import { memberOf, type Members, requireMap, requireStruct } from './members.ts'
import { mapColumn, planOf, readColumns, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { partsOf, replaceNullWithDefault } from './settings.ts'
import { basicsOf, readField, SchemaCache, withFields } from './struct-fields.ts'

const purpose = 'cast types'
const NO_CASTS = 'Must specify at least one field to cast.'

const castConfig = config({
  spec: list({
    importance: 'high',
    description:
      'Fields and what to cast them to, such as `id:int64,amount:string`; or one type without a field, for the whole key or value. Types are int8, int16, int32, int64, float32, float64, boolean and string. Bytes can be cast to string only.',
    check: castsFault,
    ifMissing: NO_CASTS,
  }),
  'replace.null.with.default': replaceNullWithDefault,
})

type Props = PropsOf<typeof castConfig>

/** An entry of `spec`; without a field it is meant for the whole value. */
interface CastEntry {
  readonly field: string | null
  readonly type: string
}

function castEntry(entry: string): CastEntry {
  const parts = partsOf(entry)
  return { field: parts.length === 1 ? null : (parts[0] as string).trim(), type: (parts.at(-1) as string).trim() }
}

function castsFault(entries: readonly string[]): string | undefined {
  if (entries.length === 0) return NO_CASTS
  for (const entry of entries) {
    if (partsOf(entry).length > 2) return `Invalid cast: ${entry}; it must be field:type or type`
    const { type } = castEntry(entry)
    const name = type.toUpperCase()
    if (['BYTES', 'ARRAY', 'MAP', 'STRUCT'].includes(name))
      return `Cast transformation does not support casting to ${name}; supported types are [${castTypes.join(', ')}]`
    if (!(castTypes as readonly string[]).includes(name)) return `Invalid type found in casting spec: ${type}`
  }
  if (entries.length > 1 && entries.some((entry) => castEntry(entry).field === null))
    return 'Cast transformations that specify a type to cast the entire value to may only specify a single cast in their spec'
  return undefined
}

const logicalNames = [DATE, DECIMAL, TIME, TIMESTAMP] as const

class Cast implements Transform {
  readonly #part: Part
  readonly #casts: ReadonlyMap<string | null, CastType>
  readonly #whole: CastType | null
  readonly #replaceNull: boolean
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: Props, part: Part) {
    this.#part = part
    this.#casts = new Map(props.spec.map(castEntry).map(({ field, type }) => [field, type.toUpperCase() as CastType]))
    this.#whole = this.#casts.get(null) ?? null
    this.#replaceNull = props['replace.null.with.default']
  }

  apply<R extends ConnectRecord>(record: R): R {
    const value = valueOf(record, this.#part)
    if (value === null) return record
    const schema = schemaOf(record, this.#part)
    if (this.#whole !== null) {
      const cast = schema === null ? null : this.#schemas.get(schema, this.#castWhole)
      return withPart(record, this.#part, cast, castValue(schema, value, this.#whole))
    }
    if (schema === null) {
      const members = { ...requireMap(value, purpose) }
      for (const [field, type] of this.#casts)
        members[field as string] = castValue(null, memberOf(members, field as string), type)
      return withPart(record, this.#part, null, members)
    }
    const members = this.#castMembers(schema, requireStruct(schema, value, purpose))
    return withPart(record, this.#part, this.#schemas.get(schema, this.#castFields), members)
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null) return plan
    const { schema } = rows
    // A whole value that is null keeps the schema that it has, so that depends on the row.
    if (this.#whole !== null || schema.type !== 'STRUCT') return null
    const cast = this.#schemas.get(schema, this.#castFields)
    const changed = readColumns(rows, this.#replaceNull)
    for (const [i, { name, schema: from }] of (schema.fields ?? []).entries()) {
      const column = changed[i]
      const type = this.#casts.get(name)
      if (column === undefined || type === undefined) continue
      // A value that cannot be cast is an error of its record, even where a later transform drops the column.
      if (!castsAll(from, type)) return null
      changed[i] = mapColumn(column, cast.fields?.[i]?.schema as Schema, (value) => castValue(from, value, type))
    }
    return withPlan(plan, this.#part, { schema: cast, columns: changed })
  }

  #castMembers(schema: Schema, struct: Members): Record<string, unknown> {
    const members: Record<string, unknown> = {}
    for (const { name, schema: fieldSchema } of schema.fields ?? []) {
      const type = this.#casts.get(name)
      const value = readField(fieldSchema, struct[name], this.#replaceNull)
      members[name] = type === undefined ? value : castValue(fieldSchema, value, type)
    }
    return members
  }

  readonly #castFields = (schema: Schema): Schema => {
    const fields = (schema.fields ?? []).map((field) => {
      const type = this.#casts.get(field.name)
      return type === undefined ? field : { name: field.name, schema: castSchema(field.schema, type) }
    })
    const fallback = schema.default ?? null
    return {
      ...withFields(schema, fields),
      optional: schema.optional,
      ...(fallback === null ? {} : { default: this.#castMembers(schema, fallback as Members) }),
    }
  }

  readonly #castWhole = (schema: Schema): Schema => {
    // The name of a logical type would contradict what the value is now.
    const isLogical = (logicalNames as readonly (string | undefined)[]).includes(schema.name)
    return { ...(isLogical ? {} : basicsOf(schema)), ...castSchema(schema, this.#whole as CastType) }
  }
}

/** The new type, as optional as the old and with its default. */
function castSchema(schema: Schema, type: CastType): Schema {
  const fallback = castValue(schema, schema.default, type)
  return primitive(type, { optional: schema.optional, ...(fallback === null ? {} : { default: fallback }) })
}

export const castPlugins = forKeyAndValue(
  'Cast',
  (part) => `Casts fields of the ${part}, or the whole ${part}, to another type.`,
  castConfig,
  (props, part) => new Cast(props, part),
)
