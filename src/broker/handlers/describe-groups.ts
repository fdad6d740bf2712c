import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeGroups } from '../../protocol/messages/index.ts'
import type { ClassicGroup } from '../groups/group.ts'
import { metadataOf, NO_BYTES } from '../groups/member.ts'
import { groupOperations } from './authorized-operations.ts'
import { defineHandler, NO_OPERATIONS, type RequestContext } from './handler.ts'

export const describeGroups = defineHandler(DescribeGroups, [0, 6], {
  handle(request, context) {
    const authorizedOperations = request.includeAuthorizedOperations ? groupOperations : NO_OPERATIONS
    return {
      groups: request.groups.map((groupId) => {
        const group = context.broker.groups.get(groupId)
        const described = group === undefined ? unknown(groupId, context) : describe(group)
        return { ...described, authorizedOperations }
      }),
    }
  },
  refuse: (request, { code, message }) => ({
    groups: request.groups.map((groupId) => ({
      errorCode: code,
      errorMessage: message,
      groupId,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    })),
  }),
})

function unknown(groupId: string, { apiVersion }: RequestContext) {
  const hasError = apiVersion >= 6
  return {
    errorCode: hasError ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE,
    errorMessage: hasError ? `Group ${groupId} not found.` : null,
    groupId,
    groupState: 'Dead',
    protocolType: '',
    protocolData: '',
    members: [],
  }
}

/** What members said and were given is shown only while it is settled. */
function describe(group: ClassicGroup) {
  const isStable = group.state === 'Stable'
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId: group.id,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocol ?? '') : '',
    members: group.members.map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? metadataOf(member, group.protocol) : NO_BYTES,
      memberAssignment: isStable ? member.assignment : NO_BYTES,
    })),
  }
}
