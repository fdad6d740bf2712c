import { array, boolean, int16, int32, string, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Brokers, topics and the leaders of their partitions. Null topics stand for all, an empty list for none (version 0: all). */
export const Metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexible: 9,
  request: {
    topics: array({ topicId: uuid('10+'), name: string().nullable('10+') }).nullable('1+'),
    allowAutoTopicCreation: boolean('4+').default(true),
    includeClusterAuthorizedOperations: boolean('8-10'),
    includeTopicAuthorizedOperations: boolean('8+'),
  },
  response: {
    throttleTimeMs: int32('3+'),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string('1+').nullable().default(null),
    }),
    clusterId: string('2+').nullable().default(null),
    controllerId: int32('1+').default(-1),
    topics: array({
      errorCode: int16(),
      name: string().nullable('12+'),
      topicId: uuid('10+'),
      isInternal: boolean('1+'),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32('7+').default(-1),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array(int32(), '5+'),
      }),
      topicAuthorizedOperations: int32('8+').default(-(2 ** 31)),
    }),
    clusterAuthorizedOperations: int32('8-10').default(-(2 ** 31)),
    errorCode: int16('13+'),
  },
})
