import { setImmediate } from 'node:timers/promises'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { CreateTopics, type RequestOf, type ResponseInput } from '../../protocol/messages/index.ts'
import { invalidTopicConfig } from '../config/topic-config.ts'
import { describeTopicConfigs } from '../configs.ts'
import { isInternalTopic } from '../topic-name.ts'
import { defineHandler, duplicatesOf, type RequestContext, toProtocolError } from './handler.ts'

const everything = { keys: null, withSynonyms: false, withDocumentation: false }

type Creatable = RequestOf<typeof CreateTopics>['topics'][number]
type Created = NonNullable<ResponseInput<typeof CreateTopics>['topics']>[number]

/** Most partitions that one topic may be created with; a node would not survive what clients can ask for by a slip. */
export const MAX_PARTITIONS = 10000
/** Topics handled before other clients get their turn. */
const TOPICS_PER_TURN = 50

export const createTopics = defineHandler(CreateTopics, [2, 7], {
  async handle(request, context) {
    const twice = duplicatesOf(request.topics.map(({ name }) => name))
    checkTotal(request.topics, context)
    const topics: Created[] = []
    const answered = new Set<string>()
    for (const topic of request.topics) {
      if (answered.has(topic.name)) continue
      answered.add(topic.name)
      if (answered.size % TOPICS_PER_TURN === 0) await setImmediate()
      try {
        if (twice.has(topic.name)) {
          throw new ProtocolError(ErrorCode.INVALID_REQUEST, `Duplicate topic name: ${topic.name}`)
        }
        topics.push(await createOne(topic, request.validateOnly, context))
      } catch (error) {
        topics.push(failed(topic.name, toProtocolError(error, context, `Creating topic ${topic.name}`)))
      }
    }
    return { topics }
  },
  refuse: (request, error) => ({ topics: request.topics.map(({ name }) => failed(name, error)) }),
})

function failed(name: string, { code, message }: ProtocolError): Created {
  return { name, errorCode: code, errorMessage: message, configs: null }
}

/** As Kafka, refuses the whole request when all its topics together have too many partitions. */
function checkTotal(topics: readonly Creatable[], { broker }: RequestContext): void {
  let total = 0
  for (const { numPartitions, assignments } of topics) {
    const count = assignments.length > 0 ? assignments.length : numPartitions
    if (count <= MAX_PARTITIONS) total += count === -1 ? broker.config.number('num.partitions') : Math.max(0, count)
  }
  if (total > MAX_PARTITIONS) {
    const text = `The request asks for ${total} partitions; at most ${MAX_PARTITIONS} can be made by one request`
    throw new ProtocolError(ErrorCode.POLICY_VIOLATION, text)
  }
}

async function createOne(topic: Creatable, validateOnly: boolean, context: RequestContext): Promise<Created> {
  const { broker } = context
  // Who is told that the topic exists goes on to use it.
  await broker.topics.creationEnded(topic.name)
  const taken = broker.topics.creationError(topic.name)
  if (taken !== null) throw taken
  if (isInternalTopic(topic.name)) {
    throw new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, `${topic.name} is reserved for the broker`)
  }
  const partitions = partitionCount(topic, context)
  const overrides: Record<string, string> = {}
  const given = Object.fromEntries(topic.configs.map(({ name, value }) => [name, value]))
  const complaint = invalidTopicConfig(given)
  if (complaint !== null) throw new ProtocolError(ErrorCode.INVALID_CONFIG, complaint)
  for (const { name, value } of topic.configs) if (value !== null) overrides[name] = value
  const created = validateOnly ? null : await broker.topics.create(topic.name, partitions, overrides)
  return {
    name: topic.name,
    ...(created === null ? {} : { topicId: created.id }),
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    numPartitions: partitions,
    replicationFactor: 1,
    configs: describeTopicConfigs(overrides, broker.config, everything),
  }
}

function partitionCount(topic: Creatable, { broker }: RequestContext): number {
  const { numPartitions, replicationFactor, assignments } = topic
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      const text = 'A manual assignment was given, so the number of partitions and the replication factor must be -1'
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, text)
    }
    if (assignments.length > MAX_PARTITIONS) throw tooManyPartitions(assignments.length)
    checkAssignments(assignments, broker.config.nodeId)
    return assignments.length
  }
  // -1 came with version 4, but Kafka takes it in older ones too, and kafkajs sends it there.
  if (!(numPartitions > 0 || numPartitions === -1)) {
    throw new ProtocolError(
      ErrorCode.INVALID_PARTITIONS,
      `Number of partitions was set to an invalid value: ${numPartitions}`,
    )
  }
  if (numPartitions > MAX_PARTITIONS) {
    throw tooManyPartitions(numPartitions)
  }
  if (!(replicationFactor === 1 || replicationFactor === -1)) {
    const text =
      replicationFactor > 1
        ? `Replication factor ${replicationFactor} is larger than the number of brokers: 1`
        : 'Replication factor must be larger than 0, or -1 to use the default value'
    throw new ProtocolError(ErrorCode.INVALID_REPLICATION_FACTOR, text)
  }
  return numPartitions === -1 ? broker.config.number('num.partitions') : numPartitions
}

function tooManyPartitions(count: number): ProtocolError {
  const text = `${count} partitions are more than one node can serve; at most ${MAX_PARTITIONS} are allowed`
  return new ProtocolError(ErrorCode.INVALID_PARTITIONS, text)
}

function checkAssignments(assignments: Creatable['assignments'], nodeId: number): void {
  const seen = new Set(assignments.map(({ partitionIndex }) => partitionIndex))
  for (let partition = 0; partition < assignments.length; partition++) {
    if (!seen.has(partition)) {
      const text = 'The manual assignment must number the partitions from 0 on, each once'
      throw new ProtocolError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, text)
    }
  }
  for (const { partitionIndex, brokerIds } of assignments) {
    if (brokerIds.length !== 1 || brokerIds[0] !== nodeId) {
      const text = `Partition ${partitionIndex} can only be assigned to broker ${nodeId}, the only one there is`
      throw new ProtocolError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, text)
    }
  }
}
