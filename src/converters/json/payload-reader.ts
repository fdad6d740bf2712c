import {
  bigIntFromBytes,
  DATE,
  DataError,
  DECIMAL,
  decimalText,
  JsonDecimal,
  type Schema,
  TIME,
  TIMESTAMP,
} from '../../connect/index.ts'

/** Turns parsed JSON into the value of a schema, with Kafka Connect's coercions. Throws `DataError`. */
export function readPayload(schema: Schema, json: unknown, replaceNullWithDefault: boolean): unknown {
  if (json === null || json === undefined) {
    if (schema.default !== undefined && schema.default !== null && replaceNullWithDefault) return schema.default
    if (schema.optional) return null
    throw new DataError(`Invalid null value for required ${schema.type} field`)
  }
  switch (schema.name) {
    case DECIMAL:
      return readDecimal(schema, json)
    case DATE:
      return readInt32(json, 'Date')
    case TIME:
      return readInt32(json, 'Time')
    case TIMESTAMP:
      if (!isIntegral(json))
        throw new DataError(
          `Invalid type for Timestamp, underlying representation should be integral but was ${nodeType(json)}`,
        )
      return int64(json)
  }
  switch (schema.type) {
    case 'BOOLEAN':
      return json === true
    case 'INT8':
      return (int32(json) << 24) >> 24
    case 'INT16':
      return (int32(json) << 16) >> 16
    case 'INT32':
      return int32(json)
    case 'INT64':
      return int64(json)
    case 'FLOAT32':
      return Math.fround(double(json))
    case 'FLOAT64':
      return double(json)
    case 'STRING':
      return typeof json === 'string' ? json : null
    case 'BYTES':
      return typeof json === 'string' ? base64(json, 'Invalid bytes field') : null
    case 'ARRAY':
      return readArray(schema, json, replaceNullWithDefault)
    case 'MAP':
      return readMap(schema, json, replaceNullWithDefault)
    case 'STRUCT':
      return readStruct(schema, json, replaceNullWithDefault)
  }
}

/** Values read without a schema, in place: integers wrap into 64 bits, as in Kafka Connect. */
export function readSchemaless(json: unknown): unknown {
  if (typeof json === 'bigint') return int64(json)
  if (json instanceof JsonDecimal) return Number(json.text)
  if (typeof json !== 'object' || json === null) return json
  const container = json as Record<string, unknown>
  for (const key in container) {
    const value = container[key]
    if (typeof value === 'object' || typeof value === 'bigint') container[key] = readSchemaless(value)
  }
  return json
}

/** What a JSON value is, in the words of Kafka Connect's messages. */
function nodeType(json: unknown): string {
  if (json === undefined) return 'MISSING'
  if (json === null) return 'NULL'
  if (Array.isArray(json)) return 'ARRAY'
  if (json instanceof JsonDecimal || typeof json === 'bigint') return 'NUMBER'
  return typeof json === 'object' ? 'OBJECT' : (typeof json).toUpperCase()
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return nodeType(json) === 'OBJECT'
}

function isIntegral(json: unknown): boolean {
  return typeof json === 'bigint' || Number.isInteger(json)
}

function readInt32(json: unknown, type: string): number {
  if (!isIntegral(json) || BigInt.asIntN(32, BigInt(json as number)) !== BigInt(json as number))
    throw new DataError(
      `Invalid type for ${type}, underlying representation should be integer but was ${nodeType(json)}`,
    )
  return Number(json)
}

/** Java's `intValue`: integers wrap, fractions are cut and saturate, anything else is 0. */
function int32(json: unknown): number {
  if (typeof json === 'bigint') return Number(BigInt.asIntN(32, json))
  const number = numeric(json)
  if (Number.isSafeInteger(number)) return number | 0
  return Math.max(-0x80000000, Math.min(0x7fffffff, Math.trunc(number) || 0))
}

/** Java's `longValue`, likewise; a number when it is a safe integer, else a bigint. */
function int64(json: unknown): number | bigint {
  if (typeof json === 'bigint') return narrow(BigInt.asIntN(64, json))
  const number = Math.trunc(numeric(json)) || 0
  if (Number.isSafeInteger(number)) return number
  if (number >= 2 ** 63) return 2n ** 63n - 1n
  return number <= -(2 ** 63) ? -(2n ** 63n) : BigInt(number)
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function numeric(json: unknown): number {
  if (typeof json === 'number') return json
  return json instanceof JsonDecimal ? Number(json.text) : 0
}

const nonFinite: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity }

/** The texts that stand for what JSON has no number for are read back; any other text is 0. */
function double(json: unknown): number {
  if (typeof json === 'bigint') return Number(json)
  return typeof json === 'string' ? (nonFinite[json] ?? 0) : numeric(json)
}

const base64Text = /^[A-Za-z0-9+/]*={0,2}$/

function base64(text: string, complaint: string): Uint8Array {
  if (!base64Text.test(text) || text.replace(/=+$/, '').length % 4 === 1)
    throw new DataError(`${complaint}: not base64`)
  const bytes = Buffer.from(text, 'base64')
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function readDecimal(schema: Schema, json: unknown): string {
  const scale = Number(schema.parameters?.['scale'])
  if (!Number.isInteger(scale)) throw new DataError('Invalid Decimal schema: scale parameter not found')
  if (typeof json === 'string')
    return decimalText(bigIntFromBytes(base64(json, 'Invalid bytes for Decimal field')), scale)
  if (nodeType(json) !== 'NUMBER')
    throw new DataError(
      `Invalid type for Decimal, underlying representation should be numeric or bytes but was ${nodeType(json)}`,
    )
  return decimalOfNumber(json instanceof JsonDecimal ? json.text : String(json), scale)
}

/** A JSON number in plain notation with at least `scale` digits after the point; more if they are not zeros. */
function decimalOfNumber(text: string, scale: number): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const exponent = Number(power) - fraction.length
  if (Math.abs(exponent) > 10_000) throw new DataError(`Invalid Decimal: the exponent of ${text} is too large`)
  const digits = BigInt(whole + fraction)
  const negative = sign === '-' ? -digits : digits
  if (-exponent <= scale) return decimalText(negative * 10n ** BigInt(scale + exponent), scale)
  const divisor = 10n ** BigInt(-exponent - scale)
  return negative % divisor === 0n ? decimalText(negative / divisor, scale) : decimalText(negative, -exponent)
}

function readArray(schema: Schema, json: unknown, replaceNullWithDefault: boolean): unknown[] {
  const items = schema.valueSchema
  if (items === undefined) throw new DataError('Array schema did not specify the element type')
  // The members of an object count as well, as in Kafka Connect; anything else has none.
  const found: readonly unknown[] = Array.isArray(json) ? json : isObject(json) ? Object.values(json) : []
  return found.map((item) => readPayload(items, item, replaceNullWithDefault))
}

function readMap(schema: Schema, json: unknown, replaceNullWithDefault: boolean): Map<unknown, unknown> {
  const { keySchema, valueSchema } = schema
  if (keySchema === undefined || valueSchema === undefined) throw new DataError('Map schema did not specify its types')
  const map = new Map<unknown, unknown>()
  if (keySchema.type === 'STRING') {
    if (!isObject(json))
      throw new DataError(`Maps with string fields should be encoded as JSON objects, but found ${nodeType(json)}`)
    for (const [key, value] of Object.entries(json))
      map.set(key, readPayload(valueSchema, value, replaceNullWithDefault))
    return map
  }
  if (!Array.isArray(json))
    throw new DataError(
      `Maps with non-string fields should be encoded as JSON array of tuples, but found ${nodeType(json)}`,
    )
  for (const entry of json as unknown[]) {
    if (!Array.isArray(entry)) throw new DataError(`Found invalid map entry instead of array tuple: ${nodeType(entry)}`)
    if (entry.length !== 2) throw new DataError(`Found invalid map entry, expected length 2 but found :${entry.length}`)
    map.set(
      readPayload(keySchema, entry[0], replaceNullWithDefault),
      readPayload(valueSchema, entry[1], replaceNullWithDefault),
    )
  }
  return map
}

function readStruct(schema: Schema, json: unknown, replaceNullWithDefault: boolean): Record<string, unknown> {
  if (!isObject(json)) throw new DataError(`Structs should be encoded as JSON objects, but found ${nodeType(json)}`)
  const value: Record<string, unknown> = {}
  for (const field of schema.fields ?? [])
    value[field.name] = readPayload(
      field.schema,
      Object.hasOwn(json, field.name) ? json[field.name] : null,
      replaceNullWithDefault,
    )
  return value
}
