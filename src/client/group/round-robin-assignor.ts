import type { TopicPartition } from '../topic-partition.ts'
import { type AssignableMember, type Assignor, compareMembers, subscribedTopics } from './assignor.ts'

/** Deals the partitions of all topics out one by one, passing over members that do not subscribe to the topic. */
export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  isCooperative: false,
  userData: () => null,
  assign(members, partitionCounts) {
    const sorted = members.toSorted(compareMembers)
    const result = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]))
    let turn = 0
    for (const topic of subscribedTopics(members, partitionCounts)) {
      const count = partitionCounts.get(topic) ?? 0
      for (let partition = 0; partition < count; partition++) {
        // Somebody subscribes to it, or it would not be in the list.
        while (!memberAt(sorted, turn).subscription.topics.includes(topic)) turn++
        result.get(memberAt(sorted, turn).memberId)?.push({ topic, partition })
        turn++
      }
    }
    return result
  },
}

function memberAt(members: readonly AssignableMember[], turn: number): AssignableMember {
  return members[turn % members.length] as AssignableMember
}
