import {
  arrayOf,
  ConfigError,
  date,
  decimal,
  mapOf,
  optional,
  primitive,
  type Schema,
  struct,
  time,
  timestamp,
} from 'millrace/connect'
import type { AvroType } from './avro-schema.ts'

const primitiveTypes = {
  boolean: 'BOOLEAN',
  int: 'INT32',
  long: 'INT64',
  float: 'FLOAT32',
  double: 'FLOAT64',
  bytes: 'BYTES',
  fixed: 'BYTES',
  string: 'STRING',
  enum: 'STRING',
} as const

/** The Connect schema of what is made of an Avro type. */
export function connectSchema(type: AvroType): Schema {
  const schema = requiredSchema(type)
  return type.isOptional ? optional(schema) : schema
}

function requiredSchema(type: AvroType): Schema {
  const { kind, logicalType, fields = [], values, name } = type
  if (kind === 'record')
    return struct(
      fields.map((field) => ({ name: field.name, schema: connectSchema(field.type) })),
      name === undefined ? {} : { name },
    )
  if (kind === 'array') return arrayOf(connectSchema(values as AvroType))
  if (kind === 'map') return mapOf(primitive('STRING'), connectSchema(values as AvroType))
  if (kind === 'null') throw new ConfigError('A field of the type null alone has nothing to make')
  if (logicalType === 'timestamp-millis' && kind === 'long') return timestamp()
  if (logicalType === 'date' && kind === 'int') return date()
  if (logicalType === 'time-millis' && kind === 'int') return time()
  if (type.scale !== undefined && (kind === 'bytes' || kind === 'fixed')) return decimal(type.scale)
  return primitive(primitiveTypes[kind])
}
