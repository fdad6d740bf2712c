import { ErrorCode } from '../../protocol/errors.ts'
import { LeaveGroup } from '../../protocol/messages/index.ts'
import { defineHandler } from './handler.ts'

/** Takes out the sender (up to version 2), or all that are listed. */
export const leaveGroup = defineHandler(LeaveGroup, [0, 5], {
  handle(request, { broker, apiVersion }) {
    const { groupId } = request
    if (groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID, members: [] }
    if (apiVersion < 3) return { errorCode: broker.groups.leave(groupId, request.memberId, null) }
    const members = request.members.map(({ memberId, groupInstanceId }) => ({
      memberId,
      groupInstanceId,
      errorCode: broker.groups.leave(groupId, memberId, groupInstanceId),
    }))
    return { errorCode: ErrorCode.NONE, members }
  },
  refuse: (_request, { code }) => ({ errorCode: code, members: [] }),
})
