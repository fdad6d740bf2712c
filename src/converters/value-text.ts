import {
  DATE,
  DECIMAL,
  formatJavaDouble,
  formatJavaFloat,
  type Schema,
  temporalText,
  TIME,
  TIMESTAMP,
} from '../connect/index.ts'

/** How parts that differ between the text forms are written. */
export interface TextForm {
  /** A string inside an array, map or struct. */
  nestedString(text: string): string
  /** Between a map's key and value. */
  readonly keySeparator: string
  /** Between entries. */
  readonly separator: string
}

const dayMs = 86_400_000

/** The text of a value at the top level: strings as they are, bytes as base64. */
export function valueText(schema: Schema | null, value: unknown, form: TextForm): string {
  return typeof value === 'string' ? value : nestedText(schema, value, form)
}

function nestedText(schema: Schema | null, value: unknown, form: TextForm): string {
  if (value === null || value === undefined) return 'null'
  switch (typeof value) {
    case 'string':
      return schema?.name === DECIMAL ? value : form.nestedString(value)
    case 'number':
      return numberText(schema, value)
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'object':
      return objectText(schema, value, form)
    default:
      return typeof value
  }
}

function numberText(schema: Schema | null, value: number): string {
  switch (schema?.name) {
    case DATE:
      return temporalText(value * dayMs, 'date')
    case TIME:
      return temporalText(value, 'time')
    case TIMESTAMP:
      return temporalText(value, 'timestamp')
  }
  if (schema?.type === 'FLOAT32') return formatJavaFloat(value)
  return schema?.type === 'FLOAT64' || !Number.isSafeInteger(value) ? formatJavaDouble(value) : String(value)
}

function objectText(schema: Schema | null, value: object, form: TextForm): string {
  const elements = schema?.valueSchema ?? null
  if (Array.isArray(value)) return `[${value.map((item) => nestedText(elements, item, form)).join(form.separator)}]`
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
  if (schema?.type === 'STRUCT') {
    const members = value as Readonly<Record<string, unknown>>
    const texts = (schema.fields ?? [])
      .filter(({ name }) => (members[name] ?? null) !== null)
      .map(({ name, schema: fieldSchema }) => `${name}=${nestedText(fieldSchema, members[name], form)}`)
    return `Struct{${texts.join(',')}}`
  }
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value)
  const keys = schema?.keySchema ?? null
  const texts = entries.map(
    ([key, item]) => nestedText(keys, key, form) + form.keySeparator + nestedText(elements, item, form),
  )
  return `{${texts.join(form.separator)}}`
}
