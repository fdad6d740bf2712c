import { ErrorCode } from '../../protocol/errors.ts'
import { OffsetFetch, type RequestOf, type ResponseInput } from '../../protocol/messages/index.ts'
import { ZERO_UUID } from '../../protocol/primitives/uuid.ts'
import type { CommittedOffset, GroupOffsets } from '../groups/offsets.ts'
import { defineHandler, type RequestContext } from './handler.ts'

type Request = RequestOf<typeof OffsetFetch>
type Group = NonNullable<ResponseInput<typeof OffsetFetch>['groups']>[number]
type WantedTopic = NonNullable<Request['groups'][number]['topics']>[number]

/** Committed offsets. What was never committed has offset -1 and no error. */
export const offsetFetch = defineHandler(OffsetFetch, [1, 10], {
  handle(request, context) {
    const groups = wantedGroups(request, context).map(({ groupId, topics }) => fetchGroup(groupId, topics, context))
    return answer(groups, context)
  },
  refuse(request, { code }, context) {
    const groups = wantedGroups(request, context).map(({ groupId }) => ({ groupId, topics: [], errorCode: code }))
    return answer(groups, context)
  },
})

function wantedGroups(request: Request, { apiVersion }: RequestContext) {
  if (apiVersion >= 8) return request.groups
  const topics = request.topics === null ? null : request.topics.map((topic) => ({ ...topic, topicId: ZERO_UUID }))
  return [{ groupId: request.groupId, topics }]
}

function answer(groups: Group[], { apiVersion }: RequestContext) {
  if (apiVersion >= 8) return { groups }
  const [group] = groups
  return {
    topics: (group?.topics ?? []).map(({ name, partitions }) => ({ name, partitions })),
    errorCode: group?.errorCode,
  }
}

function fetchGroup(groupId: string, topics: readonly WantedTopic[] | null, context: RequestContext): Group {
  const { broker } = context
  const offsets = broker.groups.offsets(groupId)
  if (topics === null) return { groupId, topics: everything(offsets, context), errorCode: ErrorCode.NONE }
  const byId = context.apiVersion >= 10
  return {
    groupId,
    errorCode: ErrorCode.NONE,
    topics: topics.map(({ name, topicId, partitionIndexes }) => {
      const known = byId ? broker.topics.byId(topicId)?.name : name
      return {
        name,
        topicId,
        partitions: partitionIndexes.map((partitionIndex) =>
          known === undefined
            ? { ...describe(partitionIndex, undefined), errorCode: ErrorCode.UNKNOWN_TOPIC_ID }
            : describe(partitionIndex, offsets?.get(known, partitionIndex)),
        ),
      }
    }),
  }
}

function everything(offsets: GroupOffsets | undefined, { broker }: RequestContext) {
  return (offsets?.topics() ?? []).map((name) => ({
    name,
    topicId: broker.topics.get(name)?.id ?? ZERO_UUID,
    partitions: (offsets?.partitions(name) ?? []).map((index) => describe(index, offsets?.get(name, index))),
  }))
}

function describe(partitionIndex: number, committed: CommittedOffset | undefined) {
  return {
    partitionIndex,
    committedOffset: committed?.offset ?? -1,
    committedLeaderEpoch: committed?.leaderEpoch ?? -1,
    metadata: committed?.metadata ?? '',
    errorCode: ErrorCode.NONE as number,
  }
}
