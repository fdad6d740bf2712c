import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { ListOffsets, type RequestOf, type ResponseInput } from '../../protocol/messages/index.ts'
import { LEADER_EPOCH } from '../topics.ts'
import { defineHandler, duplicatesOf, type RequestContext, toProtocolError } from './handler.ts'
import { checkLeaderEpoch } from './leader-epoch.ts'

type PartitionRequest = RequestOf<typeof ListOffsets>['topics'][number]['partitions'][number]
type PartitionResponse = NonNullable<
  NonNullable<ResponseInput<typeof ListOffsets>['topics']>[number]['partitions']
>[number]

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const firstVersion: Readonly<Record<number, number>> = { [MAX_TIMESTAMP]: 7, [EARLIEST_LOCAL]: 8, [LATEST_TIERED]: 9 }
const READ_COMMITTED = 1

/** Offsets by time; "none" is offset -1 without an error. */
export const listOffsets = defineHandler(ListOffsets, [1, 10], {
  async handle(request, context) {
    const twice = duplicatesOf(
      request.topics.flatMap(({ name, partitions }) =>
        partitions.map((partition) => `${name}-${partition.partitionIndex}`),
      ),
    )
    const topics = request.topics.map(async ({ name, partitions }) => {
      const answers = partitions.map(async (partition) => {
        if (twice.has(`${name}-${partition.partitionIndex}`)) {
          return failure(partition.partitionIndex, ErrorCode.INVALID_REQUEST)
        }
        return lookUp(name, partition, request.isolationLevel === READ_COMMITTED, context)
      })
      return { name, partitions: await Promise.all(answers) }
    })
    return { topics: await Promise.all(topics) }
  },
  refuse: (request, { code }) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => failure(partitionIndex, code)),
    })),
  }),
})

async function lookUp(
  topic: string,
  request: PartitionRequest,
  isCommitted: boolean,
  context: RequestContext,
): Promise<PartitionResponse> {
  const { partitionIndex } = request
  try {
    checkLeaderEpoch(request.currentLeaderEpoch)
    return { partitionIndex, errorCode: ErrorCode.NONE, ...(await find(topic, request, isCommitted, context)) }
  } catch (error) {
    return failure(partitionIndex, toProtocolError(error, context, `Looking up an offset of ${topic}`).code)
  }
}

async function find(
  topic: string,
  { partitionIndex, timestamp }: PartitionRequest,
  isCommitted: boolean,
  { broker, apiVersion }: RequestContext,
): Promise<{ offset: number; timestamp: number; leaderEpoch: number }> {
  const log = await broker.topics.openLog(topic, partitionIndex)
  const visibleEnd = isCommitted ? log.lastStableOffset : log.highWatermark
  const none = { offset: -1, timestamp: -1, leaderEpoch: -1 }
  if (timestamp >= 0) {
    const found = await log.offsetForTimestamp(timestamp)
    return found === null || found.offset >= visibleEnd ? none : { ...found, leaderEpoch: LEADER_EPOCH }
  }
  if (apiVersion < (firstVersion[timestamp] ?? 0)) throw new ProtocolError(ErrorCode.UNSUPPORTED_VERSION)
  switch (timestamp) {
    case LATEST:
      return { offset: visibleEnd, timestamp: -1, leaderEpoch: LEADER_EPOCH }
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.logStartOffset, timestamp: -1, leaderEpoch: LEADER_EPOCH }
    case MAX_TIMESTAMP: {
      const found = await log.maxTimestampOffset()
      return found === null ? none : { ...found, leaderEpoch: LEADER_EPOCH }
    }
    case LATEST_TIERED:
      return none
    default:
      throw new ProtocolError(ErrorCode.UNSUPPORTED_VERSION, `${timestamp} is not a time that can be looked up`)
  }
}

function failure(partitionIndex: number, errorCode: number): PartitionResponse {
  return { partitionIndex, errorCode, timestamp: -1, offset: -1, leaderEpoch: -1 }
}
