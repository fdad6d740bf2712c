import {
  type Column,
  config,
  type ConnectRecord,
  type Field,
  list,
  type PropsOf,
  type RowPlan,
  type Schema,
  type Transform,
} from '../connect/index.ts'
import { requireMap, requireStruct } from './members.ts'
import { planOf, readColumn, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { partsOf, replaceNullWithDefault } from './settings.ts'
import { readField, SchemaCache, withFields } from './struct-fields.ts'

const purpose = 'field replacement'

const replaceFieldConfig = config({
  exclude: list({
    default: [],
    importance: 'medium',
    uniqueItems: true,
    items: { type: 'string', minLength: 1 },
    description: 'Fields to exclude. This takes precedence over the fields to include.',
  }),
  include: list({
    default: [],
    importance: 'medium',
    uniqueItems: true,
    items: { type: 'string', minLength: 1 },
    description: 'Fields to include. If set, only these fields are kept.',
  }),
  renames: list({
    default: [],
    importance: 'medium',
    description: 'Field rename mappings, such as `old:new,from:to`.',
    check(mappings) {
      const wrong = mappings.find((mapping) => partsOf(mapping).length !== 2)
      return wrong === undefined ? undefined : `Invalid rename mapping: ${wrong}`
    },
  }),
  'replace.null.with.default': replaceNullWithDefault,
})

type Props = PropsOf<typeof replaceFieldConfig>

class ReplaceField implements Transform {
  readonly #part: Part
  readonly #exclude: ReadonlySet<string>
  readonly #include: ReadonlySet<string>
  readonly #renames: ReadonlyMap<string, string>
  readonly #replaceNull: boolean
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: Props, part: Part) {
    this.#part = part
    this.#exclude = new Set(props.exclude)
    this.#include = new Set(props.include)
    this.#renames = new Map(props.renames.map((mapping) => partsOf(mapping) as [string, string]))
    this.#replaceNull = props['replace.null.with.default']
  }

  apply<R extends ConnectRecord>(record: R): R {
    const value = valueOf(record, this.#part)
    if (value === null) return record
    const schema = schemaOf(record, this.#part)
    if (schema === null) {
      const kept = Object.entries(requireMap(value, purpose)).filter(([name]) => this.#keeps(name))
      const renamed = kept.map(([name, member]) => [this.#renamed(name), member])
      return withPart(record, this.#part, null, Object.fromEntries(renamed))
    }
    const members: Record<string, unknown> = {}
    const struct = requireStruct(schema, value, purpose)
    for (const { name, schema: fieldSchema } of schema.fields ?? [])
      if (this.#keeps(name)) members[this.#renamed(name)] = readField(fieldSchema, struct[name], this.#replaceNull)
    return withPart(record, this.#part, this.#schemas.get(schema, this.#replace), members)
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null) return plan
    if (rows.schema.type !== 'STRUCT') return null
    const columns: Column[] = []
    const names = new Set<string>()
    for (const [i, column] of rows.columns.entries()) {
      const field = rows.schema.fields?.[i] as Field
      if (!this.#keeps(field.name)) continue
      columns.push(readColumn(field.schema, column, this.#replaceNull))
      names.add(this.#renamed(field.name))
    }
    // Two fields of one name: the ordinary path says so for each record.
    if (names.size < columns.length) return null
    return withPlan(plan, this.#part, { schema: this.#schemas.get(rows.schema, this.#replace), columns })
  }

  #keeps(name: string): boolean {
    return !this.#exclude.has(name) && (this.#include.size === 0 || this.#include.has(name))
  }

  #renamed(name: string): string {
    return this.#renames.get(name) ?? name
  }

  readonly #replace = (schema: Schema): Schema =>
    withFields(
      schema,
      (schema.fields ?? [])
        .filter(({ name }) => this.#keeps(name))
        .map((field) => ({ name: this.#renamed(field.name), schema: field.schema })),
    )
}

export const replaceFieldPlugins = forKeyAndValue(
  'ReplaceField',
  (part) => `Drops, keeps or renames fields of the ${part}.`,
  replaceFieldConfig,
  (props, part) => new ReplaceField(props, part),
)
