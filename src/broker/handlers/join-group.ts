import type { ProtocolError } from '../../protocol/errors.ts'
import { JoinGroup, type RequestOf } from '../../protocol/messages/index.ts'
import { failedJoin, type JoinResult } from '../groups/member.ts'
import { defineHandler, type RequestContext } from './handler.ts'

/** Answered when the rebalance is over. */
export const joinGroup = defineHandler(JoinGroup, [0, 9], {
  async handle(request, context) {
    const { broker, apiVersion, clientId, clientHost } = context
    const result = await broker.groups.join(request.groupId, {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      clientId: clientId ?? '',
      clientHost: `/${clientHost}`,
      sessionTimeoutMs: request.sessionTimeoutMs,
      // Version 0 has no rebalance timeout.
      rebalanceTimeoutMs: apiVersion === 0 ? request.sessionTimeoutMs : Math.max(0, request.rebalanceTimeoutMs),
      protocolType: request.protocolType,
      // Copies: the request is a view of a network buffer, which must not live as long as the member.
      protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Uint8Array.from(metadata) })),
      canBeToldItsId: apiVersion >= 4,
      canSkipAssignment: apiVersion >= 9,
    })
    return answer(result, context)
  },
  refuse: (request: RequestOf<typeof JoinGroup>, { code }: ProtocolError, context) =>
    answer(failedJoin(code, request.memberId), context),
})

function answer(result: JoinResult, { apiVersion }: RequestContext) {
  return {
    errorCode: result.errorCode,
    generationId: result.generationId,
    protocolType: result.protocolType,
    protocolName: result.protocolName ?? (apiVersion >= 7 ? null : ''),
    leader: result.leader,
    skipAssignment: result.skipAssignment,
    memberId: result.memberId,
    members: result.members,
  }
}
