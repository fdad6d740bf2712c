import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { Produce, type RequestOf, type ResponseInput } from '../../protocol/messages/index.ts'
import { BATCH_OVERHEAD, readBatchHeader } from '../../protocol/records/batch.ts'
import { InvalidRecordError } from '../log/errors.ts'
import type { Topic } from '../topics.ts'
import { defineHandler, type RequestContext, toProtocolError } from './handler.ts'

type Request = RequestOf<typeof Produce>
type Response = ResponseInput<typeof Produce>
type TopicData = Request['topicData'][number]
type PartitionData = TopicData['partitionData'][number]
type PartitionResponse = NonNullable<NonNullable<Response['responses']>[number]['partitionResponses']>[number]

/** Some of an acks=0 request was refused: the connection is closed, which is how the client learns of it. */
class UnansweredProduceError extends Error {
  override get name(): string {
    return 'UnansweredProduceError'
  }
}

/**
 * Appends one batch a partition. All appends are handed to their logs before this first waits, so that requests of one
 * connection which overlap keep their order. acks=all is answered after the log was flushed.
 * Versions 0 to 2 are offered only because librdkafka looks for them before it compresses; the codec does not know them.
 */
export const produce = defineHandler(Produce, [0, 13], {
  isPipelined: true,
  // The log has written the batches when it answers, and keeps none of them.
  forgetsFrame: true,
  async handle(request, context) {
    const { acks } = request
    if (acks !== -1 && acks !== 0 && acks !== 1) throw new ProtocolError(ErrorCode.INVALID_REQUIRED_ACKS)
    const appends = request.topicData.map((topicData) => {
      const topic = findTopic(topicData, context)
      const partitions = topicData.partitionData.map((partition) => append(topic, partition, request, context))
      return { name: topicData.name, topicId: topicData.topicId, partitions }
    })
    const responses = await Promise.all(
      appends.map(async ({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitionResponses: await Promise.all(partitions),
      })),
    )
    if (acks !== 0) return { responses }
    for (const { name, partitionResponses } of responses) {
      const failed = partitionResponses.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
      if (failed !== undefined) {
        throw new UnansweredProduceError(`acks=0 to ${name}-${failed.index}: ${failed.errorMessage}`)
      }
    }
    return null
  },
  refuse(request, error) {
    if (request.acks === 0) throw new UnansweredProduceError(error.message)
    return {
      responses: request.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => failure(index, error)),
      })),
    }
  },
})

function findTopic({ name, topicId }: TopicData, { broker, apiVersion }: RequestContext): Topic | ProtocolError {
  if (apiVersion >= 13) return broker.topics.byId(topicId) ?? new ProtocolError(ErrorCode.UNKNOWN_TOPIC_ID)
  return broker.topics.get(name) ?? new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
}

async function append(
  topic: Topic | ProtocolError,
  { index, records }: PartitionData,
  { acks }: Request,
  context: RequestContext,
): Promise<PartitionResponse> {
  try {
    if (topic instanceof ProtocolError) throw topic
    // No await before this call: see the handler.
    const appended = await logOf(topic, index, context).append(checkBatch(topic, records, context), {
      origin: 'client',
      requireFlush: acks === -1,
    })
    return {
      index,
      errorCode: ErrorCode.NONE,
      baseOffset: appended.baseOffset,
      logAppendTimeMs: appended.logAppendTime,
      logStartOffset: appended.logStartOffset,
    }
  } catch (error) {
    return failure(index, toProtocolError(error, context, 'An append'))
  }
}

function logOf(topic: Topic, partition: number, { broker, clientId }: RequestContext) {
  if (topic.isInternal && clientId !== '__admin_client') {
    throw new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, `${topic.name} is written by the broker only`)
  }
  const log = broker.topics.log(topic.name, partition)
  if (log === undefined) {
    const text = `Topic ${topic.name} has no partition ${partition}`
    throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, text)
  }
  return log
}

/** The checks that need the request's version or are about transactions; the log does all others. */
function checkBatch(topic: Topic, records: Uint8Array | null, { apiVersion }: RequestContext): Uint8Array {
  if (records === null || records.length < BATCH_OVERHEAD) {
    throw new ProtocolError(ErrorCode.INVALID_RECORD, `The request holds no record batch for topic ${topic.name}`)
  }
  if (records[16] !== 2) {
    const text = `Produce version ${apiVersion} takes record batches of magic 2 only, not ${String(records[16])}`
    throw new ProtocolError(ErrorCode.INVALID_RECORD, text)
  }
  if (((records[22] ?? 0) & 0x07) > 4) {
    throw new ProtocolError(ErrorCode.CORRUPT_MESSAGE, 'The record batch names a compression codec that does not exist')
  }
  const header = readBatchHeader(records, 0)
  if (header.compression === 'zstd' && apiVersion < 7) {
    throw new ProtocolError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'zstd needs Produce version 7 or later')
  }
  if (header.isTransactional) {
    throw new ProtocolError(ErrorCode.INVALID_TXN_STATE, 'This broker does not serve transactions')
  }
  return records
}

function failure(index: number, error: ProtocolError): PartitionResponse {
  return {
    index,
    errorCode: error.code,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors:
      error instanceof InvalidRecordError
        ? error.recordErrors.map(({ batchIndex, message }) => ({ batchIndex, batchIndexErrorMessage: message }))
        : [],
    errorMessage: error.message,
  }
}
