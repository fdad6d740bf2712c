import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { CreatePartitions, type RequestOf } from '../../protocol/messages/index.ts'
import { MAX_PARTITIONS } from './create-topics.ts'
import { defineHandler, duplicatesOf, type RequestContext, toProtocolError } from './handler.ts'

type Growth = RequestOf<typeof CreatePartitions>['topics'][number]

/** Adds partitions to topics. */
export const createPartitions = defineHandler(CreatePartitions, [0, 3], {
  async handle(request, context) {
    const twice = duplicatesOf(request.topics.map(({ name }) => name))
    const results: { name: string; errorCode: number; errorMessage: string | null }[] = []
    for (const topic of request.topics) {
      try {
        if (twice.has(topic.name)) throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'Duplicate topic in the request')
        checkGrowth(topic, context)
        if (!request.validateOnly) await context.broker.topics.addPartitions(topic.name, topic.count)
        results.push({ name: topic.name, errorCode: ErrorCode.NONE, errorMessage: null })
      } catch (error) {
        const { code, message } = toProtocolError(error, context, `Adding partitions to ${topic.name}`)
        results.push({ name: topic.name, errorCode: code, errorMessage: message })
      }
    }
    return { results }
  },
  refuse: (request, { code, message }) => ({
    results: request.topics.map(({ name }) => ({ name, errorCode: code, errorMessage: message })),
  }),
})

function checkGrowth({ name, count, assignments }: Growth, { broker }: RequestContext): void {
  const topic = broker.topics.get(name)
  if (topic === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (topic.isInternal) {
    // Which partition keeps a group depends on their number.
    throw new ProtocolError(ErrorCode.INVALID_PARTITIONS, `The number of partitions of ${name} is fixed`)
  }
  if (count <= topic.partitions) {
    const text = `Topic ${name} has ${topic.partitions} partitions already; ask for more than that, not for ${count}`
    throw new ProtocolError(ErrorCode.INVALID_PARTITIONS, text)
  }
  if (count > MAX_PARTITIONS) {
    throw new ProtocolError(ErrorCode.INVALID_PARTITIONS, `A topic can have at most ${MAX_PARTITIONS} partitions`)
  }
  if (assignments === null) return
  const added = count - topic.partitions
  const { nodeId } = broker.config
  const isOurs = assignments.every(({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === nodeId)
  if (assignments.length !== added || !isOurs) {
    const text = `Give one assignment to broker ${nodeId} for each of the ${added} new partitions, or none at all`
    throw new ProtocolError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, text)
  }
}
