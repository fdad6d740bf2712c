import {
  config,
  type ConnectRecord,
  DataError,
  type PropsOf,
  type RowPlan,
  type Schema,
  type Transform,
  Type,
} from '../connect/index.ts'
import { parseFieldPath } from './field-path.ts'
import { memberOf, requireMap, requireStruct } from './members.ts'
import { planOf, readColumn, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { faultySetting, replaceNullWithDefault } from './settings.ts'
import { readField } from './struct-fields.ts'

const purposeAt = (depth: number): string => (depth === 0 ? 'field extraction' : 'nested field access')

const extractFieldConfig = config({
  field: Type.String({ importance: 'medium', description: 'Field to extract.' }),
  'replace.null.with.default': replaceNullWithDefault,
  'field.syntax.version': Type.String({
    enum: ['V1', 'V2'],
    ignoreCase: true,
    default: 'V1',
    importance: 'high',
    description:
      '`V1`: the field is a name at the top. `V2`: it is a path with dots; names that hold dots stand in backticks.',
  }),
})

type Props = PropsOf<typeof extractFieldConfig>

class ExtractField implements Transform {
  readonly #part: Part
  readonly #field: string
  readonly #path: readonly string[]
  readonly #replaceNull: boolean

  constructor(props: Props, part: Part) {
    this.#part = part
    this.#field = props.field
    this.#path = parseFieldPath(props.field, props['field.syntax.version'])
    if (this.#path.length === 0) throw faultySetting('field', props.field, 'A path must name a field')
    this.#replaceNull = props['replace.null.with.default']
  }

  apply<R extends ConnectRecord>(record: R): R {
    let schema = schemaOf(record, this.#part)
    let value = valueOf(record, this.#part)
    if (schema === null) {
      for (const [i, name] of this.#path.entries())
        value = value === null ? null : memberOf(requireMap(value, purposeAt(i)), name)
      return withPart(record, this.#part, null, value)
    }
    for (const [i, name] of this.#path.entries()) {
      const field = this.#fieldOf(schema, name)
      const isLast = i === this.#path.length - 1
      if (value !== null)
        value = readField(field, requireStruct(schema, value, purposeAt(i))[name], !isLast || this.#replaceNull)
      schema = field
    }
    return withPart(record, this.#part, schema, value)
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null) return plan
    const [name] = this.#path
    if (this.#path.length !== 1 || rows.schema.type !== 'STRUCT') return null
    const at = rows.schema.fields?.findIndex((field) => field.name === name) ?? -1
    const field = rows.schema.fields?.[at]
    const column = rows.columns[at]
    if (field === undefined || column === undefined) return null
    return withPlan(plan, this.#part, {
      schema: field.schema,
      columns: [readColumn(field.schema, column, this.#replaceNull)],
    })
  }

  #fieldOf(schema: Schema, name: string): Schema {
    if (schema.type !== 'STRUCT')
      throw new DataError(`Cannot look up field ${name} of ${this.#field} in a ${schema.type}`)
    const field = schema.fields?.find((candidate) => candidate.name === name)
    if (field === undefined) throw new DataError(`Unknown field: ${this.#field}`)
    return field.schema
  }
}

export const extractFieldPlugins = forKeyAndValue(
  'ExtractField',
  (part) => `Replaces the ${part} by one of its fields.`,
  extractFieldConfig,
  (props, part) => new ExtractField(props, part),
)
