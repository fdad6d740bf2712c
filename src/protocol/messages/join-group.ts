import { array, boolean, bytes, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Enters a group of the classic protocol and waits for the rebalance. */
export const JoinGroup = defineApi({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexible: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32('1+').default(-1),
    memberId: string(),
    groupInstanceId: string('5+').nullable().default(null),
    protocolType: string(),
    protocols: array({ name: string(), metadata: bytes() }),
    reason: string('8+').nullable().default(null),
  },
  response: {
    throttleTimeMs: int32('2+'),
    errorCode: int16(),
    generationId: int32().default(-1),
    protocolType: string('7+').nullable().default(null),
    protocolName: string().nullable('7+'),
    leader: string(),
    skipAssignment: boolean('9+'),
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: string('5+').nullable().default(null),
      metadata: bytes(),
    }),
  },
})
