import fc from 'fast-check'
import { type Field, type Fields, includesVersion, type Kind } from '../../src/protocol/schema/field.ts'

/** Random messages made from the tables themselves, for property tests of the codec. */

/** Depth of nested arrays is small in Kafka; a few elements each find the mistakes without blowing up the sizes. */
const MAX_ELEMENTS = 3

const int64 = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -2, max: 2 }),
  fc.constantFrom(2 ** 63, -(2 ** 63), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 32, -(2 ** 32) - 1),
)
const text = fc.string({ unit: 'binary', maxLength: 12 })
const byteField = fc.uint8Array({ maxLength: 20 }).map((bytes): Uint8Array => Buffer.from(bytes))

const scalars = {
  boolean: fc.boolean(),
  int8: fc.integer({ min: -0x80, max: 0x7f }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  int32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  int64,
  float64: fc.double(),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  string: text,
  bytes: byteField,
  records: byteField,
}

function arbitraryKind(kind: Kind, version: number): fc.Arbitrary<unknown> {
  if (kind.type === 'struct') return arbitraryMessage(kind.fields, version)
  if (kind.type === 'array') return fc.array(arbitraryKind(kind.element, version), { maxLength: MAX_ELEMENTS })
  return scalars[kind.type]
}

function arbitraryField(field: Field, version: number): fc.Arbitrary<unknown> {
  const { kind, versions, nullableVersions } = field.settings
  if (!includesVersion(versions, version)) return fc.constant(defaultOf(field))
  const value = arbitraryKind(kind, version)
  const withDefault = fc.oneof({ arbitrary: value, weight: 4 }, { arbitrary: fc.constant(defaultOf(field)), weight: 1 })
  const isNullable = includesVersion(nullableVersions, version)
  return isNullable
    ? fc.oneof({ arbitrary: withDefault, weight: 4 }, { arbitrary: fc.constant(null), weight: 1 })
    : withDefault
}

/** A random decoded message: all fields there, those that the version lacks with their default. */
export function arbitraryMessage(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, arbitraryField(field, version)])),
    { noNullPrototype: true },
  )
}

/** The default of a field in a decoded message. */
export function defaultOf(field: Field): unknown {
  const { kind, defaultValue } = field.settings
  if (defaultValue !== undefined) return defaultValue
  return kind.type === 'array' ? [] : kind.type === 'struct' ? defaultMessage(kind.fields) : undefined
}

/** A decoded message in which every field has its default. */
export function defaultMessage(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, defaultOf(field)]))
}

/** A copy of a message with byte fields as text, so that views and arrays of bytes compare by content. */
export function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, comparable(part)]))
}

/** The seed of this run's random tests: `MILLRACE_TEST_SEED`, or one from the clock. */
export const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 0x7fffffff)
