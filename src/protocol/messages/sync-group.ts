import { array, bytes, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Hands the assignments of the leader to the members of a classic group. */
export const SyncGroup = defineApi({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string('3+').nullable().default(null),
    protocolType: string('5+').nullable().default(null),
    protocolName: string('5+').nullable().default(null),
    assignments: array({ memberId: string(), assignment: bytes() }),
  },
  response: {
    throttleTimeMs: int32('1+'),
    errorCode: int16(),
    protocolType: string('5+').nullable().default(null),
    protocolName: string('5+').nullable().default(null),
    assignment: bytes(),
  },
})
