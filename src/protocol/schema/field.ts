import { ZERO_UUID } from '../primitives/uuid.ts'

/**
 * The words in which message tables are written: one builder per wire type. A field says in which versions it is on the
 * wire, from which it may be null, its default and, if it is one, its tag. The TypeScript types of the decoded and of the
 * encodable message are inferred from the table.
 */

/** First and last version, both included; `to` may be Infinity. */
export interface VersionRange {
  readonly from: number
  readonly to: number
}

/** Versions as text: `3+`, `3-12` or `3`. */
export type Versions = `${number}+` | `${number}-${number}` | `${number}`

export const ALL_VERSIONS: VersionRange = { from: 0, to: Infinity }
const NO_VERSIONS: VersionRange = { from: Infinity, to: -Infinity }

/** Parses the text form of a version range; no text means all versions. */
export function parseVersions(text: Versions | undefined): VersionRange {
  if (text === undefined) return ALL_VERSIONS
  const [from = '', to] = text.split(/[+-]/)
  return { from: Number(from), to: to === undefined ? Number(from) : to === '' ? Infinity : Number(to) }
}

/** Whether a version lies in a range. */
export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.from && version <= range.to
}

/** The scalar wire types; those of variable size have a compact form in flexible versions. */
export type ScalarType =
  | 'boolean'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

/** What a field holds: a scalar, a nested struct, or an array of either. */
export type Kind =
  | { readonly type: ScalarType }
  | { readonly type: 'struct'; readonly fields: Fields }
  | { readonly type: 'array'; readonly element: Kind }

interface FieldSettings {
  readonly kind: Kind
  readonly versions: VersionRange
  readonly nullableVersions: VersionRange
  readonly defaultValue: unknown
  readonly tag: number | null
}

/** One field of a message. `Out` is its type in decoded messages, `In` the type accepted for encoding. Immutable. */
export class Field<Out = unknown, In = unknown> {
  declare readonly output: Out
  declare readonly input: In
  readonly settings: FieldSettings

  constructor(settings: FieldSettings) {
    this.settings = settings
  }

  /** The field may be null: in the versions given, or in all that have it. */
  nullable(versions?: Versions): Field<Out | null, In | null> {
    return new Field({ ...this.settings, nullableVersions: parseVersions(versions) })
  }

  /** The value in place of one that is absent (default: 0, false, '', the zero uuid, empty bytes, an empty array). */
  default(defaultValue: Out): Field<Out, In> {
    return new Field({ ...this.settings, defaultValue })
  }

  /** The field is tagged: it travels in the tag section of its struct, and only if it differs from its default. */
  tag(tag: number): Field<Out, In> {
    return new Field({ ...this.settings, tag })
  }
}

/** The fields of a struct in wire order. */
export type Fields = { readonly [name: string]: Field }

/** A decoded struct: every field is there, those absent in the version read with their default. */
export type Decoded<F extends Fields> = { -readonly [K in keyof F]: F[K]['output'] }

/** A struct to be encoded: a field left out counts as its default. */
export type Encodable<F extends Fields> = { readonly [K in keyof F]?: F[K]['input'] | undefined }

type DecodedElement<E extends Field | Fields> = E extends Field<infer Out> ? Out : E extends Fields ? Decoded<E> : never
type EncodableElement<E extends Field | Fields> =
  E extends Field<unknown, infer In> ? In : E extends Fields ? Encodable<E> : never

function field<T>(kind: Kind, versions: Versions | undefined, defaultValue: T): Field<T, T> {
  return new Field({
    kind,
    versions: parseVersions(versions),
    nullableVersions: NO_VERSIONS,
    defaultValue,
    tag: null,
  })
}

export function boolean(versions?: Versions): Field<boolean, boolean> {
  return field({ type: 'boolean' }, versions, false)
}

export function int8(versions?: Versions): Field<number, number> {
  return field({ type: 'int8' }, versions, 0)
}

export function int16(versions?: Versions): Field<number, number> {
  return field({ type: 'int16' }, versions, 0)
}

export function uint16(versions?: Versions): Field<number, number> {
  return field({ type: 'uint16' }, versions, 0)
}

export function int32(versions?: Versions): Field<number, number> {
  return field({ type: 'int32' }, versions, 0)
}

export function uint32(versions?: Versions): Field<number, number> {
  return field({ type: 'uint32' }, versions, 0)
}

/** A 64-bit integer, as the nearest double. */
export function int64(versions?: Versions): Field<number, number> {
  return field({ type: 'int64' }, versions, 0)
}

export function float64(versions?: Versions): Field<number, number> {
  return field({ type: 'float64' }, versions, 0)
}

/** A uuid as 22 characters of base64url. */
export function uuid(versions?: Versions): Field<string, string> {
  return field({ type: 'uuid' }, versions, ZERO_UUID)
}

export function string(versions?: Versions): Field<string, string> {
  return field({ type: 'string' }, versions, '')
}

const NO_BYTES = new Uint8Array(0)

/** Bytes; decoded as a view of the frame. */
export function bytes(versions?: Versions): Field<Uint8Array, Uint8Array> {
  return field<Uint8Array>({ type: 'bytes' }, versions, NO_BYTES)
}

/** Record batches; decoded as a view of the frame, encoded by reference. The default is null. */
export function records(versions?: Versions): Field<Uint8Array | null, Uint8Array | null> {
  return field<Uint8Array | null>({ type: 'records' }, versions, null)
}

/** A nested struct; the default is one with the defaults of its fields. */
export function struct<F extends Fields>(fields: F, versions?: Versions): Field<Decoded<F>, Encodable<F>> {
  return new Field({
    kind: { type: 'struct', fields },
    versions: parseVersions(versions),
    nullableVersions: NO_VERSIONS,
    defaultValue: undefined,
    tag: null,
  })
}

/** An array of structs, given by their fields, or of scalars, given by a field such as `int32()`. */
export function array<E extends Field | Fields>(
  element: E,
  versions?: Versions,
): Field<DecodedElement<E>[], readonly EncodableElement<E>[]> {
  const kind: Kind = element instanceof Field ? element.settings.kind : { type: 'struct', fields: element }
  return new Field({
    kind: { type: 'array', element: kind },
    versions: parseVersions(versions),
    nullableVersions: NO_VERSIONS,
    defaultValue: undefined,
    tag: null,
  })
}
