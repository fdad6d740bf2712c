import { array, boolean, int16, int32, int8, string, struct, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

const topicPartitions = { topicId: uuid(), topicName: string(), partitions: array(int32()) }

const assignment = { topicPartitions: array(topicPartitions) }

/** State and members of groups of the new consumer protocol (KIP-848). */
export const ConsumerGroupDescribe = defineApi({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
  flexible: 0,
  request: { groupIds: array(string()), includeAuthorizedOperations: boolean() },
  response: {
    throttleTimeMs: int32(),
    groups: array({
      errorCode: int16(),
      errorMessage: string().nullable().default(null),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      assignorName: string(),
      members: array({
        memberId: string(),
        instanceId: string().nullable().default(null),
        rackId: string().nullable().default(null),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: array(string()),
        subscribedTopicRegex: string().nullable().default(null),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: int8('1+').default(-1),
      }),
      authorizedOperations: int32().default(-(2 ** 31)),
    }),
  },
})
