import { array, boolean, bytes, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** State and members of classic groups. */
export const DescribeGroups = defineApi({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexible: 5,
  request: { groups: array(string()), includeAuthorizedOperations: boolean('3+') },
  response: {
    throttleTimeMs: int32('1+'),
    groups: array({
      errorCode: int16(),
      errorMessage: string('6+').nullable().default(null),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string('4+').nullable().default(null),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32('3+').default(-(2 ** 31)),
    }),
  },
})
