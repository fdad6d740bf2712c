import {
  millraceVersion,
  config,
  type ConverterPlugin,
  DataError,
  DATE,
  defineConverter,
  primitive,
  TIME,
  TIMESTAMP,
} from '../connect/index.ts'
import { converterType } from './json/config.ts'

interface Primitive {
  readonly class: string
  readonly schemaType: Parameters<typeof primitive>[0]
  readonly size: number
  accepts(value: unknown): boolean
  write(view: DataView, value: never): void
  read(view: DataView): unknown
}

const isIntegerWithin =
  (limit: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= -limit && (value as number) < limit

const isLong = (value: unknown): boolean =>
  typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value)

const isNumber = (value: unknown): boolean => typeof value === 'number'

function readLong(view: DataView): number | bigint {
  const value = view.getBigInt64(0)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function readBoolean(view: DataView): boolean {
  const byte = view.getUint8(0)
  if (byte > 1) throw new DataError(`Failed to deserialize boolean: the byte is ${byte}, neither 0 nor 1`)
  return byte === 1
}

const primitives: readonly Primitive[] = [
  {
    class: 'Boolean',
    schemaType: 'BOOLEAN',
    size: 1,
    accepts: (value) => typeof value === 'boolean',
    write: (view, value: boolean) => view.setUint8(0, value ? 1 : 0),
    read: readBoolean,
  },
  {
    class: 'Short',
    schemaType: 'INT16',
    size: 2,
    accepts: isIntegerWithin(0x8000),
    write: (view, value: number) => view.setInt16(0, value),
    read: (view) => view.getInt16(0),
  },
  {
    class: 'Integer',
    schemaType: 'INT32',
    size: 4,
    accepts: isIntegerWithin(0x80000000),
    write: (view, value: number) => view.setInt32(0, value),
    read: (view) => view.getInt32(0),
  },
  {
    class: 'Long',
    schemaType: 'INT64',
    size: 8,
    accepts: isLong,
    write: (view, value: number | bigint) => view.setBigInt64(0, BigInt(value)),
    read: readLong,
  },
  {
    class: 'Float',
    schemaType: 'FLOAT32',
    size: 4,
    accepts: isNumber,
    write: (view, value: number) => view.setFloat32(0, value),
    read: (view) => view.getFloat32(0),
  },
  {
    class: 'Double',
    schemaType: 'FLOAT64',
    size: 8,
    accepts: isNumber,
    write: (view, value: number) => view.setFloat64(0, value),
    read: (view) => view.getFloat64(0),
  },
]

const temporalNames = new Set<string | undefined>([DATE, TIME, TIMESTAMP])

function describe(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? `${typeof value} ${value}` : typeof value
}

function converterFor(type: Primitive): ConverterPlugin {
  const name = type.class.toLowerCase()
  const schema = primitive(type.schemaType, { optional: true })
  return defineConverter<unknown>({
    class: `org.apache.kafka.connect.converters.${type.class}Converter`,
    version: millraceVersion,
    summary: `One ${name} in ${type.size} byte${type.size === 1 ? '' : 's'}, big-endian.`,
    config: config({ 'converter.type': converterType }),
    create: () => ({
      raw: null,
      fromConnectData(_topic, given, value) {
        if (given !== null && given.type !== type.schemaType && type.schemaType === 'BOOLEAN')
          throw new DataError(`Invalid schema type for BooleanConverter: ${given.type}`)
        if (value === null || value === undefined) return null
        // A value has the class of its schema in Java, where no number passes for one of another type, or for a date.
        if (given !== null && (given.type !== type.schemaType || temporalNames.has(given.name)))
          throw new DataError(`Failed to serialize to ${name} (was ${given.name ?? given.type})`)
        if (!type.accepts(value)) throw new DataError(`Failed to serialize to ${name} (was ${describe(value)})`)
        const bytes = new Uint8Array(type.size)
        type.write(new DataView(bytes.buffer), value as never)
        return bytes
      },
      toConnectData(_topic, bytes) {
        if (bytes === null) return { schema, value: null }
        if (bytes.length !== type.size)
          throw new DataError(`Failed to deserialize ${name}: ${bytes.length} bytes instead of ${type.size}`)
        return { schema, value: type.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length)) }
      },
    }),
  })
}

/** Boolean, Short, Integer, Long, Float and Double: one value in a fixed count of bytes. */
export const primitiveConverters: readonly ConverterPlugin[] = primitives.map(converterFor)
