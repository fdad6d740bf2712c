import { int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Keeps a member of a classic group alive. */
export const Heartbeat = defineApi({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string('3+').nullable().default(null),
  },
  response: { throttleTimeMs: int32('1+'), errorCode: int16() },
})
