import { array, boolean, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Raises the number of partitions of topics. */
export const CreatePartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexible: 2,
  request: {
    topics: array({
      name: string(),
      count: int32(),
      assignments: array({ brokerIds: array(int32()) }).nullable(),
    }),
    timeoutMs: int32(),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32(),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string().nullable().default(null),
    }),
  },
})
