import { array, int16, int32, int8, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Makes the preferred replica, or any, leader of partitions. */
export const ElectLeaders = defineApi({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexible: 2,
  request: {
    electionType: int8('1+'),
    topicPartitions: array({ topic: string(), partitions: array(int32()) }).nullable(),
    timeoutMs: int32().default(60000),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16('1+'),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string().nullable(),
      }),
    }),
  },
})
