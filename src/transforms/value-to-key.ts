import {
  type Column,
  config,
  type ConnectRecord,
  DataError,
  defineTransform,
  type Field,
  millraceVersion,
  type PropsOf,
  type RowPlan,
  type Schema,
  struct,
  type Transform,
} from '../connect/index.ts'
import { memberOf, requireMap, requireStruct } from './members.ts'
import { readColumn } from './plan-columns.ts'
import { valueOf } from './record-part.ts'
import { names, replaceNullWithDefault } from './settings.ts'
import { readField, SchemaCache } from './struct-fields.ts'

const purpose = 'copying fields from value to key'

const valueToKeyConfig = config({
  fields: names('Fields of the value that the key is made of.'),
  'replace.null.with.default': replaceNullWithDefault,
})

class ValueToKey implements Transform {
  readonly #fields: readonly string[]
  readonly #replaceNull: boolean
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: PropsOf<typeof valueToKeyConfig>) {
    this.#fields = props.fields
    this.#replaceNull = props['replace.null.with.default']
  }

  apply<R extends ConnectRecord>(record: R): R {
    const value = valueOf(record, 'value')
    const valueSchema = record.valueSchema ?? null
    const key: Record<string, unknown> = {}
    if (valueSchema === null) {
      const members = requireMap(value, purpose)
      for (const name of this.#fields) key[name] = memberOf(members, name)
      return { ...record, keySchema: null, key }
    }
    const members = requireStruct(valueSchema, value, purpose)
    const keySchema = this.#schemas.get(valueSchema, this.#keySchema)
    for (const { name, schema } of keySchema.fields ?? [])
      key[name] = readField(schema, members[name], this.#replaceNull)
    return { ...record, keySchema, key }
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const { schema, columns } = plan.value
    const fields = schema.type === 'STRUCT' ? (schema.fields ?? []) : []
    const picked: Column[] = []
    for (const name of this.#fields) {
      const at = fields.findIndex((field) => field.name === name)
      const column = columns[at]
      // The ordinary path says what is missing, for each record.
      if (column === undefined) return null
      picked.push(readColumn((fields[at] as Field).schema, column, this.#replaceNull))
    }
    return { ...plan, key: { schema: this.#schemas.get(schema, this.#keySchema), columns: picked } }
  }

  readonly #keySchema = (valueSchema: Schema): Schema =>
    struct(
      this.#fields.map((name) => {
        const field = valueSchema.fields?.find((candidate) => candidate.name === name)
        if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
        return field
      }),
    )
}

export const valueToKey = defineTransform({
  class: 'org.apache.kafka.connect.transforms.ValueToKey',
  version: millraceVersion,
  summary: 'Makes the key of fields of the value.',
  config: valueToKeyConfig,
  create: (props) => new ValueToKey(props),
})
