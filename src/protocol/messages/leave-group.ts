import { array, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Takes members out of a classic group: the sender up to version 2, a list from 3 on. */
export const LeaveGroup = defineApi({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    memberId: string('0-2'),
    members: array(
      {
        memberId: string(),
        groupInstanceId: string().nullable().default(null),
        reason: string('5+').nullable().default(null),
      },
      '3+',
    ),
  },
  response: {
    throttleTimeMs: int32('1+'),
    errorCode: int16(),
    members: array({ memberId: string(), groupInstanceId: string().nullable(), errorCode: int16() }, '3+'),
  },
})
