import { ProtocolDecodeError, ProtocolEncodeError } from '../errors.ts'
import { Reader } from '../primitives/reader.ts'
import { Writer } from '../primitives/writer.ts'
import { compileStruct, type ValueCodec } from './compile.ts'
import type { Decoded, Encodable, Fields } from './field.ts'

type ErrorKind = typeof ProtocolEncodeError | typeof ProtocolDecodeError

/** The layout of one message in all its versions: the body of a request or response, or a record's key or value. */
export class MessageSchema<F extends Fields = Fields> {
  readonly name: string
  readonly fields: F
  readonly minVersion: number
  readonly maxVersion: number
  /** The first version with compact types and tag sections; Infinity if there is none. */
  readonly firstFlexibleVersion: number
  readonly #codecs: (ValueCodec | undefined)[] = []

  /**
   * @param name for error messages
   * @param versions first and last version
   */
  constructor(name: string, fields: F, versions: readonly [number, number], firstFlexibleVersion: number) {
    this.name = name
    this.fields = fields
    this.minVersion = versions[0]
    this.maxVersion = versions[1]
    this.firstFlexibleVersion = firstFlexibleVersion
  }

  /** Writes a message; fields that the version does not have are left out. Throws {@link ProtocolEncodeError}. */
  encode(writer: Writer, version: number, message: Encodable<F>): void {
    this.#codec(version, ProtocolEncodeError).encode(writer, message)
  }

  /** Reads a message up to its end, without looking at bytes behind it. Throws {@link ProtocolDecodeError}. */
  decode(reader: Reader, version: number): Decoded<F> {
    return this.#codec(version, ProtocolDecodeError).decode(reader) as Decoded<F>
  }

  /** Writes a message into bytes of its own. */
  toBytes(version: number, message: Encodable<F>): Uint8Array {
    const writer = new Writer(256)
    this.encode(writer, version, message)
    return writer.toBytes()
  }

  /** Reads a message from bytes, from `position` on; bytes behind it are allowed. */
  fromBytes(bytes: Uint8Array, version: number, position = 0): Decoded<F> {
    return this.decode(new Reader(bytes, position), version)
  }

  #codec(version: number, kind: ErrorKind): ValueCodec {
    return this.#codecs[version] ?? this.#compile(version, kind)
  }

  #compile(version: number, kind: ErrorKind): ValueCodec {
    if (!Number.isInteger(version) || version < this.minVersion || version > this.maxVersion) {
      const range = `${this.minVersion} to ${this.maxVersion}`
      throw new kind(`${this.name} has versions ${range}, not ${version}`)
    }
    const flexible = version >= this.firstFlexibleVersion
    const codec = compileStruct(this.fields, { version, flexible, path: this.name })
    this.#codecs[version] = codec
    return codec
  }
}

/** An API of the Kafka protocol: its key, its versions and the layouts of request and response. */
export interface ApiDefinition<Req extends Fields = Fields, Res extends Fields = Fields> {
  /** Number of the API in the request header. */
  readonly key: number
  /** Kafka's name of the API, such as `Fetch`. */
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** The first version with compact types and tag sections, also in the headers; Infinity if there is none. */
  readonly firstFlexibleVersion: number
  readonly request: MessageSchema<Req>
  readonly response: MessageSchema<Res>
}

/** The decoded request of an API. */
export type RequestOf<Api extends ApiDefinition> = Decoded<Api['request']['fields']>
/** The decoded response of an API. */
export type ResponseOf<Api extends ApiDefinition> = Decoded<Api['response']['fields']>
/** A request to be encoded: fields left out count as their default. */
export type RequestInput<Api extends ApiDefinition> = Encodable<Api['request']['fields']>
/** A response to be encoded: fields left out count as their default. */
export type ResponseInput<Api extends ApiDefinition> = Encodable<Api['response']['fields']>

/** What a message table says. */
export interface ApiTable<Req extends Fields, Res extends Fields> {
  readonly key: number
  readonly name: string
  /** First and last version. */
  readonly versions: readonly [number, number]
  /** First flexible version, or null if there is none. */
  readonly flexible: number | null
  readonly request: Req
  readonly response: Res
}

/** Makes an API definition from its table. */
export function defineApi<Req extends Fields, Res extends Fields>(table: ApiTable<Req, Res>): ApiDefinition<Req, Res> {
  const { key, name, versions } = table
  const firstFlexibleVersion = table.flexible ?? Infinity
  return {
    key,
    name,
    minVersion: versions[0],
    maxVersion: versions[1],
    firstFlexibleVersion,
    request: new MessageSchema(`${name}Request`, table.request, versions, firstFlexibleVersion),
    response: new MessageSchema(`${name}Response`, table.response, versions, firstFlexibleVersion),
  }
}
