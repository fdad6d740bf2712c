import {
  type Column,
  config,
  ConfigError,
  type ConnectRecord,
  DataError,
  optional,
  primitive,
  type PropsOf,
  type RowPlan,
  type Schema,
  timestamp,
  type Transform,
  Type,
} from '../connect/index.ts'
import { requireMap, requireStruct } from './members.ts'
import { planOf, readColumns, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { faultySetting, replaceNullWithDefault } from './settings.ts'
import { readFields, SchemaCache, withFields } from './struct-fields.ts'

const purpose = 'field insertion'

function fieldName(what: string) {
  return Type.String({
    default: null,
    importance: 'medium',
    description: `Name of the field for ${what}. End it with \`!\` to make the field required, or \`?\` to keep it optional (the default).`,
  })
}

const insertFieldConfig = config({
  'topic.field': fieldName("the record's topic"),
  'partition.field': fieldName("the record's partition"),
  'offset.field': fieldName("the record's offset (sinks only)"),
  'timestamp.field': fieldName("the record's timestamp"),
  'static.field': fieldName('the static value'),
  'static.value': Type.String({
    default: null,
    importance: 'medium',
    description: 'The static value, if its field is configured.',
  }),
  'replace.null.with.default': replaceNullWithDefault,
})

type Props = PropsOf<typeof insertFieldConfig>

interface Insertion {
  readonly name: string
  readonly schema: Schema
  /** What is inserted into a record, or into every row of a plan; undefined when the field is not set. */
  readonly read: (from: ConnectRecord | RowPlan) => unknown
}

/** `!` at the end makes the field required, `?` or nothing optional. */
function insertion(spec: string | null, schema: Schema, read: Insertion['read']): Insertion[] {
  if (spec === null || spec === '') return []
  const name = spec.replace(/[!?]$/, '')
  return [{ name, schema: spec.endsWith('!') ? schema : optional(schema), read }]
}

function offsetOf(from: ConnectRecord | RowPlan): number {
  if (!('kafkaOffset' in from) || typeof from.kafkaOffset !== 'number')
    throw new DataError(
      `Only SinkRecord supported for [${purpose}], found: SourceRecord; offset.field is for sinks only`,
    )
  return from.kafkaOffset
}

function insertionsOf(props: Props): Insertion[] {
  const staticValue = props['static.value']
  const staticField = props['static.field']
  if (staticField !== null && staticValue === null)
    throw faultySetting('static.value', null, `No value specified for static field: ${staticField}`)
  const string = primitive('STRING')
  const insertions = [
    ...insertion(props['topic.field'], string, ({ topic }) => topic),
    ...insertion(props['partition.field'], primitive('INT32'), (from) => from.kafkaPartition ?? undefined),
    ...insertion(props['offset.field'], primitive('INT64'), offsetOf),
    ...insertion(props['timestamp.field'], timestamp(), (from) => from.timestamp ?? undefined),
    ...insertion(staticField, string, () => staticValue),
  ]
  if (insertions.length === 0) throw new ConfigError('No field insertion configured')
  return insertions
}

class InsertField implements Transform {
  readonly #part: Part
  readonly #insertions: readonly Insertion[]
  readonly #replaceNull: boolean
  readonly #needsOffset: boolean
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: Props, part: Part) {
    this.#part = part
    this.#insertions = insertionsOf(props)
    this.#replaceNull = props['replace.null.with.default']
    this.#needsOffset = (props['offset.field'] ?? '') !== ''
  }

  apply<R extends ConnectRecord>(record: R): R {
    const value = valueOf(record, this.#part)
    if (value === null) return record
    const schema = schemaOf(record, this.#part)
    const members: Record<string, unknown> =
      schema === null
        ? { ...requireMap(value, purpose) }
        : readFields(schema, requireStruct(schema, value, purpose), this.#replaceNull)
    for (const { name, read } of this.#insertions) {
      const inserted = read(record)
      if (inserted !== undefined) members[name] = inserted
    }
    return withPart(record, this.#part, schema === null ? null : this.#schemas.get(schema, this.#extend), members)
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    // The rows of a plan are a source's, which have no offsets: an error of each record.
    if (this.#needsOffset) return null
    const rows = planOf(plan, this.#part)
    if (rows === null) return plan
    if (rows.schema.type !== 'STRUCT') return null
    const fields = rows.schema.fields ?? []
    if (this.#insertions.some(({ name }) => fields.some((field) => field.name === name))) return null
    const inserted = this.#insertions.map(({ read }): Column => ({ kind: 'constant', value: read(plan) ?? null }))
    const schema = this.#schemas.get(rows.schema, this.#extend)
    return withPlan(plan, this.#part, { schema, columns: [...readColumns(rows, this.#replaceNull), ...inserted] })
  }

  readonly #extend = (schema: Schema): Schema =>
    withFields(schema, [
      ...(schema.fields ?? []),
      ...this.#insertions.map(({ name, schema: fieldSchema }) => ({ name, schema: fieldSchema })),
    ])
}

export const insertFieldPlugins = forKeyAndValue(
  'InsertField',
  (part) =>
    `Inserts fields with the topic, partition, offset or timestamp of the record, or a static value, into the ${part}.`,
  insertFieldConfig,
  (props, part) => new InsertField(props, part),
)
