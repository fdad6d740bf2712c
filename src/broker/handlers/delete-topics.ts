import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { DeleteTopics, type ResponseInput } from '../../protocol/messages/index.ts'
import { ZERO_UUID } from '../../protocol/primitives/uuid.ts'
import { defineHandler, duplicatesOf, type RequestContext, toProtocolError } from './handler.ts'

type Deleted = NonNullable<ResponseInput<typeof DeleteTopics>['responses']>[number]

interface Wanted {
  readonly name: string | null
  readonly topicId: string
}

/** Deletes topics by name, or from version 6 on by id. */
export const deleteTopics = defineHandler(DeleteTopics, [1, 6], {
  async handle(request, context) {
    const isAllowed = context.broker.config.boolean('delete.topic.enable')
    if (!isAllowed) {
      const code = context.apiVersion >= 3 ? ErrorCode.TOPIC_DELETION_DISABLED : ErrorCode.INVALID_REQUEST
      throw new ProtocolError(code, 'Deleting topics is disabled: delete.topic.enable=false')
    }
    const wanted = wantedTopics(request)
    const twice = duplicatesOf(wanted.map(({ name, topicId }) => name ?? topicId))
    const responses: Deleted[] = []
    for (const topic of wanted) {
      try {
        responses.push(await deleteOne(topic, twice.has(topic.name ?? topic.topicId), context))
      } catch (error) {
        responses.push(failed(topic, toProtocolError(error, context, `Deleting topic ${topic.name ?? topic.topicId}`)))
      }
    }
    return { responses }
  },
  refuse: (request, error) => ({ responses: wantedTopics(request).map((topic) => failed(topic, error)) }),
})

function wantedTopics({ topics, topicNames }: { topics: Wanted[]; topicNames: string[] }): Wanted[] {
  return [...topics, ...topicNames.map((name) => ({ name, topicId: ZERO_UUID }))]
}

async function deleteOne(wanted: Wanted, isDuplicate: boolean, { broker }: RequestContext): Promise<Deleted> {
  const hasId = wanted.topicId !== ZERO_UUID
  if (isDuplicate) throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'Duplicate topic in the request')
  if (hasId === (wanted.name !== null)) {
    throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'Name the topic or give its id, not both')
  }
  const topic = hasId ? broker.topics.byId(wanted.topicId) : broker.topics.get(wanted.name ?? '')
  if (topic === undefined) {
    throw new ProtocolError(hasId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  if (topic.isInternal) {
    throw new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, `${topic.name} belongs to the broker and stays`)
  }
  await broker.topics.delete(topic.name)
  return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE, errorMessage: null }
}

function failed({ name, topicId }: Wanted, { code, message }: ProtocolError): Deleted {
  return { name, topicId, errorCode: code, errorMessage: message }
}
