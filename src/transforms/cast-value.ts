import {
  bigDecimalText,
  DataError,
  DATE,
  DECIMAL,
  formatJavaDouble,
  formatJavaFloat,
  type Schema,
  temporalText,
  TIME,
  TIMESTAMP,
} from '../connect/index.ts'
import { isMap, schemalessType, typeName } from './members.ts'

/** What a value can be cast to, in the order of Kafka Connect's messages. */
export const castTypes = [
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FLOAT32',
  'FLOAT64',
  'BOOLEAN',
  'STRING',
] as const satisfies Schema['type'][]

export type CastType = (typeof castTypes)[number]

const dayMs = 86_400_000

/**
 * Casts as Java's narrowing does: whole numbers wrap, fractions are cut off and saturate, Decimals wrap after their
 * fraction is cut off. Schemaless numbers are taken for a long when they are whole, else for a double. Null stays null.
 * Throws `DataError` for a value that has no such cast.
 */
export function castValue(schema: Schema | null, value: unknown, target: CastType): unknown {
  if (value === null || value === undefined) return null
  const type = schema?.type ?? schemalessType(value) ?? compoundType(value)
  if (type !== 'BYTES' && !(castTypes as readonly string[]).includes(type))
    throw new DataError(
      `Cast transformation does not support casting from ${type}; supported types are [${castTypes.join(', ')}, BYTES]`,
    )
  switch (target) {
    case 'STRING':
      return castToString(schema, value)
    case 'BOOLEAN':
      return castToBoolean(schema, value)
    case 'FLOAT32':
      return Math.fround(castToDouble(schema, value, target))
    case 'FLOAT64':
      return castToDouble(schema, value, target)
    default:
      return castToInteger(schema, value, target)
  }
}

/** Whether {@link castValue} has a cast for every value of a schema. */
export function castsAll(schema: Schema, target: CastType): boolean {
  if (schema.name === DECIMAL) return true
  if (schema.type === 'BYTES') return target === 'STRING'
  if (schema.type === 'STRING') return target === 'STRING' || target === 'BOOLEAN'
  return (castTypes as readonly string[]).includes(schema.type)
}

function compoundType(value: unknown): 'ARRAY' | 'MAP' {
  if (Array.isArray(value)) return 'ARRAY'
  if (isMap(value)) return 'MAP'
  throw new DataError(
    `Cast transformation was passed a value of type ${typeName(value)} which is not supported by Connect's data API`,
  )
}

function castToString(schema: Schema | null, value: unknown): string {
  if (schema?.name === DECIMAL) return bigDecimalText(value as string, Number(schema.parameters?.['scale'] ?? 0))
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
  if (typeof value !== 'number' && typeof value !== 'bigint') return String(value)
  switch (schema?.name) {
    case DATE:
      return temporalText(Number(value) * dayMs, 'date')
    case TIME:
      return temporalText(value, 'time')
    case TIMESTAMP:
      return temporalText(value, 'timestamp')
  }
  if (typeof value === 'bigint') return String(value)
  if (schema?.type === 'FLOAT32') return formatJavaFloat(value)
  return isFloat(schema, value) ? formatJavaDouble(value) : String(value)
}

function castToBoolean(schema: Schema | null, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string' && schema?.name !== DECIMAL) return value.toLowerCase() === 'true'
  return BigInt(castToInteger(schema, value, 'INT64')) !== 0n
}

const javaDouble = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/

function castToDouble(schema: Schema | null, value: unknown, target: CastType): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'boolean':
      return Number(value)
    case 'string': {
      if (schema?.name === DECIMAL) return Number(value)
      const text = value.trim()
      if (!javaDouble.test(text)) throw outOfRange(value)
      return Number(text.replace(/[fFdD]$/, ''))
    }
    default:
      throw unexpected(value, target)
  }
}

type IntegerType = 'INT8' | 'INT16' | 'INT32' | 'INT64'

const bits: Record<IntegerType, number> = { INT8: 8, INT16: 16, INT32: 32, INT64: 64 }

function castToInteger(schema: Schema | null, value: unknown, target: IntegerType): number | bigint {
  switch (typeof value) {
    case 'boolean':
      return value ? 1 : 0
    case 'bigint':
      return wrap(value, target)
    case 'number':
      return wrap(isFloat(schema, value) ? saturated(value, target) : value, target)
    case 'string':
      return schema?.name === DECIMAL ? wrap(BigInt(value.replace(/\..*$/, '')), target) : parseInteger(value, target)
    default:
      throw unexpected(value, target)
  }
}

function isFloat(schema: Schema | null, value: number): boolean {
  return schema === null ? !Number.isSafeInteger(value) : schema.type === 'FLOAT32' || schema.type === 'FLOAT64'
}

/** The low bits, as Java's narrowing of whole numbers keeps them. */
function wrap(value: number | bigint, target: IntegerType): number | bigint {
  if (target === 'INT64' && typeof value === 'number') return value
  const wrapped = BigInt.asIntN(bits[target], BigInt(value))
  const number = Number(wrapped)
  return Number.isSafeInteger(number) ? number : wrapped
}

/** A double as an int (a long for INT64): cut off, and held at the ends; NaN is 0. */
function saturated(value: number, target: IntegerType): bigint {
  if (Number.isNaN(value)) return 0n
  const limit = target === 'INT64' ? 2n ** 63n : 2n ** 31n
  if (value >= Number(limit)) return limit - 1n
  return value <= -Number(limit) ? -limit : BigInt(Math.trunc(value))
}

function parseInteger(text: string, target: IntegerType): number | bigint {
  const digits = /^([+-]?)0*(\d{1,19})$/.exec(text)
  if (digits === null) throw outOfRange(text)
  const value = BigInt(`${digits[1] === '-' ? '-' : ''}${digits[2]}`)
  if (BigInt.asIntN(bits[target], value) !== value) throw outOfRange(text)
  return wrap(value, target)
}

function outOfRange(text: string): DataError {
  return new DataError(`Value (${text}) was out of range for requested data type`)
}

function unexpected(value: unknown, target: CastType): DataError {
  return new DataError(
    `Unexpected type in Cast transformation: ${typeName(value)} cannot be cast to ${target.toLowerCase()}`,
  )
}
