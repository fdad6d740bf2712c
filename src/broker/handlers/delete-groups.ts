import { ErrorCode } from '../../protocol/errors.ts'
import { DeleteGroups } from '../../protocol/messages/index.ts'
import { defineHandler, toProtocolError } from './handler.ts'

/** Deletes groups that nobody is in, with their offsets. */
export const deleteGroups = defineHandler(DeleteGroups, [0, 2], {
  async handle(request, context) {
    const results = [...new Set(request.groupsNames)].map(async (groupId) => {
      try {
        if (groupId === '') return { groupId, errorCode: ErrorCode.INVALID_GROUP_ID }
        return { groupId, errorCode: await context.broker.groups.delete(groupId) }
      } catch (error) {
        return { groupId, errorCode: toProtocolError(error, context, `Deleting group ${groupId}`).code }
      }
    })
    return { results: await Promise.all(results) }
  },
  refuse: (request, { code }) => ({
    results: request.groupsNames.map((groupId) => ({ groupId, errorCode: code })),
  }),
})
