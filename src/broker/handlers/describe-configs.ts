import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { DescribeConfigs, type RequestOf } from '../../protocol/messages/index.ts'
import {
  type DescribedConfig,
  type DescribeOptions,
  describeBrokerConfigs,
  describeTopicConfigs,
  ResourceType,
} from '../configs.ts'
import { defineHandler, type RequestContext, toProtocolError } from './handler.ts'

type Resource = RequestOf<typeof DescribeConfigs>['resources'][number]

/** Settings with their values, defaults included. Groups have none of their own. */
export const describeConfigs = defineHandler(DescribeConfigs, [1, 4], {
  handle(request, context) {
    const results = request.resources.map((resource) => {
      const { resourceType, resourceName, configurationKeys } = resource
      const options = {
        keys: configurationKeys,
        withSynonyms: request.includeSynonyms,
        withDocumentation: request.includeDocumentation,
      }
      try {
        const configs = describe(resource, options, context)
        return { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName, configs }
      } catch (error) {
        const { code, message } = toProtocolError(error, context, `Describing the configs of ${resourceName}`)
        return { errorCode: code, errorMessage: message, resourceType, resourceName, configs: [] }
      }
    })
    return { results }
  },
  refuse: (request, { code, message }) => ({
    results: request.resources.map(({ resourceType, resourceName }) => ({
      errorCode: code,
      errorMessage: message,
      resourceType,
      resourceName,
      configs: [],
    })),
  }),
})

function describe(
  { resourceType, resourceName }: Resource,
  options: DescribeOptions,
  { broker }: RequestContext,
): DescribedConfig[] {
  switch (resourceType) {
    case ResourceType.TOPIC: {
      const topic = broker.topics.get(resourceName)
      if (topic === undefined) throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      return describeTopicConfigs(topic.overrides, broker.config, options)
    }
    case ResourceType.BROKER: {
      const { nodeId } = broker.config
      if (resourceName === '') return describeBrokerConfigs(broker.config, 'cluster', options)
      if (resourceName === String(nodeId)) return describeBrokerConfigs(broker.config, 'broker', options)
      const text = `Unexpected broker id: this is ${nodeId}, but configs of '${resourceName}' were asked for`
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, text)
    }
    case ResourceType.GROUP:
    case ResourceType.BROKER_LOGGER:
    case ResourceType.CLIENT_METRICS:
      return []
    default:
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, `Unsupported resource type: ${resourceType}`)
  }
}
