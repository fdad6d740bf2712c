import { ProtocolDecodeError, ProtocolEncodeError } from '../errors.ts'
import type { Reader } from '../primitives/reader.ts'
import { Writer } from '../primitives/writer.ts'
import { type Field, type Fields, includesVersion, type Kind, type ScalarType } from './field.ts'

/**
 * Turns the table of a struct into an encoder and a decoder for one version. All decisions that depend on the version are
 * made here, once; what remains is a flat list of closures. Guarded by bench/micro/messages.ts.
 */

/** Reads and writes one kind of value in one version. */
export interface ValueCodec {
  readonly encode: (writer: Writer, value: unknown) => void
  readonly decode: (reader: Reader) => unknown
  /** Fewest bytes that a value takes on the wire. */
  readonly minSize: number
  /** Whether a value equals the default, which keeps a tagged field off the wire. */
  readonly isDefault: (value: unknown) => boolean
  /** The default for encoding; shared, never handed out by a decoder if it can be changed. */
  readonly defaultValue: unknown
  /** Makes the default for decoding. */
  readonly makeDefault: () => unknown
}

interface Context {
  readonly version: number
  readonly flexible: boolean
  /** Name of the message and the fields down to here, for error messages. */
  readonly path: string
}

/** Compiles the fields of a struct for one version. */
export function compileStruct(fields: Fields, context: Context): ValueCodec {
  const present: Member[] = []
  const tagged: Member[] = []
  const template: Record<string, unknown> = {}
  // Fields whose default is an object that a caller may change: each decoded message needs its own.
  const freshDefaults: { name: string; make: () => unknown }[] = []
  for (const [name, field] of Object.entries(fields)) {
    const { versions, tag } = field.settings
    const codec = compileField(field, { ...context, path: `${context.path}.${name}` })
    const inVersion = includesVersion(versions, context.version)
    const defaultValue = codec.makeDefault()
    const isShared = defaultValue === null || typeof defaultValue !== 'object'
    template[name] = isShared ? defaultValue : null
    if (!isShared && (!inVersion || tag !== null)) freshDefaults.push({ name, make: codec.makeDefault })
    if (inVersion) (tag === null ? present : tagged).push({ name, codec, tag: tag ?? -1 })
  }
  tagged.sort((left, right) => left.tag - right.tag)
  if (tagged.length > 0 && !context.flexible) {
    throw new Error(`${context.path} has tagged fields in version ${context.version}, which has no tags`)
  }

  const makeDefault = () => {
    const value: Record<string, unknown> = { ...template }
    for (const { name, codec } of present) value[name] = codec.makeDefault()
    for (const { name, make } of freshDefaults) value[name] = make()
    return value
  }
  const { flexible } = context
  const presentCount = present.length
  const names = present.map((member) => member.name)
  const encoders = present.map((member) => member.codec.encode)
  const decoders = present.map((member) => member.codec.decode)
  const defaults = present.map((member) => member.codec.defaultValue)

  return {
    encode(writer, value) {
      const source = value as Record<string, unknown>
      let index = 0
      try {
        for (; index < presentCount; index++) {
          const part = source[names[index] as string]
          ;(encoders[index] as ValueCodec['encode'])(writer, part === undefined ? defaults[index] : part)
        }
      } catch (error) {
        throw locate(error, ProtocolEncodeError, context.path, names[index])
      }
      if (flexible) encodeTags(writer, source, tagged, context.path)
    },
    decode(reader) {
      const target: Record<string, unknown> = { ...template }
      let index = 0
      try {
        for (; index < presentCount; index++) {
          target[names[index] as string] = (decoders[index] as ValueCodec['decode'])(reader)
        }
      } catch (error) {
        throw locate(error, ProtocolDecodeError, context.path, names[index])
      }
      for (const { name, make } of freshDefaults) target[name] = make()
      if (flexible) decodeTags(reader, target, tagged, context.path)
      return target
    },
    minSize: present.reduce((size, member) => size + member.codec.minSize, flexible ? 1 : 0),
    isDefault(value) {
      const source = value as Record<string, unknown>
      return [...present, ...tagged].every(
        ({ name, codec }) => source[name] === undefined || codec.isDefault(source[name]),
      )
    },
    defaultValue: {},
    makeDefault,
  }
}

interface Member {
  readonly name: string
  readonly codec: ValueCodec
  readonly tag: number
}

/** tag section: count uvarint, then for each field in ascending order: tag uvarint, size uvarint, value */
function encodeTags(writer: Writer, source: Record<string, unknown>, tagged: readonly Member[], path: string): void {
  if (tagged.length === 0) {
    writer.uvarint(0)
    return
  }
  const members = tagged.filter(({ name, codec }) => source[name] !== undefined && !codec.isDefault(source[name]))
  writer.uvarint(members.length)
  for (const { name, codec, tag } of members) {
    const value = new Writer(64, Infinity)
    try {
      codec.encode(value, source[name])
    } catch (error) {
      throw locate(error, ProtocolEncodeError, path, name)
    }
    writer.uvarint(tag)
    writer.uvarint(value.position)
    writer.raw(value.toBytes())
  }
}

function decodeTags(reader: Reader, target: Record<string, unknown>, tagged: readonly Member[], path: string): void {
  if (tagged.length === 0) {
    reader.skipTags()
    return
  }
  for (let count = reader.uvarint(); count > 0; count--) {
    const tag = reader.uvarint()
    const size = reader.uvarint()
    const start = reader.take(size)
    const member = tagged.find((candidate) => candidate.tag === tag)
    if (member === undefined) continue // from a newer peer
    const { end } = reader
    reader.position = start
    reader.end = start + size
    try {
      target[member.name] = member.codec.decode(reader)
    } catch (error) {
      throw locate(error, ProtocolDecodeError, path, member.name)
    }
    if (reader.position !== reader.end) {
      throw new ProtocolDecodeError(`tagged field ${path}.${member.name} has ${reader.remaining} bytes too many`)
    }
    reader.end = end
  }
}

function compileField(field: Field, context: Context): ValueCodec {
  const { kind, nullableVersions, defaultValue } = field.settings
  const nullable = includesVersion(nullableVersions, context.version)
  const codec = compileKind(kind, context, nullable)
  return defaultValue === undefined ? codec : withDefault(codec, defaultValue)
}

function withDefault(codec: ValueCodec, defaultValue: unknown): ValueCodec {
  if (defaultValue instanceof Uint8Array) {
    const isDefault = (value: unknown) => (value as Uint8Array | null)?.length === 0
    return { ...codec, defaultValue, makeDefault: () => defaultValue, isDefault }
  }
  return { ...codec, defaultValue, makeDefault: () => defaultValue, isDefault: (value) => value === defaultValue }
}

function compileKind(kind: Kind, context: Context, nullable: boolean): ValueCodec {
  if (kind.type === 'array') return compileArray(kind.element, context, nullable)
  if (kind.type === 'struct') {
    const codec = compileStruct(kind.fields, context)
    return nullable ? nullableStruct(codec) : codec
  }
  return compileScalar(kind.type, context, nullable)
}

/** int8 marker: -1 null, 1 a struct follows */
function nullableStruct(codec: ValueCodec): ValueCodec {
  return {
    ...codec,
    encode(writer, value) {
      writer.int8(value === null ? -1 : 1)
      if (value !== null) codec.encode(writer, value)
    },
    decode: (reader) => (reader.int8() < 0 ? null : codec.decode(reader)),
    minSize: 1,
    isDefault: (value) => value !== null && codec.isDefault(value),
  }
}

function compileArray(elementKind: Kind, context: Context, nullable: boolean): ValueCodec {
  const { flexible, path } = context
  const element = compileKind(elementKind, { ...context, path: `${path}[]` }, false)
  const minElementSize = Math.max(element.minSize, 1)
  return {
    encode(writer, value) {
      if (value === null) {
        if (!nullable) refuseNull(context)
        if (flexible) writer.uvarint(0)
        else writer.int32(-1)
        return
      }
      const items = value as readonly unknown[]
      if (flexible) writer.uvarint(items.length + 1)
      else writer.int32(items.length)
      for (let index = 0; index < items.length; index++) element.encode(writer, items[index])
    },
    decode(reader) {
      const count = reader.arrayCount(flexible, minElementSize)
      if (count < 0) {
        if (!nullable) throw new ProtocolDecodeError(nullMessage(context))
        return null
      }
      const items: unknown[] = []
      for (let index = 0; index < count; index++) items.push(element.decode(reader))
      return items
    },
    minSize: flexible ? 1 : 4,
    isDefault: (value) => value !== null && (value as readonly unknown[]).length === 0,
    defaultValue: Object.freeze([]),
    makeDefault: () => [],
  }
}

function nullMessage({ path, version }: Context): string {
  return `${path}: must not be null in version ${version}`
}

function refuseNull(context: Context): never {
  throw new ProtocolEncodeError(nullMessage(context))
}

/** Puts the name of the innermost field into an error. */
function locate(cause: unknown, kind: ErrorKind, path: string, name: string | undefined): Error {
  const { message } = cause as Error
  if (cause instanceof kind && message.startsWith(path)) return cause
  return new kind(`${path}.${name}: ${message}`, { cause })
}

type ErrorKind = typeof ProtocolEncodeError | typeof ProtocolDecodeError

type Scalar = Pick<ValueCodec, 'encode' | 'decode' | 'minSize'>

const fixedSize: { readonly [T in Exclude<ScalarType, 'string' | 'bytes' | 'records'>]: Scalar } = {
  boolean: { encode: (w, value) => w.boolean(value as boolean), decode: (r) => r.boolean(), minSize: 1 },
  int8: { encode: (w, value) => w.int8(value as number), decode: (r) => r.int8(), minSize: 1 },
  int16: { encode: (w, value) => w.int16(value as number), decode: (r) => r.int16(), minSize: 2 },
  uint16: { encode: (w, value) => w.uint16(value as number), decode: (r) => r.uint16(), minSize: 2 },
  int32: { encode: (w, value) => w.int32(value as number), decode: (r) => r.int32(), minSize: 4 },
  uint32: { encode: (w, value) => w.uint32(value as number), decode: (r) => r.uint32(), minSize: 4 },
  int64: { encode: (w, value) => w.int64(value as number), decode: (r) => r.int64(), minSize: 8 },
  float64: { encode: (w, value) => w.float64(value as number), decode: (r) => r.float64(), minSize: 8 },
  uuid: { encode: (w, value) => w.uuid(value as string), decode: (r) => r.uuid(), minSize: 16 },
}

const strings: Scalar = {
  encode: (w, value) => w.string(value as string | null),
  decode: (r) => r.nullableString(),
  minSize: 2,
}
const compactStrings: Scalar = {
  encode: (w, value) => w.compactString(value as string | null),
  decode: (r) => r.nullableCompactString(),
  minSize: 1,
}
const byteFields: Scalar = {
  encode: (w, value) => w.bytes(value as Uint8Array | null),
  decode: (r) => r.nullableBytes(),
  minSize: 4,
}
const compactByteFields: Scalar = {
  encode: (w, value) => w.compactBytes(value as Uint8Array | null),
  decode: (r) => r.nullableCompactBytes(),
  minSize: 1,
}

function compileScalar(type: ScalarType, context: Context, nullable: boolean): ValueCodec {
  const { flexible } = context
  // The default always comes from the field (see withDefault); elements of arrays have none.
  const rest = { isDefault: () => false, defaultValue: undefined, makeDefault: () => undefined }
  if (type !== 'string' && type !== 'bytes' && type !== 'records') {
    return { ...fixedSize[type], ...rest }
  }
  const plain = type === 'string' ? (flexible ? compactStrings : strings) : flexible ? compactByteFields : byteFields
  if (nullable) return { ...plain, ...rest }
  return {
    encode(writer, value) {
      if (value === null) refuseNull(context)
      plain.encode(writer, value)
    },
    decode(reader) {
      const value = plain.decode(reader)
      if (value === null) throw new ProtocolDecodeError(nullMessage(context))
      return value
    },
    minSize: plain.minSize,
    ...rest,
  }
}
