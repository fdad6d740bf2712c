import { config, ConfigError, type ConfigValueErrors, long, type PropsOf, Type } from 'millrace/connect'
import { type AvroType, readAvroSchema } from './avro-schema.ts'
import { connectSchema } from './connect-schema.ts'
import { valueMaker } from './maker.ts'
import { quickstartNames, quickstarts } from './quickstarts/index.ts'

export const datagenConfig = config({
  'kafka.topic': Type.String({ minLength: 1, importance: 'high', description: 'The topic to publish to.' }),
  'max.interval': long({
    default: 500,
    importance: 'high',
    description:
      'The longest pause between two records, in milliseconds; each pause is a random part of it. 0: as fast as possible.',
  }),
  iterations: Type.Integer({
    default: -1,
    importance: 'high',
    description: 'How many records each task emits before it fails to say that it is done; less than 1: no end.',
  }),
  'schema.string': Type.String({
    default: '',
    importance: 'high',
    description: 'The Avro schema of the data, as JSON, with `arg.properties` that say how values are made.',
  }),
  'schema.filename': Type.String({
    default: '',
    importance: 'high',
    description: 'A file that holds the schema, on each worker.',
  }),
  'schema.keyfield': Type.String({
    default: '',
    importance: 'high',
    description: 'The field whose value is the key of the record. Default: that of the quickstart, otherwise no key.',
  }),
  quickstart: Type.String({
    default: '',
    importance: 'high',
    recommended: quickstartNames,
    check: (name: string) =>
      name === '' || quickstarts.has(name.toLowerCase()) ? undefined : `must be one of ${quickstartNames.join(', ')}`,
    description: 'The data to make: a ready schema and key.',
  }),
  'random.seed': long({
    default: null,
    importance: 'low',
    description: 'Makes the data the same at every start; each task makes its own.',
  }),
})

export type DatagenProps = PropsOf<typeof datagenConfig>

const schemaKeys = ['schema.string', 'schema.filename', 'quickstart'] as const

/** What is wrong across keys, and with a schema that stands in the configuration. */
export function validateDatagen(props: DatagenProps): ConfigValueErrors | undefined {
  const given = schemaKeys.filter((key) => props[key] !== '')
  if (given.length !== 1) {
    const message = `Must set exactly one of ${schemaKeys.join(', ')}: it says what data to make`
    return Object.fromEntries((given.length === 0 ? schemaKeys : given).map((key) => [key, [message]]))
  }
  if (props['schema.filename'] !== '') return undefined
  try {
    checkedType(schemaText(props), keyField(props))
    return undefined
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { [given[0] as string]: [error.message] }
  }
}

/** The schema that stands in the configuration or comes with the quickstart. */
export function schemaText(props: DatagenProps): string {
  const quickstart = quickstarts.get(props.quickstart.toLowerCase())
  return quickstart === undefined ? props['schema.string'] : JSON.stringify(quickstart.schema())
}

/** The field that is the key, or empty. */
export function keyField(props: DatagenProps): string {
  return props['schema.keyfield'] || (quickstarts.get(props.quickstart.toLowerCase())?.key ?? '')
}

/** The type to make, which is a record with that key field. Throws a `ConfigError`. */
export function checkedType(text: string, key: string): AvroType {
  const type = readAvroSchema(text)
  if (type.kind !== 'record') throw new ConfigError(`The schema is of the type ${type.kind}: a record is needed`)
  if (key !== '' && type.fields?.some(({ name }) => name === key) !== true)
    throw new ConfigError(`The schema does not contain the field provided in 'schema.keyfield': ${key}`)
  connectSchema(type)
  valueMaker(type)
  return type
}
