import { array, bytes, int32, string } from '../schema/field.ts'
import { MessageSchema } from '../schema/message.ts'
import { Reader } from '../primitives/reader.ts'
import { Writer } from '../primitives/writer.ts'
import type { Decoded, Encodable, Fields } from '../schema/field.ts'

/**
 * What members of the protocol type `consumer` put into JoinGroup metadata: their subscription. A version (int16) stands in
 * front; see {@link encodeVersioned} and {@link decodeVersioned}.
 */
export const ConsumerProtocolSubscription = new MessageSchema(
  'ConsumerProtocolSubscription',
  {
    topics: array(string()),
    userData: bytes().nullable().default(null),
    ownedPartitions: array({ topic: string(), partitions: array(int32()) }, '1+'),
    generationId: int32('2+').default(-1),
    rackId: string('3+').nullable().default(null),
  },
  [0, 3],
  Infinity,
)

/** What the leader hands to members of the protocol type `consumer` in SyncGroup: their partitions. */
export const ConsumerProtocolAssignment = new MessageSchema(
  'ConsumerProtocolAssignment',
  {
    assignedPartitions: array({ topic: string(), partitions: array(int32()) }),
    userData: bytes().nullable().default(null),
  },
  [0, 3],
  Infinity,
)

/** Writes a message with its version (int16) in front. */
export function encodeVersioned<F extends Fields>(
  schema: MessageSchema<F>,
  version: number,
  message: Encodable<F>,
): Uint8Array {
  const writer = new Writer(256)
  writer.int16(version)
  schema.encode(writer, version, message)
  return writer.toBytes()
}

/**
 * Reads a message with its version (int16) in front. One from the future is read as the newest known version: fields are
 * only ever added at the end, so what follows is skipped.
 */
export function decodeVersioned<F extends Fields>(
  schema: MessageSchema<F>,
  bytes: Uint8Array,
): { version: number; message: Decoded<F> } {
  const reader = new Reader(bytes)
  const version = reader.int16()
  return { version, message: schema.decode(reader, Math.min(version, schema.maxVersion)) }
}
