import { array, boolean, int16, int32, string, struct, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Topics and partitions page by page. */
export const DescribeTopicPartitions = defineApi({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexible: 0,
  request: {
    topics: array({ name: string() }),
    responsePartitionLimit: int32().default(2000),
    cursor: struct({ topicName: string(), partitionIndex: int32() }).nullable().default(null),
  },
  response: {
    throttleTimeMs: int32(),
    topics: array({
      errorCode: int16(),
      name: string().nullable(),
      topicId: uuid(),
      isInternal: boolean(),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32().default(-1),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        eligibleLeaderReplicas: array(int32()).nullable().default(null),
        lastKnownElr: array(int32()).nullable().default(null),
        offlineReplicas: array(int32()),
      }),
      topicAuthorizedOperations: int32().default(-(2 ** 31)),
    }),
    nextCursor: struct({ topicName: string(), partitionIndex: int32() }).nullable().default(null),
  },
})
