import { array, boolean, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Starts, changes or cancels (null replicas) the move of partitions to other brokers. */
export const AlterPartitionReassignments = defineApi({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexible: 0,
  request: {
    timeoutMs: int32().default(60000),
    allowReplicationFactorChange: boolean('1+').default(true),
    topics: array({
      name: string(),
      partitions: array({ partitionIndex: int32(), replicas: array(int32()).nullable().default(null) }),
    }),
  },
  response: {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: boolean('1+').default(true),
    errorCode: int16(),
    errorMessage: string().nullable(),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string().nullable(),
      }),
    }),
  },
})
