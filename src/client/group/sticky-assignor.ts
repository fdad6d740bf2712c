import { Reader } from '../../protocol/primitives/reader.ts'
import { Writer } from '../../protocol/primitives/writer.ts'
import type { TopicPartition } from '../topic-partition.ts'
import { type AssignableMember, type Assignor, compareMembers } from './assignor.ts'
import { readPartitions, writePartitions } from './consumer-protocol.ts'
import { StickyPlan } from './cooperative-sticky-assignor.ts'

/**
 * Balanced, with as few moves as that allows (KIP-54), for members that give up everything before each rebalance. What a
 * member had stands in its user data: partitions as in the subscription, then (v1) the generation as int32.
 */
export const stickyAssignor: Assignor = {
  name: 'sticky',
  isCooperative: false,
  userData(generation, assigned) {
    const writer = new Writer(64, Number.POSITIVE_INFINITY)
    writePartitions(writer, assigned)
    writer.int32(generation)
    return writer.toBytes()
  },
  assign(members, partitionCounts) {
    const plan = new StickyPlan(members.toSorted(compareMembers).map(withClaims), partitionCounts)
    plan.keepOwned()
    plan.placeFree()
    plan.balance()
    return plan.withMoves()
  },
}

function withClaims(member: AssignableMember): AssignableMember {
  const { subscription } = member
  const { partitions, generation } = claimsOf(subscription.userData)
  // Told by the user data only: it must not be read as that of the cooperative assignor.
  return { ...member, subscription: { ...subscription, ownedPartitions: partitions, generation, userData: null } }
}

/** Data that cannot be read claims nothing, so that one member's mistake costs the others no rebalance. */
function claimsOf(userData: Uint8Array | null): { partitions: TopicPartition[]; generation: number } {
  if (userData === null || userData.length === 0) return { partitions: [], generation: -1 }
  try {
    const reader = new Reader(userData)
    const partitions = readPartitions(reader)
    return { partitions, generation: reader.remaining >= 4 ? reader.int32() : -1 }
  } catch {
    return { partitions: [], generation: -1 }
  }
}
