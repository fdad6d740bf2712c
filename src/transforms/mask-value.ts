import { DataError, DATE, DECIMAL, decimalText, primitive, type Schema, TIME, TIMESTAMP } from '../connect/index.ts'
import { isMap, schemalessType, typeName } from './members.ts'

/**
 * What stands in place of every value of this schema that is not null: the replacement in the schema's type, else the
 * type's zero. Throws `DataError` for types that cannot be masked so.
 */
export function maskOf(schema: Schema, replacement: string | null): unknown {
  if (replacement !== null) return replacementFor(schema, replacement)
  switch (schema.name) {
    case DECIMAL:
      return decimalText(0n, scaleOf(schema))
    case DATE:
    case TIME:
    case TIMESTAMP:
      return 0
  }
  switch (schema.type) {
    case 'BOOLEAN':
      return false
    case 'STRING':
      return ''
    case 'ARRAY':
      return []
    case 'MAP':
      return new Map()
    case 'BYTES':
    case 'STRUCT':
      throw new DataError(`Cannot mask value of type: ${schema.type}`)
    default:
      return 0
  }
}

/** What stands in place of this schemaless value; null stays null. Whole numbers are taken for a long, others for a double. */
export function maskSchemaless(value: unknown, replacement: string | null): unknown {
  if (value === null) return null
  const type = schemalessType(value)
  if (type !== null) return maskOf(primitive(type), replacement)
  if (replacement !== null) throw notReplaceable(typeName(value))
  if (value instanceof Date) return new Date(0)
  if (value instanceof Map) return new Map()
  if (isMap(value)) return {}
  if (Array.isArray(value)) return []
  throw new DataError(`Cannot mask value of type: ${typeName(value)}`)
}

function replacementFor(schema: Schema, replacement: string): unknown {
  switch (schema.name) {
    case DECIMAL:
      return decimalText(unscaledFor(numberOf(replacement), scaleOf(schema), replacement), scaleOf(schema))
    case DATE:
    case TIME:
    case TIMESTAMP:
      throw notReplaceable(schema.name)
  }
  switch (schema.type) {
    case 'STRING':
      return replacement
    case 'INT8':
      return Number(BigInt.asIntN(8, wholePart(replacement)))
    case 'INT16':
      return Number(BigInt.asIntN(16, wholePart(replacement)))
    case 'INT32':
      return Number(BigInt.asIntN(32, wholePart(replacement)))
    case 'INT64': {
      const value = BigInt.asIntN(64, wholePart(replacement))
      return Number.isSafeInteger(Number(value)) ? Number(value) : value
    }
    case 'FLOAT32':
      numberOf(replacement)
      return Math.fround(Number(replacement))
    case 'FLOAT64':
      numberOf(replacement)
      return Number(replacement)
    default:
      throw notReplaceable(schema.type)
  }
}

function scaleOf(schema: Schema): number {
  return Number(schema.parameters?.['scale'] ?? 0)
}

/** A decimal number: `unscaled` / 10^`scale`. */
interface DecimalNumber {
  readonly unscaled: bigint
  readonly scale: number
}

/** Reads what Java's `BigDecimal` reads. Throws `DataError`. */
function numberOf(text: string): DecimalNumber {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/.exec(text)
  const [, sign = '', whole = '', fraction = '', power = '0'] = match ?? []
  if (whole + fraction === '') throw new DataError(`Unable to convert ${text} (string) to a number`)
  const unscaled = BigInt(whole + fraction)
  return { unscaled: sign === '-' ? -unscaled : unscaled, scale: fraction.length - Number(power) }
}

/** The digits before the point; of numbers that have more, those that matter to 64 bits. */
function wholePart(text: string): bigint {
  const { unscaled, scale } = numberOf(text)
  // 10^64 is a multiple of 2^64.
  if (scale <= -64) return 0n
  if (scale <= 0) return unscaled * 10n ** BigInt(-scale)
  return scale > String(unscaled).length ? 0n : unscaled / 10n ** BigInt(scale)
}

function unscaledFor({ unscaled, scale }: DecimalNumber, wanted: number, text: string): bigint {
  const missing = wanted - scale
  if (unscaled === 0n) return 0n
  if (missing >= 0 && missing <= 1000) return unscaled * 10n ** BigInt(missing)
  const surplus = missing < 0 && -missing <= String(unscaled).length ? 10n ** BigInt(-missing) : 0n
  if (surplus === 0n || unscaled % surplus !== 0n)
    throw new DataError(`Unable to convert ${text} (string) to a Decimal of scale ${wanted}`)
  return unscaled / surplus
}

function notReplaceable(type: string): DataError {
  return new DataError(`Cannot mask value of type ${type} with custom replacement.`)
}
