import { Heartbeat } from '../../protocol/messages/index.ts'
import { defineHandler } from './handler.ts'

export const heartbeat = defineHandler(Heartbeat, [0, 4], {
  handle: ({ groupId, memberId, groupInstanceId, generationId }, { broker }) => ({
    errorCode: broker.groups.heartbeat(groupId, memberId, groupInstanceId, generationId),
  }),
  refuse: (_request, { code }) => ({ errorCode: code }),
})
