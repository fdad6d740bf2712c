import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { DeleteRecords, type RequestOf } from '../../protocol/messages/index.ts'
import { defineHandler, type RequestContext, toProtocolError } from './handler.ts'

type PartitionRequest = RequestOf<typeof DeleteRecords>['topics'][number]['partitions'][number]

/** Moves the start of logs forward. Offset -1 stands for the high watermark. */
export const deleteRecords = defineHandler(DeleteRecords, [0, 2], {
  async handle(request, context) {
    const topics = request.topics.map(async ({ name, partitions }) => ({
      name,
      partitions: await Promise.all(
        partitions.map(async (partition) => {
          const { partitionIndex } = partition
          try {
            const lowWatermark = await deleteBefore(name, partition, context)
            return { partitionIndex, lowWatermark, errorCode: ErrorCode.NONE }
          } catch (error) {
            const { code } = toProtocolError(error, context, `Deleting records of ${name}-${partitionIndex}`)
            return { partitionIndex, lowWatermark: -1, errorCode: code }
          }
        }),
      ),
    }))
    return { topics: await Promise.all(topics) }
  },
  refuse: (request, { code }) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode: code })),
    })),
  }),
})

async function deleteBefore(
  name: string,
  { partitionIndex, offset }: PartitionRequest,
  { broker }: RequestContext,
): Promise<number> {
  const topic = broker.topics.get(name)
  if (topic === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (topic.isInternal) throw new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION)
  const log = await broker.topics.openLog(name, partitionIndex)
  if (!log.config.delete && log.config.compact) throw new ProtocolError(ErrorCode.POLICY_VIOLATION)
  const target = offset === -1 ? log.highWatermark : offset
  if (target < 0 || target > log.highWatermark) throw new ProtocolError(ErrorCode.OFFSET_OUT_OF_RANGE)
  await log.deleteRecordsBefore(target)
  return log.logStartOffset
}
