import { type BrokerConfig, ConfigSource, type SourcedValue } from './broker-config.ts'
import { invalidValue } from './definition.ts'
import { brokerSynonyms, topicDefinition, topicDefinitions } from './topic-definitions.ts'

/** What a topic sets for itself: name → text. */
export type TopicOverrides = Readonly<Record<string, string>>

/**
 * The chain of values of a topic setting, strongest first: the topic's own, then the broker settings behind it
 * (converted to the topic setting's unit), then the default.
 */
export function topicConfigChain(name: string, overrides: TopicOverrides, broker: BrokerConfig): SourcedValue[] {
  const definition = topicDefinition(name)
  if (definition === undefined) return []
  const chain: SourcedValue[] = []
  const own = overrides[name]
  if (own !== undefined) chain.push({ name, value: own, source: ConfigSource.TOPIC })
  const synonyms = brokerSynonyms(name)
  const values = synonyms.flatMap((synonym) =>
    broker
      .chain(synonym.name)
      .map(({ value, source }) => ({ name: synonym.name, value: scale(value, synonym.factor), source })),
  )
  const set = values.filter(({ value, source }) => value !== null && source !== ConfigSource.DEFAULT)
  const fallback = values.findLast(({ value, source }) => value !== null && source === ConfigSource.DEFAULT)
  chain.push(...set)
  chain.push(fallback ?? { name, value: definition.defaultValue, source: ConfigSource.DEFAULT })
  return chain
}

function scale(value: string | null, factor: number): string | null {
  if (value === null || factor === 1) return value
  return Number(value) < 0 ? value : String(Number(value) * factor)
}

/** The effective value of every topic setting. */
export function effectiveTopicConfig(overrides: TopicOverrides, broker: BrokerConfig): Map<string, string> {
  return new Map(
    topicDefinitions.map(({ name }) => [name, topicConfigChain(name, overrides, broker)[0]?.value?.trim() ?? '']),
  )
}

/** Says what is wrong with a topic's settings (unknown name, bad value), or gives null. */
export function invalidTopicConfig(overrides: Readonly<Record<string, string | null>>): string | null {
  for (const [name, value] of Object.entries(overrides)) {
    const definition = topicDefinition(name)
    if (definition === undefined) return `Unknown topic config name: ${name}`
    if (value === null) return `Null value not supported for topic configs: ${name}`
    const complaint = invalidValue(definition, value)
    if (complaint !== null) return complaint
  }
  return null
}
