import { array, bytes, int32, int64, string, uuid } from '../../protocol/schema/field.ts'
import { MessageSchema } from '../../protocol/schema/message.ts'
import { Reader } from '../../protocol/primitives/reader.ts'
import { Writer } from '../../protocol/primitives/writer.ts'
import type { ClassicGroup } from './group.ts'
import { metadataOf } from './member.ts'
import type { CommittedOffset } from './offsets.ts'

/*
 * Records of __consumer_offsets (kafka-broker §4.5).
 *
 *   key    type int16; 0, 1: group, topic, partition of a committed offset; 2: group of the classic protocol; others are skipped
 *   value  version int16, then the fields of that version; null = removed
 */

const NEVER = Number.POSITIVE_INFINITY

const offsetKey = new MessageSchema(
  'OffsetCommitKey',
  { group: string(), topic: string(), partition: int32() },
  [0, 1],
  NEVER,
)
const groupKey = new MessageSchema('GroupMetadataKey', { group: string() }, [2, 2], NEVER)

const offsetValue = new MessageSchema(
  'OffsetCommitValue',
  {
    offset: int64(),
    leaderEpoch: int32('3+').default(-1),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64('1').default(-1),
    topicId: uuid('4+').tag(0),
  },
  [0, 4],
  4,
)

const groupValue = new MessageSchema(
  'GroupMetadataValue',
  {
    protocolType: string(),
    generation: int32(),
    protocol: string().nullable(),
    leader: string().nullable(),
    currentStateTimestamp: int64('2+').default(-1),
    members: array({
      memberId: string(),
      groupInstanceId: string('3+').nullable().default(null),
      clientId: string(),
      clientHost: string(),
      rebalanceTimeout: int32('1+').default(-1),
      sessionTimeout: int32(),
      subscription: bytes(),
      assignment: bytes(),
    }),
  },
  [0, 4],
  4,
)

/** A key and a value as they are stored; a null value removes what the key names. */
export interface StateRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** A record that was read back. */
export type StateChange =
  | { readonly kind: 'offset'; group: string; topic: string; partition: number; value: CommittedOffset | null }
  | { readonly kind: 'group'; group: string; value: ReturnType<typeof groupValue.fromBytes> | null }

function withVersion(version: number, write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(128)
  writer.int16(version)
  write(writer)
  return writer.toBytes()
}

/** The record of a committed offset; version 1 of the value if the client gave it a life of its own, else version 3. */
export function offsetRecord(
  group: string,
  topic: string,
  partition: number,
  committed: CommittedOffset | null,
): StateRecord {
  const key = withVersion(1, (writer) => offsetKey.encode(writer, 1, { group, topic, partition }))
  if (committed === null) return { key, value: null }
  const version = committed.expireTimestamp >= 0 ? 1 : 3
  return { key, value: withVersion(version, (writer) => offsetValue.encode(writer, version, committed)) }
}

/** The record of a group as it is now (version 3). */
export function groupRecord(group: ClassicGroup): StateRecord {
  const value = withVersion(3, (writer) =>
    groupValue.encode(writer, 3, {
      protocolType: group.protocolType ?? '',
      generation: group.generation,
      protocol: group.protocol,
      leader: group.leader,
      currentStateTimestamp: group.stateSince,
      members: group.members.map((member) => ({
        memberId: member.id,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeout: member.rebalanceTimeoutMs,
        sessionTimeout: member.sessionTimeoutMs,
        subscription: metadataOf(member, group.protocol),
        assignment: member.assignment,
      })),
    }),
  )
  return { key: groupTombstone(group.id).key, value }
}

/** The record that removes a group. */
export function groupTombstone(group: string): StateRecord {
  return { key: withVersion(2, (writer) => groupKey.encode(writer, 2, { group })), value: null }
}

/** Reads a record back; null for types that this broker does not keep. Throws `ProtocolDecodeError` for a damaged one. */
export function readStateRecord(key: Uint8Array, value: Uint8Array | null): StateChange | null {
  const reader = new Reader(key)
  const type = reader.int16()
  if (type === 0 || type === 1) {
    const { group, topic, partition } = offsetKey.decode(reader, type)
    return { kind: 'offset', group, topic, partition, value: value === null ? null : readOffset(value) }
  }
  if (type === 2) {
    const { group } = groupKey.decode(reader, type)
    return { kind: 'group', group, value: value === null ? null : readValue(groupValue, value) }
  }
  return null
}

function readOffset(bytes: Uint8Array): CommittedOffset {
  const { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp } = readValue(offsetValue, bytes)
  return { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp }
}

function readValue<S extends typeof offsetValue | typeof groupValue>(schema: S, bytes: Uint8Array) {
  const reader = new Reader(bytes)
  return schema.decode(reader, reader.int16()) as ReturnType<S['decode']>
}
