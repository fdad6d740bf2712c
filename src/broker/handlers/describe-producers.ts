import { ErrorCode } from '../../protocol/errors.ts'
import { DescribeProducers } from '../../protocol/messages/index.ts'
import { defineHandler, toProtocolError } from './handler.ts'

/** The producers that partitions remember. */
export const describeProducers = defineHandler(DescribeProducers, [0, 0], {
  async handle(request, context) {
    const topics = request.topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(
        partitionIndexes.map(async (partitionIndex) => {
          try {
            const log = await context.broker.topics.openLog(name, partitionIndex)
            const activeProducers = log.activeProducers().map((producer) => ({
              producerId: producer.producerId,
              producerEpoch: producer.epoch,
              lastSequence: producer.batches.at(-1)?.lastSequence ?? -1,
              lastTimestamp: producer.batches.at(-1)?.timestamp ?? -1,
              coordinatorEpoch: producer.coordinatorEpoch,
              currentTxnStartOffset: producer.transactionFirstOffset,
            }))
            return { partitionIndex, errorCode: ErrorCode.NONE, errorMessage: null, activeProducers }
          } catch (error) {
            const { code, message } = toProtocolError(error, context, `Describing the producers of ${name}`)
            return { partitionIndex, errorCode: code, errorMessage: message, activeProducers: [] }
          }
        }),
      ),
    }))
    return { topics: await Promise.all(topics) }
  },
  refuse: (request, { code, message }) => ({
    topics: request.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        errorCode: code,
        errorMessage: message,
        activeProducers: [],
      })),
    })),
  }),
})
