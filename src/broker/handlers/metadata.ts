import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { Metadata, type ResponseInput } from '../../protocol/messages/index.ts'
import { ZERO_UUID } from '../../protocol/primitives/uuid.ts'
import { invalidTopicName } from '../topic-name.ts'
import { LEADER_EPOCH, type Topic } from '../topics.ts'
import { topicOperations, clusterOperations } from './authorized-operations.ts'
import { defineHandler, NO_OPERATIONS, type RequestContext, toProtocolError } from './handler.ts'

type MetadataTopic = NonNullable<ResponseInput<typeof Metadata>['topics']>[number]

interface Wanted {
  readonly topicId: string
  readonly name: string | null
}

/** Brokers and topics; topics named but missing are made at once if the client and the broker allow it. */
export const metadata = defineHandler(Metadata, [0, 13], {
  async handle(request, context) {
    const { broker, apiVersion } = context
    const wanted = apiVersion === 0 && request.topics?.length === 0 ? null : request.topics
    const withOperations = request.includeTopicAuthorizedOperations
    const topics =
      wanted === null
        ? broker.topics.all().map((topic) => describe(topic, broker.config.nodeId, withOperations))
        : await describeWanted(wanted, request.allowAutoTopicCreation, withOperations, context)
    const { host, port } = broker.advertised(context.listener)
    return {
      brokers: [{ nodeId: broker.config.nodeId, host, port, rack: broker.config.stringOrNull('broker.rack') }],
      clusterId: broker.clusterId,
      controllerId: broker.config.nodeId,
      topics,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : NO_OPERATIONS,
      errorCode: ErrorCode.NONE,
    }
  },
  refuse: (request, { code }) => ({
    brokers: [],
    topics: (request.topics ?? []).map(({ name, topicId }) => failed(name, topicId, code)),
    errorCode: code,
  }),
})

async function describeWanted(
  wanted: readonly Wanted[],
  mayCreate: boolean,
  withOperations: boolean,
  context: RequestContext,
): Promise<MetadataTopic[]> {
  const { broker, apiVersion } = context
  const hasIds = wanted.some(({ topicId }) => topicId !== ZERO_UUID)
  if (apiVersion < 12 && (hasIds || wanted.some(({ name }) => name === null))) {
    throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'topics can be asked for by id from Metadata version 12 on')
  }
  const nodeId = broker.config.nodeId
  if (hasIds) {
    return wanted.map(({ topicId }) => {
      const topic = broker.topics.byId(topicId)
      return topic === undefined
        ? failed(null, topicId, ErrorCode.UNKNOWN_TOPIC_ID)
        : describe(topic, nodeId, withOperations)
    })
  }
  const names = [...new Set(wanted.map(({ name }) => name ?? ''))]
  const isCreated = mayCreate && broker.config.boolean('auto.create.topics.enable')
  return Promise.all(
    names.map(async (name) => {
      try {
        const topic = broker.topics.get(name) ?? (isCreated ? await broker.topics.ensure(name) : undefined)
        if (topic !== undefined) return describe(topic, nodeId, withOperations)
        const isValid = invalidTopicName(name) === null
        return failed(
          name,
          ZERO_UUID,
          isValid ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION,
        )
      } catch (error) {
        return failed(name, ZERO_UUID, toProtocolError(error, context, `Creating topic ${name}`).code)
      }
    }),
  )
}

function describe(topic: Topic, nodeId: number, withOperations: boolean): MetadataTopic {
  const self = [nodeId]
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.isInternal,
    partitions: Array.from({ length: topic.partitions }, (_, partitionIndex) => ({
      errorCode: ErrorCode.NONE,
      partitionIndex,
      leaderId: nodeId,
      leaderEpoch: LEADER_EPOCH,
      replicaNodes: self,
      isrNodes: self,
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: withOperations ? topicOperations : NO_OPERATIONS,
  }
}

function failed(name: string | null, topicId: string, errorCode: number): MetadataTopic {
  return { errorCode, name, topicId, isInternal: false, partitions: [], topicAuthorizedOperations: NO_OPERATIONS }
}
