import { ErrorCode } from '../../protocol/errors.ts'
import { OffsetForLeaderEpoch } from '../../protocol/messages/index.ts'
import { LEADER_EPOCH } from '../topics.ts'
import { defineHandler, toProtocolError } from './handler.ts'
import { checkLeaderEpoch } from './leader-epoch.ts'

/** Where an epoch ended. There is one epoch only: it ends where the log does. */
export const offsetForLeaderEpoch = defineHandler(OffsetForLeaderEpoch, [2, 4], {
  async handle(request, context) {
    const topics = request.topics.map(async ({ topic, partitions }) => ({
      topic,
      partitions: await Promise.all(
        partitions.map(async ({ partition, currentLeaderEpoch, leaderEpoch }) => {
          try {
            const log = await context.broker.topics.openLog(topic, partition)
            checkLeaderEpoch(currentLeaderEpoch)
            const end =
              leaderEpoch > LEADER_EPOCH
                ? { leaderEpoch: -1, endOffset: -1 }
                : leaderEpoch === LEADER_EPOCH
                  ? { leaderEpoch, endOffset: log.logEndOffset }
                  : { leaderEpoch, endOffset: log.logStartOffset }
            return { errorCode: ErrorCode.NONE, partition, ...end }
          } catch (error) {
            const { code } = toProtocolError(error, context, `Looking up the epoch of ${topic}-${partition}`)
            return { errorCode: code, partition, leaderEpoch: -1, endOffset: -1 }
          }
        }),
      ),
    }))
    return { topics: await Promise.all(topics) }
  },
  refuse: (request, { code }) => ({
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ errorCode: code, partition, leaderEpoch: -1, endOffset: -1 })),
    })),
  }),
})
