import { ErrorCode, ProtocolError } from '../protocol/errors.ts'
import { brokerDefinition, brokerDefinitions } from './config/broker-definitions.ts'
import { type BrokerConfig, ConfigSource, type SourcedValue } from './config/broker-config.ts'
import { type ConfigDefinition, configTypeCodes, invalidValue, parseList } from './config/definition.ts'
import { type TopicOverrides, topicConfigChain } from './config/topic-config.ts'
import { topicDefinition, topicDefinitions } from './config/topic-definitions.ts'

/** Kinds of things that have settings, as numbered on the wire. */
export const ResourceType = { TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8, CLIENT_METRICS: 16, GROUP: 32 } as const

/** One setting as DescribeConfigs shows it. */
export interface DescribedConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: { name: string; value: string | null; source: number }[]
  readonly configType: number
  readonly documentation: string | null
}

export interface DescribeOptions {
  /** Null = all. */
  readonly keys: readonly string[] | null
  readonly withSynonyms: boolean
  readonly withDocumentation: boolean
}

/** The settings of a topic, with where each value comes from. */
export function describeTopicConfigs(
  overrides: TopicOverrides,
  broker: BrokerConfig,
  options: DescribeOptions,
): DescribedConfig[] {
  return describeAll(
    topicDefinitions,
    options,
    (name) => topicConfigChain(name, overrides, broker),
    () => false,
  )
}

/** The settings of this broker, or of the whole cluster: of that only those that were set. */
export function describeBrokerConfigs(
  broker: BrokerConfig,
  scope: 'broker' | 'cluster',
  options: DescribeOptions,
): DescribedConfig[] {
  const isReadOnly = ({ isDynamic }: ConfigDefinition): boolean => !isDynamic
  if (scope === 'broker') return describeAll(brokerDefinitions, options, (name) => broker.chain(name), isReadOnly)
  const chainOf = (name: string): SourcedValue[] =>
    broker.chain(name).filter(({ source }) => source === ConfigSource.DYNAMIC_DEFAULT_BROKER)
  const set = brokerDefinitions.filter(({ name }) => chainOf(name).length > 0)
  return describeAll(set, options, chainOf, isReadOnly)
}

function describeAll(
  definitions: readonly ConfigDefinition[],
  { keys, withSynonyms, withDocumentation }: DescribeOptions,
  chainOf: (name: string) => SourcedValue[],
  isReadOnly: (definition: ConfigDefinition) => boolean,
): DescribedConfig[] {
  const wanted = keys === null ? null : new Set(keys)
  return definitions
    .filter(({ name }) => wanted === null || wanted.has(name))
    .map((definition) => {
      const chain = chainOf(definition.name)
      const isSensitive = definition.type === 'password'
      const hide = (value: string | null): string | null => (isSensitive ? null : value)
      return {
        name: definition.name,
        value: hide(chain[0]?.value ?? null),
        readOnly: isReadOnly(definition),
        configSource: chain[0]?.source ?? ConfigSource.DEFAULT,
        isSensitive,
        synonyms: withSynonyms ? chain.map(({ name, value, source }) => ({ name, value: hide(value), source })) : [],
        configType: configTypeCodes[definition.type],
        documentation: withDocumentation ? definition.documentation : null,
      }
    })
}

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

/** One change of IncrementalAlterConfigs. */
export interface ConfigChange {
  readonly name: string
  readonly configOperation: number
  readonly value: string | null
}

/**
 * Applies changes to a resource's own settings and gives the new ones; all or none.
 * @throws {ProtocolError} INVALID_REQUEST or INVALID_CONFIG
 */
export function applyChanges(
  own: Readonly<Record<string, string>>,
  changes: readonly ConfigChange[],
  definitionOf: (name: string) => ConfigDefinition,
  effective: (name: string) => string,
): Record<string, string> {
  const result = { ...own }
  const seen = new Set<string>()
  for (const { name, configOperation, value } of changes) {
    if (seen.has(name)) {
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, `Error due to duplicate config keys: ${name}`)
    }
    seen.add(name)
    const definition = definitionOf(name)
    if (configOperation === DELETE) {
      delete result[name]
      continue
    }
    if (value === null) {
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, `Null value not supported for: ${name}`)
    }
    result[name] = changedValue(definition, configOperation, result[name] ?? effective(name), value)
    const complaint = invalidValue(definition, result[name])
    if (complaint !== null) throw new ProtocolError(ErrorCode.INVALID_CONFIG, complaint)
  }
  return result
}

function changedValue(definition: ConfigDefinition, operation: number, current: string, value: string): string {
  if (operation === SET) return value
  if (operation !== APPEND && operation !== SUBTRACT) {
    throw new ProtocolError(ErrorCode.INVALID_REQUEST, `Unknown config operation ${operation}`)
  }
  if (definition.type !== 'list') {
    const text = `Config value append is not allowed for config key: ${definition.name}; only lists can be added to`
    throw new ProtocolError(ErrorCode.INVALID_CONFIG, text)
  }
  const words = parseList(current)
  const given = parseList(value)
  if (operation === APPEND) return [...new Set([...words, ...given])].join(',')
  return words.filter((word) => !given.includes(word)).join(',')
}

/** @throws {ProtocolError} INVALID_CONFIG for a name that topics do not have */
export function knownTopicDefinition(name: string): ConfigDefinition {
  const definition = topicDefinition(name)
  if (definition !== undefined) return definition
  throw new ProtocolError(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${name}`)
}

/** @throws {ProtocolError} INVALID_CONFIG for a name that cannot be changed while the broker runs */
export function dynamicBrokerDefinition(name: string): ConfigDefinition {
  const definition = brokerDefinition(name)
  if (definition === undefined) throw new ProtocolError(ErrorCode.INVALID_CONFIG, `Unknown broker config name: ${name}`)
  if (definition.isDynamic) return definition
  const text = `Cannot update ${name} while the broker runs: set it in the broker's properties and start it again`
  throw new ProtocolError(ErrorCode.INVALID_CONFIG, text)
}
