import type { ByteSink, DecimalFormat } from '../batches.ts'
import { formatJavaFloat } from '../data/java-number.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from '../data/logical.ts'
import type { Schema } from '../data/schema.ts'
import { DataError } from '../errors.ts'
import { unscaledValue, writeJsonDecimal } from './decimal.ts'
import { writeAscii, writeBytes, writeInteger, writeJsonBase64, writeJsonDouble, writeJsonText } from './write.ts'

/** Writes one value as JSON, null included. Throws `DataError`. */
export type PayloadWriter = (out: ByteSink, value: unknown) => void

export interface PayloadOptions {
  readonly decimalFormat: DecimalFormat
  readonly replaceNullWithDefault: boolean
}

const nullText = Buffer.from('null')
const trueText = Buffer.from('true')
const falseText = Buffer.from('false')
const openArray = 0x5b
const closeArray = 0x5d
const openObject = 0x7b
const closeObject = 0x7d
const comma = 0x2c
const colon = 0x3a

/** Makes writers for schemas, once per schema object. */
export class PayloadWriters {
  readonly #options: PayloadOptions
  readonly #bySchema = new WeakMap<Schema, PayloadWriter>()

  constructor(options: PayloadOptions) {
    this.#options = options
  }

  /** The writer for values of this schema; null is schemaless. */
  for(schema: Schema | null): PayloadWriter {
    if (schema === null) return writeSchemaless
    let writer = this.#bySchema.get(schema)
    if (writer === undefined) {
      writer = this.#withNull(schema, this.#writerOf(schema))
      this.#bySchema.set(schema, writer)
    }
    return writer
  }

  get decimalFormat(): DecimalFormat {
    return this.#options.decimalFormat
  }

  /** True when nulls inside values of this schema are written as the defaults that stand there, or have none. */
  writesNestedDefaults(schema: Schema): boolean {
    if (this.#options.replaceNullWithDefault) return true
    const parts = [...(schema.fields ?? []).map((field) => field.schema), schema.keySchema, schema.valueSchema]
    return parts.every((part) => part === undefined || (part.default === undefined && this.writesNestedDefaults(part)))
  }

  #withNull(schema: Schema, write: PayloadWriter): PayloadWriter {
    const fallback = schema.default ?? null
    if (fallback !== null && this.#options.replaceNullWithDefault) return (out, value) => write(out, value ?? fallback)
    if (schema.optional)
      return (out, value) => {
        if (value === null || value === undefined) writeBytes(out, nullText)
        else write(out, value)
      }
    return (out, value) => {
      if (value === null || value === undefined)
        throw new DataError('Conversion error: null value for field that is required and has no default value')
      write(out, value)
    }
  }

  #writerOf(schema: Schema): PayloadWriter {
    switch (schema.name) {
      case DECIMAL:
        return this.#decimalWriter(schema)
      case DATE:
        return writeInt32As('Date')
      case TIME:
        return writeTime
      case TIMESTAMP:
        return writeInt64As('Timestamp')
    }
    switch (schema.type) {
      case 'INT8':
        return smallIntegerWriter('INT8', -0x80, 0x7f)
      case 'INT16':
        return smallIntegerWriter('INT16', -0x8000, 0x7fff)
      case 'INT32':
        return smallIntegerWriter('INT32', -0x80000000, 0x7fffffff)
      case 'INT64':
        return writeInt64As('INT64')
      case 'FLOAT32':
        return writeFloat
      case 'FLOAT64':
        return writeDouble
      case 'BOOLEAN':
        return writeBoolean
      case 'STRING':
        return writeString
      case 'BYTES':
        return writeBinary
      case 'ARRAY':
        return this.#arrayWriter(schema)
      case 'MAP':
        return this.#mapWriter(schema)
      case 'STRUCT':
        return this.#structWriter(schema)
    }
  }

  #decimalWriter(schema: Schema): PayloadWriter {
    const scale = Number(schema.parameters?.['scale'])
    if (!Number.isInteger(scale)) throw new DataError('Invalid Decimal schema: scale parameter not found')
    if (this.#options.decimalFormat === 'NUMERIC')
      return (out, value) => {
        if (typeof value !== 'string') throw invalidType('Decimal', value)
        writeAscii(out, bigDecimalText(value, scale))
      }
    return (out, value) => {
      if (typeof value !== 'string') throw invalidType('Decimal', value)
      const text = Buffer.from(value, 'latin1')
      writeJsonDecimal(out, text, 0, text.length, scale)
    }
  }

  #arrayWriter(schema: Schema): PayloadWriter {
    const write = this.for(schema.valueSchema ?? null)
    return (out, value) => {
      if (!Array.isArray(value)) throw invalidType('ARRAY', value)
      writeArray(out, value, write)
    }
  }

  #mapWriter(schema: Schema): PayloadWriter {
    const writeKey = this.for(schema.keySchema ?? null)
    const writeValue = this.for(schema.valueSchema ?? null)
    if (schema.keySchema?.type === 'STRING')
      return (out, value) => {
        if (!(value instanceof Map)) throw invalidType('MAP', value)
        writeObject(out, value.entries(), writeValue)
      }
    return (out, value) => {
      if (!(value instanceof Map)) throw invalidType('MAP', value)
      writePairs(out, value, writeKey, writeValue)
    }
  }

  #structWriter(schema: Schema): PayloadWriter {
    const fields = (schema.fields ?? []).map(({ name, schema: fieldSchema }, i) => ({
      name,
      prefix: fieldPrefix(name, i === 0),
      write: this.for(fieldSchema),
    }))
    return (out, value) => {
      if (!isPlainObject(value)) throw invalidType('STRUCT', value)
      if (fields.length === 0) writeByte(out, openObject)
      for (const { name, prefix, write } of fields) {
        writeBytes(out, prefix)
        write(out, value[name])
      }
      writeByte(out, closeObject)
    }
  }
}

/** `{"name":` or `,"name":`. */
export function fieldPrefix(name: string, isFirst: boolean): Uint8Array {
  const quoted = JSON.stringify(name.toWellFormed()).replace(
    /\\u00(..)/g,
    (_all, hex: string) => `\\u00${hex.toUpperCase()}`,
  )
  return Buffer.from(`${isFirst ? '{' : ','}${quoted}:`)
}

function invalidType(expected: string, value: unknown): DataError {
  return new DataError(`Invalid type for ${expected}: ${describe(value)}`)
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return value.constructor?.name ?? 'object'
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || !isBuiltIn(value)
}

function isBuiltIn(value: object): boolean {
  return Array.isArray(value) || value instanceof Map || value instanceof Date || ArrayBuffer.isView(value)
}

function writeByte(out: ByteSink, byte: number): void {
  out.reserve(1)
  out.bytes[out.position++] = byte
}

function smallIntegerWriter(type: string, min: number, max: number): PayloadWriter {
  return (out, value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw invalidType(type, value)
    writeInteger(out, value)
  }
}

function writeInt32As(type: string): PayloadWriter {
  return smallIntegerWriter(type, -0x80000000, 0x7fffffff)
}

const writeAnyTime = writeInt32As('Time')

function writeTime(out: ByteSink, value: unknown): void {
  if (typeof value === 'number' && (value < 0 || value >= 86_400_000))
    throw new DataError(`A Time must be less than one day: ${value} ms is not`)
  writeAnyTime(out, value)
}

function writeInt64As(type: string): PayloadWriter {
  return (out, value) => {
    if (typeof value === 'number' ? !Number.isSafeInteger(value) : !isInt64(value)) throw invalidType(type, value)
    writeInteger(out, value as number | bigint)
  }
}

function isInt64(value: unknown): boolean {
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value
}

function writeFloat(out: ByteSink, value: unknown): void {
  if (typeof value !== 'number') throw invalidType('FLOAT32', value)
  const text = formatJavaFloat(value)
  writeAscii(out, Number.isFinite(Math.fround(value)) ? text : `"${text}"`)
}

function writeDouble(out: ByteSink, value: unknown): void {
  if (typeof value !== 'number') throw invalidType('FLOAT64', value)
  writeJsonDouble(out, value)
}

function writeBoolean(out: ByteSink, value: unknown): void {
  if (typeof value !== 'boolean') throw invalidType('BOOLEAN', value)
  writeBytes(out, value ? trueText : falseText)
}

function writeString(out: ByteSink, value: unknown): void {
  if (typeof value !== 'string') throw invalidType('STRING', value)
  writeJsonText(out, value)
}

function writeBinary(out: ByteSink, value: unknown): void {
  if (!(value instanceof Uint8Array)) throw invalidType('BYTES', value)
  writeJsonBase64(out, value)
}

function writeArray(out: ByteSink, values: readonly unknown[], write: PayloadWriter): void {
  writeByte(out, openArray)
  for (let i = 0; i < values.length; i++) {
    if (i > 0) writeByte(out, comma)
    write(out, values[i])
  }
  writeByte(out, closeArray)
}

function writeObject(out: ByteSink, entries: Iterable<[unknown, unknown]>, writeValue: PayloadWriter): void {
  writeByte(out, openObject)
  let isFirst = true
  for (const [key, value] of entries) {
    if (!isFirst) writeByte(out, comma)
    isFirst = false
    writeString(out, key)
    writeByte(out, colon)
    writeValue(out, value)
  }
  writeByte(out, closeObject)
}

function writePairs(
  out: ByteSink,
  map: ReadonlyMap<unknown, unknown>,
  writeKey: PayloadWriter,
  writeValue: PayloadWriter,
): void {
  writeByte(out, openArray)
  let isFirst = true
  for (const [key, value] of map) {
    if (!isFirst) writeByte(out, comma)
    isFirst = false
    writeByte(out, openArray)
    writeKey(out, key)
    writeByte(out, comma)
    writeValue(out, value)
    writeByte(out, closeArray)
  }
  writeByte(out, closeArray)
}

/** Values without a schema: what they are decides how they are written. */
function writeSchemaless(out: ByteSink, value: unknown): void {
  switch (typeof value) {
    case 'string':
      return writeJsonText(out, value)
    case 'number':
      return Number.isSafeInteger(value) ? writeInteger(out, value) : writeJsonDouble(out, value)
    case 'bigint':
      if (!isInt64(value)) throw new DataError(`${value} does not fit into 64 bits`)
      return writeInteger(out, value)
    case 'boolean':
      return writeBoolean(out, value)
    case 'undefined':
      return writeBytes(out, nullText)
    case 'object':
      return writeSchemalessObject(out, value)
    default:
      throw new DataError(`A ${typeof value} does not have a corresponding schema type`)
  }
}

function writeSchemalessObject(out: ByteSink, value: object | null): void {
  if (value === null) return writeBytes(out, nullText)
  if (Array.isArray(value)) return writeArray(out, value, writeSchemaless)
  if (value instanceof Uint8Array) return writeJsonBase64(out, value)
  if (value instanceof Map) {
    const map = value as ReadonlyMap<unknown, unknown>
    for (const key of map.keys())
      if (typeof key !== 'string') return writePairs(out, map, writeSchemaless, writeSchemaless)
    return writeObject(out, map.entries(), writeSchemaless)
  }
  if (!isPlainObject(value)) throw new DataError(`A ${describe(value)} does not have a corresponding schema type`)
  writeObject(out, Object.entries(value), writeSchemaless)
}

/** A decimal as Java's `BigDecimal.toString` has it: with an exponent when six or more zeros follow the point. */
export function bigDecimalText(text: string, scale: number): string {
  const unscaled = unscaledValue(text, scale)
  const digits = String(unscaled < 0n ? -unscaled : unscaled)
  const exponent = digits.length - 1 - scale
  const sign = unscaled < 0n ? '-' : ''
  if (scale === 0) return sign + digits
  if (scale > 0 && exponent >= -6) {
    const padded = digits.padStart(scale + 1, '0')
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
  }
  const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`
  return `${sign}${mantissa}${exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`}`
}
