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
  /** Bytes, given as base64, inside an array, map or struct. */
  nestedBytes(base64: string): string
  /** A struct of members with their texts; `isNull` tells of members without a value. */
  struct(members: readonly { readonly name: string; readonly text: string; readonly isNull: boolean }[]): string
  /** Between a map's key and value. */
  readonly keySeparator: string
  /** Between entries. */
  readonly separator: string
}

const dayMs = 86_400_000

/** The text of a value at the top level: strings as they are, bytes as base64. */
export function valueText(schema: Schema | null, value: unknown, form: TextForm): string {
  if (value instanceof Uint8Array) return base64(value)
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
  if (value instanceof Uint8Array) return form.nestedBytes(base64(value))
  if (schema?.type === 'STRUCT') {
    const members = value as Readonly<Record<string, unknown>>
    return form.struct(
      (schema.fields ?? []).map(({ name, schema: fieldSchema }) => ({
        name,
        text: nestedText(fieldSchema, members[name], form),
        isNull: (members[name] ?? null) === null,
      })),
    )
  }
  const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : Object.entries(value)
  const keys = schema?.keySchema ?? null
  const texts = entries.map(
    ([key, item]) => nestedText(keys, key, form) + form.keySeparator + nestedText(elements, item, form),
  )
  return `{${texts.join(form.separator)}}`
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
