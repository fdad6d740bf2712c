import { ErrorCode } from '../../protocol/errors.ts'
import { OffsetCommit, type RequestOf } from '../../protocol/messages/index.ts'
import type { OffsetToCommit } from '../groups/coordinator.ts'
import { defineHandler, type RequestContext } from './handler.ts'

type Request = RequestOf<typeof OffsetCommit>

/** Answered when the offsets are on disk. Partitions that do not exist are refused one by one. */
export const offsetCommit = defineHandler(OffsetCommit, [2, 10], {
  async handle(request, context) {
    const { broker, apiVersion } = context
    const offsets: OffsetToCommit[] = []
    // For each partition: its place in `offsets`, or the error that it has already.
    const plan = request.topics.map((topic) => {
      const { known, name, errorCode } = findTopic(topic, context)
      const partitions = topic.partitions.map((partition) => {
        const { partitionIndex } = partition
        if (!(partitionIndex >= 0 && partitionIndex < known)) {
          return { partitionIndex, at: -1, errorCode: errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
        }
        offsets.push({
          topic: name,
          partition: partitionIndex,
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata: partition.committedMetadata,
        })
        return { partitionIndex, at: offsets.length - 1, errorCode: ErrorCode.NONE }
      })
      return { topic, partitions }
    })
    const codes = await broker.groups.commit(
      {
        groupId: request.groupId,
        memberId: request.memberId,
        instanceId: request.groupInstanceId,
        generationId: request.generationIdOrMemberEpoch,
        retentionMs: request.retentionTimeMs,
        knowsGroupIdNotFound: apiVersion >= 9,
      },
      offsets,
    )
    return {
      topics: plan.map(({ topic: { name, topicId }, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex, at, errorCode }) => ({
          partitionIndex,
          errorCode: at === -1 ? errorCode : (codes[at] ?? ErrorCode.UNKNOWN_SERVER_ERROR),
        })),
      })),
    }
  },
  refuse: (request, { code }) => ({
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
    })),
  }),
})

function findTopic({ name, topicId }: Request['topics'][number], { broker, apiVersion }: RequestContext) {
  const topic = apiVersion >= 10 ? broker.topics.byId(topicId) : broker.topics.get(name)
  if (topic !== undefined) return { known: topic.partitions, name: topic.name, errorCode: null }
  return { known: 0, name, errorCode: apiVersion >= 10 ? ErrorCode.UNKNOWN_TOPIC_ID : null }
}
