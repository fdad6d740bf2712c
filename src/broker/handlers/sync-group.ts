import { SyncGroup } from '../../protocol/messages/index.ts'
import { failedSync } from '../groups/member.ts'
import { defineHandler } from './handler.ts'

/** Answered when the leader has handed in the assignments, and they are stored. */
export const syncGroup = defineHandler(SyncGroup, [0, 5], {
  handle: (request, { broker }) =>
    broker.groups.sync(request.groupId, {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      generationId: request.generationId,
      protocolType: request.protocolType,
      protocolName: request.protocolName,
      assignments: request.assignments,
    }),
  refuse: (_request, { code }) => failedSync(code),
})
