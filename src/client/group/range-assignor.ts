import type { TopicPartition } from '../topic-partition.ts'
import { type Assignor, compareMembers, subscribedTopics } from './assignor.ts'

/** Topic by topic a run of neighbouring partitions for each member, the first ones getting one more if it does not divide. */
export const rangeAssignor: Assignor = {
  name: 'range',
  isCooperative: false,
  userData: () => null,
  assign(members, partitionCounts) {
    const sorted = members.toSorted(compareMembers)
    const result = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]))
    for (const topic of subscribedTopics(members, partitionCounts)) {
      const takers = sorted.filter(({ subscription }) => subscription.topics.includes(topic))
      const count = partitionCounts.get(topic) ?? 0
      const share = Math.floor(count / takers.length)
      const larger = count % takers.length
      let partition = 0
      for (const [index, { memberId }] of takers.entries()) {
        const end = partition + share + (index < larger ? 1 : 0)
        for (; partition < end; partition++) result.get(memberId)?.push({ topic, partition })
      }
    }
    return result
  },
}
