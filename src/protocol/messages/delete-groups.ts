import { array, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Deletes groups without members. */
export const DeleteGroups = defineApi({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexible: 2,
  request: { groupsNames: array(string()) },
  response: {
    throttleTimeMs: int32(),
    results: array({ groupId: string(), errorCode: int16() }),
  },
})
