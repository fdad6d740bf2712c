import {
  type Column,
  config,
  type ConnectRecord,
  type PropsOf,
  type RowPlan,
  type Schema,
  type Transform,
  Type,
} from '../connect/index.ts'
import { datePatternFault, JavaDateFormat } from './date-format/java-date-format.ts'
import { memberOf, type Members, requireMap, requireStruct } from './members.ts'
import { mapColumn, planOf, readColumns, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { replaceNullWithDefault, settingError } from './settings.ts'
import { readFields, SchemaCache, withFields } from './struct-fields.ts'
import {
  kindOfSchema,
  kindOfValue,
  readTimestamp,
  schemaOfKind,
  type TimestampForms,
  type TimestampKind,
  timestampKinds,
  unixPrecisions,
  writeTimestamp,
} from './timestamp-kinds.ts'

const purpose = 'converting timestamp formats'

const timestampConverterConfig = config({
  field: Type.String({
    default: '',
    importance: 'high',
    description: 'Field that holds the timestamp; empty when the whole key or value is one.',
  }),
  'target.type': Type.String({
    enum: timestampKinds,
    importance: 'high',
    description: 'What to convert to: `string`, `unix`, `Date`, `Time` or `Timestamp`.',
  }),
  format: Type.String({
    default: '',
    importance: 'medium',
    description:
      'Pattern of `java.text.SimpleDateFormat`, in UTC: what strings are written in, and read by when the timestamp is a string.',
    check: (pattern) => (pattern === '' ? undefined : datePatternFault(pattern)),
  }),
  'unix.precision': Type.String({
    enum: unixPrecisions,
    default: 'milliseconds',
    importance: 'low',
    description:
      'Unit of `unix` timestamps, written or read: `seconds`, `milliseconds`, `microseconds` or `nanoseconds`. What is finer than a millisecond is lost.',
  }),
  'replace.null.with.default': replaceNullWithDefault,
})

type Props = PropsOf<typeof timestampConverterConfig>

class TimestampConverter implements Transform {
  readonly #part: Part
  readonly #field: string
  readonly #target: TimestampKind
  readonly #forms: TimestampForms
  readonly #replaceNull: boolean
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: Props, part: Part) {
    this.#part = part
    this.#field = props.field
    this.#target = props['target.type']
    this.#replaceNull = props['replace.null.with.default']
    if (this.#target === 'string' && props.format === '')
      throw settingError(
        'format',
        'TimestampConverter requires format option to be specified when using string timestamps',
      )
    const format = props.format === '' ? null : new JavaDateFormat(props.format)
    this.#forms = { format, precision: props['unix.precision'] }
  }

  apply<R extends ConnectRecord>(record: R): R {
    const schema = schemaOf(record, this.#part)
    const value = valueOf(record, this.#part)
    if (schema === null) return value === null ? record : withPart(record, this.#part, null, this.#schemaless(value))
    if (this.#field === '') {
      const changed = this.#convert(kindOfSchema(schema), value)
      return withPart(record, this.#part, schemaOfKind(this.#target, schema.optional), changed)
    }
    const struct = value === null ? null : this.#convertField(schema, requireStruct(schema, value, purpose))
    return withPart(record, this.#part, this.#schemas.get(schema, this.#convertSchema), struct)
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null) return plan
    const { schema, columns } = rows
    if (this.#field === '') {
      const [column] = columns
      if (schema.type === 'STRUCT' || column === undefined) return null
      const changed = schemaOfKind(this.#target, schema.optional)
      const converted = this.#convertColumn(schema, changed, column)
      return converted === null ? null : withPlan(plan, this.#part, { schema: changed, columns: [converted] })
    }
    if (schema.type !== 'STRUCT') return null
    const changed = this.#schemas.get(schema, this.#convertSchema)
    const read = readColumns(rows, this.#replaceNull)
    const at = schema.fields?.findIndex(({ name }) => name === this.#field) ?? -1
    const column = read[at]
    const from = schema.fields?.[at]?.schema
    const to = changed.fields?.[at]?.schema
    if (column !== undefined && from !== undefined && to !== undefined) {
      const converted = this.#convertColumn(from, to, column)
      if (converted === null) return null
      read[at] = converted
    }
    return withPlan(plan, this.#part, { schema: changed, columns: read })
  }

  #schemaless(value: unknown): unknown {
    if (this.#field === '') return this.#convertSchemaless(value)
    const members = requireMap(value, purpose)
    return { ...members, [this.#field]: this.#convertSchemaless(memberOf(members, this.#field)) }
  }

  #convertSchemaless(value: unknown): unknown {
    if (value === null) return null
    return writeTimestamp(this.#target, readTimestamp(kindOfValue(value), value, this.#forms), this.#forms, true)
  }

  #convert(kind: TimestampKind, value: unknown): unknown {
    if (value === null || value === undefined) return null
    return writeTimestamp(this.#target, readTimestamp(kind, value, this.#forms), this.#forms, false)
  }

  #convertField(schema: Schema, struct: Members): Record<string, unknown> {
    const members = readFields(schema, struct, this.#replaceNull)
    const field = schema.fields?.find(({ name }) => name === this.#field)
    if (field !== undefined) members[this.#field] = this.#convert(kindOfSchema(field.schema), members[this.#field])
    return members
  }

  /** Null for texts: one that cannot be read is an error of its record, even where a later transform drops the column. */
  #convertColumn(from: Schema, to: Schema, column: Column): Column | null {
    const kind = kindOfSchema(from)
    return kind === 'string' ? null : mapColumn(column, to, (value) => this.#convert(kind, value))
  }

  readonly #convertSchema = (schema: Schema): Schema => {
    const fields = (schema.fields ?? []).map(({ name, schema: field }) => ({
      name,
      schema: name === this.#field ? schemaOfKind(this.#target, field.optional) : field,
    }))
    const fallback = (schema.default ?? null) as Members | null
    return {
      ...withFields(schema, fields),
      optional: schema.optional,
      ...(fallback === null ? {} : { default: this.#convertField(schema, fallback) }),
    }
  }
}

export const timestampConverterPlugins = forKeyAndValue(
  'TimestampConverter',
  (part) => `Converts a timestamp in the ${part} to another format.`,
  timestampConverterConfig,
  (props, part) => new TimestampConverter(props, part),
)
