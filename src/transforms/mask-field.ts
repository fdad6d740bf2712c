import {
  config,
  type ConnectRecord,
  type PropsOf,
  type RowPlan,
  type Schema,
  type Transform,
  Type,
} from '../connect/index.ts'
import { maskOf, maskSchemaless } from './mask-value.ts'
import { memberOf, requireMap, requireStruct } from './members.ts'
import { maskColumn, planOf, readColumns, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { names, replaceNullWithDefault } from './settings.ts'
import { readFields } from './struct-fields.ts'

const purpose = 'mask fields'

const maskFieldConfig = config({
  fields: names('Names of the fields to mask.'),
  replacement: Type.String({
    default: null,
    importance: 'low',
    minLength: 1,
    description:
      'What stands in the masked fields, all of which must then be numbers or strings. Without it they get 0, false, an empty string and the like.',
  }),
  'replace.null.with.default': replaceNullWithDefault,
})

class MaskField implements Transform {
  readonly #part: Part
  readonly #fields: ReadonlySet<string>
  readonly #replacement: string | null
  readonly #replaceNull: boolean

  constructor(props: PropsOf<typeof maskFieldConfig>, part: Part) {
    this.#part = part
    this.#fields = new Set(props.fields)
    this.#replacement = props.replacement
    this.#replaceNull = props['replace.null.with.default']
  }

  apply<R extends ConnectRecord>(record: R): R {
    const schema = schemaOf(record, this.#part)
    const value = valueOf(record, this.#part)
    if (schema === null) {
      const members: Record<string, unknown> = { ...requireMap(value, purpose) }
      for (const name of this.#fields) members[name] = maskSchemaless(memberOf(members, name), this.#replacement)
      return withPart(record, this.#part, null, members)
    }
    const members = readFields(schema, requireStruct(schema, value, purpose), this.#replaceNull)
    for (const { name, schema: fieldSchema } of this.#masked(schema))
      if (members[name] !== null) members[name] = maskOf(fieldSchema, this.#replacement)
    return withPart(record, this.#part, schema, members)
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null || rows.schema.type !== 'STRUCT') return null
    const columns = readColumns(rows, this.#replaceNull)
    for (const [i, { name, schema }] of (rows.schema.fields ?? []).entries()) {
      const column = columns[i]
      if (column !== undefined && this.#fields.has(name))
        columns[i] = maskColumn(column, schema, maskOf(schema, this.#replacement))
    }
    return withPlan(plan, this.#part, { schema: rows.schema, columns })
  }

  #masked(schema: Schema): NonNullable<Schema['fields']> {
    return (schema.fields ?? []).filter(({ name }) => this.#fields.has(name))
  }
}

export const maskFieldPlugins = forKeyAndValue(
  'MaskField',
  (part) => `Hides the content of fields of the ${part}.`,
  maskFieldConfig,
  (props, part) => new MaskField(props, part),
)
