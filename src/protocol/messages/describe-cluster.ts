import { array, boolean, int16, int32, int8, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Id, controller and brokers of the cluster. */
export const DescribeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexible: 0,
  request: {
    includeClusterAuthorizedOperations: boolean(),
    endpointType: int8('1+').default(1),
    includeFencedBrokers: boolean('2+'),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable().default(null),
    endpointType: int8('1+').default(1),
    clusterId: string(),
    controllerId: int32().default(-1),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string().nullable().default(null),
      isFenced: boolean('2+'),
    }),
    clusterAuthorizedOperations: int32().default(-(2 ** 31)),
  },
})
