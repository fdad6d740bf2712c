import {
  config,
  type ConnectRecord,
  type PropsOf,
  type RowPlan,
  type Schema,
  struct,
  type Transform,
  Type,
} from '../connect/index.ts'
import { planOf, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { SchemaCache } from './struct-fields.ts'

const hoistFieldConfig = config({
  field: Type.String({
    importance: 'medium',
    description: 'Name of the only field of the struct or map that is made.',
  }),
})

class HoistField implements Transform {
  readonly #part: Part
  readonly #field: string
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: PropsOf<typeof hoistFieldConfig>, part: Part) {
    this.#part = part
    this.#field = props.field
  }

  apply<R extends ConnectRecord>(record: R): R {
    const schema = schemaOf(record, this.#part)
    const hoisted = schema === null ? null : this.#schemas.get(schema, this.#hoist)
    return withPart(record, this.#part, hoisted, { [this.#field]: valueOf(record, this.#part) })
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    // Columns cannot lie within a column.
    if (rows === null || rows.schema.type === 'STRUCT') return null
    return withPlan(plan, this.#part, { schema: this.#schemas.get(rows.schema, this.#hoist), columns: rows.columns })
  }

  readonly #hoist = (schema: Schema): Schema => struct([{ name: this.#field, schema }])
}

export const hoistFieldPlugins = forKeyAndValue(
  'HoistField',
  (part) => `Wraps the ${part} in a struct or map with one field.`,
  hoistFieldConfig,
  (props, part) => new HoistField(props, part),
)
