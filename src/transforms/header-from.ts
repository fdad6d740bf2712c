import {
  config,
  type ConnectRecord,
  DataError,
  type Header,
  list,
  type PropsOf,
  type RowPlan,
  type Schema,
  type Transform,
  Type,
} from '../connect/index.ts'
import { memberOf, type Members, requireMap, requireStruct } from './members.ts'
import { planOf, readColumns, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { replaceNullWithDefault, settingError } from './settings.ts'
import { readField, readFields, SchemaCache, withFields } from './struct-fields.ts'

const EMPTY = 'Empty list'
const notEmpty = {
  check: (items: readonly string[]): string | undefined => (items.length === 0 ? EMPTY : undefined),
  ifMissing: EMPTY,
}

const headerFromConfig = config({
  fields: list({ importance: 'high', description: 'Fields whose values become headers.', ...notEmpty }),
  headers: list({
    importance: 'high',
    description: 'Names of the headers, in the order of the fields that they are made of.',
    ...notEmpty,
  }),
  operation: Type.String({
    enum: ['move', 'copy'],
    importance: 'high',
    description: '`move` removes the fields, `copy` leaves them where they are.',
  }),
  'replace.null.with.default': replaceNullWithDefault,
})

type Props = PropsOf<typeof headerFromConfig>

class HeaderFrom implements Transform {
  readonly #part: Part
  readonly #fields: readonly string[]
  readonly #headers: readonly string[]
  readonly #moves: boolean
  readonly #replaceNull: boolean
  readonly #purpose: string
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: Props, part: Part) {
    this.#part = part
    this.#fields = props.fields
    this.#headers = props.headers
    if (this.#fields.length !== this.#headers.length)
      throw settingError('fields', "'fields' config must have the same number of elements as 'headers' config.")
    this.#moves = props.operation === 'move'
    this.#purpose = `header ${props.operation}`
    this.#replaceNull = props['replace.null.with.default']
  }

  apply<R extends ConnectRecord>(record: R): R {
    const schema = schemaOf(record, this.#part)
    const value = valueOf(record, this.#part)
    const before = record.headers ?? []
    if (schema === null) {
      const members = requireMap(value, this.#purpose)
      const headers = this.#fields.map((field, i): Header => this.#header(i, null, memberOf(members, field)))
      const rest = this.#moves ? this.#without(members) : members
      return { ...withPart(record, this.#part, null, rest), headers: [...before, ...headers] }
    }
    const struct = requireStruct(schema, value, this.#purpose)
    const headers = this.#fields.map((field, i): Header => {
      const fieldSchema = requireField(schema, field)
      return this.#header(i, fieldSchema, readField(fieldSchema, struct[field], this.#replaceNull))
    })
    if (!this.#moves) return { ...record, headers: [...before, ...headers] }
    const moved = this.#schemas.get(schema, this.#remove)
    const rest = readFields(moved, struct, this.#replaceNull)
    return { ...withPart(record, this.#part, moved, rest), headers: [...before, ...headers] }
  }

  /** Headers of a plan are the same for all rows, as are only its constant columns. */
  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null || rows.schema.type !== 'STRUCT') return null
    const { schema } = rows
    const columns = readColumns(rows, this.#replaceNull)
    const at = (field: string): number => schema.fields?.findIndex(({ name }) => name === field) ?? -1
    const headers: Header[] = []
    for (const [i, field] of this.#fields.entries()) {
      const column = columns[at(field)]
      if (column?.kind !== 'constant') return null
      headers.push(this.#header(i, requireField(schema, field), column.value))
    }
    const changed = { ...plan, headers: [...(plan.headers ?? []), ...headers] }
    if (!this.#moves) return changed
    const moved = this.#schemas.get(schema, this.#remove)
    const kept = (moved.fields ?? []).map(({ name }) => columns[at(name)] as (typeof columns)[number])
    return withPlan(changed, this.#part, { schema: moved, columns: kept })
  }

  #header(i: number, schema: Schema | null, value: unknown): Header {
    return { key: this.#headers[i] as string, schema, value: value ?? null }
  }

  #without(members: Members): Members {
    return Object.fromEntries(Object.entries(members).filter(([name]) => !this.#fields.includes(name)))
  }

  readonly #remove = (schema: Schema): Schema =>
    withFields(
      schema,
      (schema.fields ?? []).filter(({ name }) => !this.#fields.includes(name)),
    )
}

function requireField(schema: Schema, name: string): Schema {
  const field = schema.fields?.find((candidate) => candidate.name === name)
  if (field === undefined) throw new DataError(`Unknown field: ${name}`)
  return field.schema
}

export const headerFromPlugins = forKeyAndValue(
  'HeaderFrom',
  (part) => `Moves or copies fields of the ${part} into headers.`,
  headerFromConfig,
  (props, part) => new HeaderFrom(props, part),
)
