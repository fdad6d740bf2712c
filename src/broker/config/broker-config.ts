import { brokerDefinition } from './broker-definitions.ts'
import { BrokerConfigError } from './broker-config-error.ts'
import { invalidValue, parseList } from './definition.ts'
import { checkSecurityProtocols, type Listener, parseListeners } from './listeners.ts'

/** Dynamic settings by scope: of the whole cluster (`''` as resource name) and of this broker. */
export interface DynamicBrokerConfigs {
  cluster: Record<string, string>
  broker: Record<string, string>
}

/** Where a value comes from: the numbers of DescribeConfigs. */
export const ConfigSource = {
  TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  STATIC_BROKER: 4,
  DEFAULT: 5,
} as const

/** A value and its source. */
export interface SourcedValue {
  readonly name: string
  readonly value: string | null
  readonly source: number
}

/**
 * The broker's settings under Kafka's names. Values are checked when this is made; reading never fails.
 * Settings changed while the broker runs go first, then the given ones, then the defaults.
 */
export class BrokerConfig {
  readonly #given: ReadonlyMap<string, string>
  #dynamic: DynamicBrokerConfigs = { cluster: {}, broker: {} }
  /** Names that were given but that this broker does not know. */
  readonly unknown: readonly string[]
  /** Names that were given, are known, and change nothing. */
  readonly withoutEffect: readonly string[]
  readonly nodeId: number
  readonly listeners: readonly Listener[]
  /** By listener name; a listener that is missing is advertised under the address that it is bound to. */
  readonly advertised: ReadonlyMap<string, Listener>
  readonly logDirs: readonly string[]

  /** @throws {BrokerConfigError} for the first value that is wrong */
  constructor(properties: Readonly<Record<string, string>>) {
    this.#given = new Map(Object.entries(properties).map(([name, value]) => [name, value.trim()]))
    const unknown: string[] = []
    const withoutEffect: string[] = []
    for (const [name, value] of this.#given) {
      const definition = brokerDefinition(name)
      if (definition === undefined) unknown.push(name)
      else {
        const complaint = invalidValue(definition, value)
        if (complaint !== null) throw new BrokerConfigError(complaint)
        if (!definition.hasEffect) withoutEffect.push(name)
      }
    }
    this.unknown = unknown
    this.withoutEffect = withoutEffect
    this.nodeId = this.#readNodeId()
    this.listeners = parseListeners('listeners', this.string('listeners'))
    checkSecurityProtocols(this.listeners, this.string('listener.security.protocol.map'))
    this.advertised = this.#readAdvertised()
    this.logDirs = parseList(this.stringOrNull('log.dirs') ?? this.string('log.dir'))
    if (this.logDirs.length === 0)
      throw new BrokerConfigError('log.dirs names no folder: set it to one that can be written')
  }

  #readNodeId(): number {
    const nodeId = this.#given.get('node.id')
    const brokerId = this.#given.get('broker.id')
    if (nodeId !== undefined && brokerId !== undefined && Number(nodeId) !== Number(brokerId)) {
      throw new BrokerConfigError(
        `node.id is ${nodeId} but broker.id is ${brokerId}: set one of them, or both to the same number`,
      )
    }
    return Math.max(0, Number(nodeId ?? brokerId ?? 0))
  }

  #readAdvertised(): Map<string, Listener> {
    const text = this.stringOrNull('advertised.listeners')
    if (text === null || text === '') return new Map()
    const advertised = parseListeners('advertised.listeners', text)
    for (const { name, host } of advertised) {
      if (!this.listeners.some((listener) => listener.name === name)) {
        throw new BrokerConfigError(`advertised.listeners: there is no listener ${name} in listeners`)
      }
      if (host === '' || host === '0.0.0.0' || host === '::') {
        throw new BrokerConfigError(
          `advertised.listeners: ${name} needs an address that clients can connect to, not '${host}'`,
        )
      }
    }
    return new Map(advertised.map((listener) => [listener.name, listener]))
  }

  /** Replaces all settings that were changed while the broker ran. The caller has checked them. */
  setDynamic(dynamic: DynamicBrokerConfigs): void {
    this.#dynamic = dynamic
  }

  /** The chain of values of a setting, strongest first; the default stands last. Empty for an unknown name. */
  chain(name: string): SourcedValue[] {
    const definition = brokerDefinition(name)
    if (definition === undefined) return []
    const chain: SourcedValue[] = []
    const push = (value: string | null | undefined, source: number): void => {
      if (value !== undefined) chain.push({ name, value, source })
    }
    push(this.#dynamic.broker[name], ConfigSource.DYNAMIC_BROKER)
    push(this.#dynamic.cluster[name], ConfigSource.DYNAMIC_DEFAULT_BROKER)
    push(this.#given.get(name), ConfigSource.STATIC_BROKER)
    if (name === 'node.id' || name === 'broker.id') {
      const value = String(this.nodeId)
      if (chain.length === 0 && this.nodeId !== 0) push(value, ConfigSource.STATIC_BROKER)
    }
    push(definition.defaultValue, ConfigSource.DEFAULT)
    return chain
  }

  stringOrNull(name: string): string | null {
    const first = this.chain(name)[0]
    if (first === undefined) throw new Error(`${name} is not a setting of the broker`)
    return first.value
  }

  string(name: string): string {
    const value = this.stringOrNull(name)
    if (value === null) throw new BrokerConfigError(`${name} has no value: set it`)
    return value
  }

  number(name: string): number {
    return Number(this.string(name))
  }

  boolean(name: string): boolean {
    return this.string(name).toLowerCase() === 'true'
  }
}
