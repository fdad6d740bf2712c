import { array, boolean, int16, int32, int8, string, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Creates topics. */
export const CreateTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexible: 5,
  request: {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({ partitionIndex: int32(), brokerIds: array(int32()) }),
      configs: array({ name: string(), value: string().nullable() }),
    }),
    timeoutMs: int32().default(60000),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      topicId: uuid('7+'),
      errorCode: int16(),
      errorMessage: string().nullable(),
      topicConfigErrorCode: int16('5+').tag(0),
      numPartitions: int32('5+').default(-1),
      replicationFactor: int16('5+').default(-1),
      configs: array(
        {
          name: string(),
          value: string().nullable(),
          readOnly: boolean(),
          configSource: int8().default(-1),
          isSensitive: boolean(),
        },
        '5+',
      ).nullable(),
    }),
  },
})
