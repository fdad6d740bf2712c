import { ErrorCode, ProtocolError } from '../protocol/errors.ts'
import {
  applyChanges,
  type ConfigChange,
  dynamicBrokerDefinition,
  knownTopicDefinition,
  ResourceType,
} from './configs.ts'
import { effectiveTopicConfig } from './config/topic-config.ts'
import type { BrokerServices } from './services.ts'
import { invalidTopicName } from './topic-name.ts'

/** Changes to one resource: applied on top of what it has, or in place of all of it. */
export interface Alteration {
  readonly resourceType: number
  readonly resourceName: string
  readonly changes: readonly ConfigChange[]
  readonly replacesAll: boolean
  readonly validateOnly: boolean
}

/**
 * Changes the settings of a topic or of the broker. All changes of the resource are made, or none.
 * @throws {ProtocolError} that says what is wrong
 */
export async function alterConfigs(services: BrokerServices, alteration: Alteration): Promise<void> {
  switch (alteration.resourceType) {
    case ResourceType.TOPIC:
      return alterTopic(services, alteration)
    case ResourceType.BROKER:
      return alterBroker(services, alteration)
    default:
      throw new ProtocolError(
        ErrorCode.INVALID_REQUEST,
        `Configs of resource type ${alteration.resourceType} cannot be changed; only those of topics (2) and brokers (4)`,
      )
  }
}

async function alterTopic({ topics, config }: BrokerServices, alteration: Alteration): Promise<void> {
  const { resourceName: name, changes, replacesAll, validateOnly } = alteration
  const complaint = invalidTopicName(name)
  if (complaint !== null) throw new ProtocolError(ErrorCode.INVALID_TOPIC_EXCEPTION, complaint)
  const topic = topics.get(name)
  if (topic === undefined) {
    throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
  }
  const effective = effectiveTopicConfig(topic.overrides, config)
  const own = replacesAll ? {} : topic.overrides
  const changed = applyChanges(own, changes, knownTopicDefinition, (key) => effective.get(key) ?? '')
  if (!validateOnly) await topics.setOverrides(name, changed)
}

async function alterBroker({ topics, config, store }: BrokerServices, alteration: Alteration): Promise<void> {
  const { resourceName, changes, replacesAll, validateOnly } = alteration
  if (resourceName !== '' && resourceName !== String(config.nodeId)) {
    const text = `Unexpected broker id: this is ${config.nodeId}, but configs of '${resourceName}' were to be changed`
    throw new ProtocolError(ErrorCode.INVALID_REQUEST, text)
  }
  const scope = resourceName === '' ? 'cluster' : 'broker'
  const { brokerConfigs } = store.data
  const own = replacesAll ? {} : brokerConfigs[scope]
  const changed = applyChanges(own, changes, dynamicBrokerDefinition, (key) => config.stringOrNull(key) ?? '')
  if (validateOnly) return
  const before = brokerConfigs[scope]
  await store.change(
    () => {
      brokerConfigs[scope] = changed
    },
    () => {
      brokerConfigs[scope] = before
    },
  )
  config.setDynamic(brokerConfigs)
  topics.applyDefaults()
}
