import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeTopicPartitions, type ResponseInput } from '../../protocol/messages/index.ts'
import { ZERO_UUID } from '../../protocol/primitives/uuid.ts'
import { invalidTopicName } from '../topic-name.ts'
import { LEADER_EPOCH, type Topic } from '../topics.ts'
import { topicOperations } from './authorized-operations.ts'
import { defineHandler, NO_OPERATIONS } from './handler.ts'

type Described = NonNullable<ResponseInput<typeof DescribeTopicPartitions>['topics']>[number]

/** Topics in the order of their names, page by page; the cursor says where the next page begins. */
export const describeTopicPartitions = defineHandler(DescribeTopicPartitions, [0, 0], {
  handle(request, { broker }) {
    const { cursor } = request
    const known = request.topics.length === 0 ? broker.topics.all().map(({ name }) => name) : []
    const asked = new Set([...known, ...request.topics.map(({ name }) => name)])
    if (cursor !== null) asked.add(cursor.topicName)
    const names = [...asked].sort().filter((name) => cursor === null || name >= cursor.topicName)
    let room = Math.min(request.responsePartitionLimit, broker.config.number('max.request.partition.size.limit'))
    if (room <= 0) room = 1
    const topics: Described[] = []
    for (const name of names) {
      const topic = broker.topics.get(name)
      const first = cursor !== null && cursor.topicName === name ? Math.max(0, cursor.partitionIndex) : 0
      if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: first } }
      if (topic === undefined) {
        topics.push(unknown(name))
        continue
      }
      const count = Math.max(0, Math.min(room, topic.partitions - first))
      room -= count
      topics.push(describe(topic, first, count, broker.config.nodeId))
      if (first + count < topic.partitions) {
        return { topics, nextCursor: { topicName: name, partitionIndex: first + count } }
      }
    }
    return { topics, nextCursor: null }
  },
  refuse: (request, { code }) => ({
    topics: request.topics.map(({ name }) => ({ ...unknown(name), errorCode: code })),
    nextCursor: null,
  }),
})

function unknown(name: string): Described {
  const isValid = invalidTopicName(name) === null
  return {
    errorCode: isValid ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION,
    name,
    topicId: ZERO_UUID,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: NO_OPERATIONS,
  }
}

function describe(topic: Topic, first: number, count: number, nodeId: number): Described {
  const self = [nodeId]
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: Array.from({ length: count }, (_, index) => ({
      errorCode: ErrorCode.NONE,
      partitionIndex: first + index,
      leaderId: nodeId,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: self,
      isrNodes: self,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: topicOperations,
  }
}
