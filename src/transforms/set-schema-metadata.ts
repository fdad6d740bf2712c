import {
  config,
  ConfigError,
  type ConnectRecord,
  DataError,
  type PropsOf,
  type RowPlan,
  type Schema,
  type Transform,
  Type,
} from '../connect/index.ts'
import { requireStruct } from './members.ts'
import { planOf, readColumns, withPlan } from './plan-columns.ts'
import { forKeyAndValue, type Part, schemaOf, valueOf, withPart } from './record-part.ts'
import { replaceNullWithDefault } from './settings.ts'
import { readFields, SchemaCache } from './struct-fields.ts'

const purpose = 'updating schema metadata'

const setSchemaMetadataConfig = config({
  'schema.name': Type.String({ default: null, importance: 'high', description: 'Name that the schema gets.' }),
  'schema.version': Type.Integer({ default: null, importance: 'high', description: 'Version that the schema gets.' }),
  'replace.null.with.default': replaceNullWithDefault,
})

class SetSchemaMetadata implements Transform {
  readonly #part: Part
  readonly #changes: Pick<Schema, 'name' | 'version'>
  readonly #replaceNull: boolean
  readonly #schemas = new SchemaCache<Schema>()

  constructor(props: PropsOf<typeof setSchemaMetadataConfig>, part: Part) {
    this.#part = part
    const { 'schema.name': name, 'schema.version': version } = props
    if (name === null && version === null) throw new ConfigError('Neither schema name nor version configured')
    this.#changes = { ...(name === null ? {} : { name }), ...(version === null ? {} : { version }) }
    this.#replaceNull = props['replace.null.with.default']
  }

  apply<R extends ConnectRecord>(record: R): R {
    const value = valueOf(record, this.#part)
    const schema = schemaOf(record, this.#part)
    if (schema === null) {
      if (value === null) return record
      throw new DataError(`Schema required for [${purpose}]`)
    }
    const isStruct = schema.type === 'STRUCT' && value !== null
    const rebound = isStruct ? readFields(schema, requireStruct(schema, value, purpose), this.#replaceNull) : value
    return withPart(record, this.#part, this.#schemas.get(schema, this.#change), rebound)
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const rows = planOf(plan, this.#part)
    if (rows === null) return plan
    // The name of a single value may be that of a logical type, which decides how the value is read and written.
    if (rows.schema.type !== 'STRUCT') return null
    const schema = this.#schemas.get(rows.schema, this.#change)
    return withPlan(plan, this.#part, { schema, columns: readColumns(rows, this.#replaceNull) })
  }

  readonly #change = (schema: Schema): Schema => ({ ...schema, ...this.#changes })
}

export const setSchemaMetadataPlugins = forKeyAndValue(
  'SetSchemaMetadata',
  (part) => `Gives the schema of the ${part} another name, version or both.`,
  setSchemaMetadataConfig,
  (props, part) => new SetSchemaMetadata(props, part),
)
