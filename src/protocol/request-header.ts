import type { RequestHeaderInput } from './codec.ts'
import { apis } from './messages/index.ts'
import { Reader } from './primitives/reader.ts'

// Apart from the codec, since a client has no need of all the APIs that a request may be of.

/** The header of a request that was received. */
export interface RequestHeader extends RequestHeaderInput {
  readonly apiKey: number
  readonly apiVersion: number
  /** Where in the frame the body begins. */
  readonly bodyPosition: number
}

/**
 * Reads the header of a request; `frame` comes without its size. The API may be unknown or its version unsupported: it is
 * for the caller to decide what to answer before the body is looked at.
 */
export function decodeRequestHeader(frame: Uint8Array): RequestHeader {
  const reader = new Reader(frame)
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.nullableString()
  const api = apis.get(apiKey)
  // The body of an unsupported version is never read, and its header may be of a later form.
  const isSupported = api !== undefined && apiVersion >= api.minVersion && apiVersion <= api.maxVersion
  if (isSupported && apiVersion >= api.firstFlexibleVersion) reader.skipTags()
  return { apiKey, apiVersion, correlationId, clientId, bodyPosition: reader.position }
}
