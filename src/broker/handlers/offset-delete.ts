import { ErrorCode } from '../../protocol/errors.ts'
import { OffsetDelete } from '../../protocol/messages/index.ts'
import { defineHandler } from './handler.ts'

/** Removes committed offsets of topics that nobody in the group consumes. */
export const offsetDelete = defineHandler(OffsetDelete, [0, 0], {
  async handle(request, { broker }) {
    const wanted = request.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    )
    const { errorCode, codes } = await broker.groups.deleteOffsets(request.groupId, wanted)
    if (errorCode !== ErrorCode.NONE) return { errorCode, topics: [] }
    let at = 0
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        const code = codes[at++] ?? ErrorCode.NONE
        const isKnown = broker.topics.get(name) !== undefined || code !== ErrorCode.NONE
        return { partitionIndex, errorCode: isKnown ? code : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
      }),
    }))
    return { errorCode, topics }
  },
  refuse: (_request, { code }) => ({ errorCode: code, topics: [] }),
})
