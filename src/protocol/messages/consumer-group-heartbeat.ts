import { array, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

const topicPartitions = { topicId: uuid(), partitions: array(int32()) }

/** Joins, keeps alive and leaves a group of the new consumer protocol (KIP-848). */
export const ConsumerGroupHeartbeat = defineApi({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string().nullable().default(null),
    rackId: string().nullable().default(null),
    rebalanceTimeoutMs: int32().default(-1),
    subscribedTopicNames: array(string()).nullable().default(null),
    subscribedTopicRegex: string('1+').nullable().default(null),
    serverAssignor: string().nullable().default(null),
    topicPartitions: array({ topicId: uuid(), partitions: array(int32()) })
      .nullable()
      .default(null),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(null),
    memberId: string().nullable().default(null),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct({ topicPartitions: array(topicPartitions) })
      .nullable()
      .default(null),
  },
})
