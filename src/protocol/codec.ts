import { ProtocolDecodeError } from './errors.ts'
import { ApiVersions } from './messages/api-versions.ts'
import { Reader } from './primitives/reader.ts'
import { Writer } from './primitives/writer.ts'
import type { Decoded, Encodable, Fields } from './schema/field.ts'
import type { ApiDefinition } from './schema/message.ts'

/*
 * Frames of the Kafka protocol, without any I/O:
 *
 *   frame           size int32, then that many bytes
 *   request  v1, v2 api_key int16, api_version int16, correlation_id int32, client_id nullable string, [tags], body
 *   response v0, v1 correlation_id int32, [tags], body
 *
 * The tag section of a header is there in flexible versions, except in the response of ApiVersions: its sender cannot know
 * yet what the other side understands.
 */

/** What a client puts into the header of a request. */
export interface RequestHeaderInput {
  /** int32, comes back in the response. */
  readonly correlationId: number
  readonly clientId: string | null
}

/**
 * Writes a request with its size in front. Large records are passed on by reference as chunks of their own.
 * Throws `ProtocolEncodeError` for a version that the API does not have or a value that does not fit its type.
 */
export function encodeRequest<Req extends Fields>(
  api: ApiDefinition<Req>,
  version: number,
  header: RequestHeaderInput,
  body: Encodable<Req>,
): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(header.correlationId)
  writer.string(header.clientId)
  if (version >= api.firstFlexibleVersion) writer.uvarint(0)
  api.request.encode(writer, version, body)
  return finish(writer)
}

/** Reads the body of a request; bytes left over are an error. Byte fields are views of the frame. */
export function decodeRequestBody<Req extends Fields>(
  api: ApiDefinition<Req>,
  version: number,
  frame: Uint8Array,
  position: number,
): Decoded<Req> {
  const reader = new Reader(frame, position)
  const body = api.request.decode(reader, version)
  expectEnd(reader, `${api.name} request of version ${version}`)
  return body
}

/** Writes a response with its size in front. Large records are passed on by reference as chunks of their own. */
export function encodeResponse<Res extends Fields>(
  api: ApiDefinition<Fields, Res>,
  version: number,
  correlationId: number,
  body: Encodable<Res>,
): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int32(correlationId)
  if (hasResponseTags(api, version)) writer.uvarint(0)
  api.response.encode(writer, version, body)
  return finish(writer)
}

/** Reads a response; `frame` comes without its size. Byte fields are views of the frame. */
export function decodeResponse<Res extends Fields>(
  api: ApiDefinition<Fields, Res>,
  version: number,
  frame: Uint8Array,
): { correlationId: number; body: Decoded<Res> } {
  const reader = new Reader(frame)
  const correlationId = reader.int32()
  if (hasResponseTags(api, version)) reader.skipTags()
  const body = api.response.decode(reader, version)
  expectEnd(reader, `${api.name} response of version ${version}`)
  return { correlationId, body }
}

/** The correlation id of a response, to find out which request it answers. */
export function correlationIdOf(frame: Uint8Array): number {
  return new Reader(frame).int32()
}

function hasResponseTags(api: ApiDefinition, version: number): boolean {
  return version >= api.firstFlexibleVersion && api.key !== ApiVersions.key
}

function finish(writer: Writer): Uint8Array[] {
  writer.setInt32(0, writer.size - 4)
  return writer.chunks()
}

function expectEnd(reader: Reader, what: string): void {
  if (reader.remaining === 0) return
  throw new ProtocolDecodeError(`${what} has ${reader.remaining} bytes more than expected`)
}
