import {
  type ByteSink,
  DataError,
  type PayloadWriters,
  type Schema,
  type SchemaType,
  writeAscii,
  writeInteger,
  writeJsonText,
} from '../../connect/index.ts'

const typeNames: Readonly<Record<SchemaType, string>> = {
  BOOLEAN: 'boolean',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FLOAT32: 'float',
  FLOAT64: 'double',
  BYTES: 'bytes',
  STRING: 'string',
  ARRAY: 'array',
  MAP: 'map',
  STRUCT: 'struct',
}

const typesByName = new Map(Object.entries(typeNames).map(([type, name]) => [name, type as SchemaType]))

/** Writes a schema as the envelope's `schema` has it; `field` is the name of a struct's member. */
export function writeSchemaJson(out: ByteSink, schema: Schema, writers: PayloadWriters, field?: string): void {
  writeAscii(out, `{"type":"${typeNames[schema.type]}"`)
  writeParts(out, schema, writers)
  writeAscii(out, `,"optional":${schema.optional}`)
  if (schema.name !== undefined) writeMember(out, 'name', schema.name)
  if (schema.version !== undefined) {
    writeAscii(out, ',"version":')
    writeInteger(out, schema.version)
  }
  if (schema.doc !== undefined) writeMember(out, 'doc', schema.doc)
  if (schema.parameters !== undefined) {
    let separator = ',"parameters":{'
    for (const [key, value] of Object.entries(schema.parameters)) {
      writeAscii(out, separator)
      separator = ','
      writeJsonText(out, key)
      writeAscii(out, ':')
      writeJsonText(out, value)
    }
    writeAscii(out, separator === ',' ? '}' : `${separator}}`)
  }
  if (schema.default !== undefined && schema.default !== null) {
    writeAscii(out, ',"default":')
    writers.for(schema)(out, schema.default)
  }
  if (field !== undefined) writeMember(out, 'field', field)
  writeAscii(out, '}')
}

function writeMember(out: ByteSink, name: string, text: string): void {
  writeAscii(out, `,"${name}":`)
  writeJsonText(out, text)
}

function writeParts(out: ByteSink, schema: Schema, writers: PayloadWriters): void {
  const part = (name: string, of: Schema | undefined): void => {
    if (of === undefined) throw new DataError(`A ${schema.type} schema lacks its ${name} schema`)
    writeAscii(out, `,"${name}":`)
    writeSchemaJson(out, of, writers)
  }
  if (schema.type === 'ARRAY') part('items', schema.valueSchema)
  if (schema.type === 'MAP') {
    part('keys', schema.keySchema)
    part('values', schema.valueSchema)
  }
  if (schema.type === 'STRUCT') {
    writeAscii(out, ',"fields":[')
    for (const [i, field] of (schema.fields ?? []).entries()) {
      if (i > 0) writeAscii(out, ',')
      writeSchemaJson(out, field.schema, writers, field.name)
    }
    writeAscii(out, ']')
  }
}

type ReadValue = (schema: Schema, json: unknown) => unknown

/**
 * Reads a schema object of the envelope; null for JSON null. `readValue` converts the default. Throws `DataError`.
 */
export function schemaFromJson(json: unknown, readValue: ReadValue): Schema | null {
  if (json === null || json === undefined) return null
  const node = (typeof json === 'object' && !Array.isArray(json) ? json : {}) as Readonly<Record<string, unknown>>
  const typeName = node['type']
  if (typeof typeName !== 'string') throw new DataError("Schema must contain 'type' field")
  const type = typesByName.get(typeName)
  if (type === undefined) throw new DataError(`Unknown schema type: ${typeName}`)
  const schema: { -readonly [K in keyof Schema]: Schema[K] } = { type, optional: node['optional'] === true }
  readParts(schema, node, readValue)
  if (typeof node['name'] === 'string') schema.name = node['name']
  if (Number.isInteger(node['version'])) schema.version = node['version'] as number
  if (typeof node['doc'] === 'string') schema.doc = node['doc']
  const parameters = node['parameters']
  if (typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters)) {
    if (Object.values(parameters).some((value) => typeof value !== 'string'))
      throw new DataError('Schema parameters must have string values.')
    schema.parameters = parameters as Readonly<Record<string, string>>
  }
  if (node['default'] !== undefined && node['default'] !== null) schema.default = readValue(schema, node['default'])
  return schema
}

function readParts(
  schema: { -readonly [K in keyof Schema]: Schema[K] },
  node: Readonly<Record<string, unknown>>,
  readValue: ReadValue,
): void {
  const part = (name: string, complaint: string): Schema => {
    const read = schemaFromJson(node[name], readValue)
    if (read === null) throw new DataError(complaint)
    return read
  }
  if (schema.type === 'ARRAY') schema.valueSchema = part('items', 'Array schema did not specify the element type')
  if (schema.type === 'MAP') {
    schema.keySchema = part('keys', 'Map schema did not specify the key type')
    schema.valueSchema = part('values', 'Map schema did not specify the value type')
  }
  if (schema.type === 'STRUCT') {
    if (!Array.isArray(node['fields'])) throw new DataError('Struct schema\'s "fields" argument is not an array.')
    schema.fields = node['fields'].map((member: unknown) => {
      const name = (member as { readonly field?: unknown } | null)?.field
      if (typeof name !== 'string') throw new DataError("Struct schema's field name not specified properly")
      const fieldSchema = schemaFromJson(member, readValue)
      if (fieldSchema === null) throw new DataError(`Struct schema's field ${name} has no schema`)
      return { name, schema: fieldSchema }
    })
  }
}
