import type { TopicPartition } from '../topic-partition.ts'
import type { Subscription } from './consumer-protocol.ts'

export interface AssignableMember {
  memberId: string
  groupInstanceId: string | null
  subscription: Subscription
}

/** Divides the partitions of the subscribed topics among the members; every member is in the result. */
export interface Assignor {
  /** Kafka's name, on which the members agree. */
  readonly name: string
  /** Whether members may keep their partitions through a rebalance (KIP-429). */
  readonly isCooperative: boolean
  /** Goes with the subscription, for leaders that need it: the generation and the partitions of the last assignment. */
  userData(generation: number, assigned: readonly TopicPartition[]): Uint8Array | null
  /** @param partitionCounts topics that exist; members may subscribe to others */
  assign(
    members: readonly AssignableMember[],
    partitionCounts: ReadonlyMap<string, number>,
  ): Map<string, TopicPartition[]>
}

/** Kafka's order of members: static ones by instance id, then the others by member id. */
export function compareMembers(a: AssignableMember, b: AssignableMember): number {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null) return compareText(a.groupInstanceId, b.groupInstanceId)
  if (a.groupInstanceId !== null) return -1
  if (b.groupInstanceId !== null) return 1
  return compareText(a.memberId, b.memberId)
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** All topics that somebody subscribes to and that exist, in order. */
export function subscribedTopics(
  members: readonly AssignableMember[],
  partitionCounts: ReadonlyMap<string, number>,
): string[] {
  const topics = new Set(members.flatMap(({ subscription }) => subscription.topics))
  return [...topics].filter((topic) => (partitionCounts.get(topic) ?? 0) > 0).toSorted(compareText)
}
