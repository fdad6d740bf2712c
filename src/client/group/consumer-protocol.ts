import { Reader } from '../../protocol/primitives/reader.ts'
import { Writer } from '../../protocol/primitives/writer.ts'
import { byTopic, type TopicPartition } from '../topic-partition.ts'

// Subscription => version int16, topics [string], userData nullable bytes, v1+ owned [topic string, partitions [int32]],
//   v2+ generation int32, v3+ rack nullable string
// Assignment => version int16, partitions [topic string, partitions [int32]], userData nullable bytes

const SUBSCRIPTION_VERSION = 3
const ASSIGNMENT_VERSION = 3

/** What a member of protocol type `consumer` joins with. */
export interface Subscription {
  topics: string[]
  userData: Uint8Array | null
  /** Partitions that the member still holds; empty under the eager protocol. */
  ownedPartitions: TopicPartition[]
  /** The generation in which it got them, -1 when it does not say. */
  generation: number
  rackId: string | null
}

export function encodeSubscription(subscription: Subscription): Uint8Array {
  const writer = new Writer(256, Number.POSITIVE_INFINITY)
  writer.int16(SUBSCRIPTION_VERSION)
  writer.int32(subscription.topics.length)
  for (const topic of subscription.topics) writer.string(topic)
  writer.bytes(subscription.userData)
  writePartitions(writer, subscription.ownedPartitions)
  writer.int32(subscription.generation)
  writer.string(subscription.rackId)
  return writer.toBytes()
}

/**
 * Reads a subscription of any version: newer ones only add at the end. What should be there and is not counts as left out
 * (kafkajs says version 1 and ends where version 0 does).
 */
export function decodeSubscription(bytes: Uint8Array): Subscription {
  const reader = new Reader(bytes)
  const version = reader.int16()
  const topics: string[] = []
  for (let left = reader.arrayCount(false, 2); left > 0; left--) topics.push(reader.string())
  return {
    topics,
    userData: reader.nullableBytes(),
    ownedPartitions: version >= 1 && reader.remaining > 0 ? readPartitions(reader) : [],
    generation: version >= 2 && reader.remaining > 0 ? reader.int32() : -1,
    rackId: version >= 3 && reader.remaining > 0 ? reader.nullableString() : null,
  }
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  const writer = new Writer(256, Number.POSITIVE_INFINITY)
  writer.int16(ASSIGNMENT_VERSION)
  writePartitions(writer, partitions)
  writer.bytes(null)
  return writer.toBytes()
}

/** Reads an assignment; a member that the leader left out gets no bytes at all. */
export function decodeAssignment(bytes: Uint8Array): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  reader.int16()
  return readPartitions(reader)
}

export function writePartitions(writer: Writer, partitions: readonly TopicPartition[]): void {
  const topics = byTopic(partitions)
  writer.int32(topics.size)
  for (const [topic, list] of topics) {
    writer.string(topic)
    writer.int32(list.length)
    for (const { partition } of list) writer.int32(partition)
  }
}

export function readPartitions(reader: Reader): TopicPartition[] {
  const partitions: TopicPartition[] = []
  for (let topics = reader.arrayCount(false, 6); topics > 0; topics--) {
    const topic = reader.string()
    for (let left = reader.arrayCount(false, 4); left > 0; left--) partitions.push({ topic, partition: reader.int32() })
  }
  return partitions
}
