import { type Logger, silentLogger } from '../../base/logger.ts'
import { ConfigError, JavaRegex } from '../../connect/index.ts'
import { listProp, type Props, propsWithPrefix } from './props.ts'

/** How a topic is to be created. −1 leaves a number to the broker. */
export interface TopicTemplate {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Record<string, string>
}

interface Group {
  readonly name: string
  /** Null: every topic. */
  readonly include: JavaRegex | null
  readonly exclude: JavaRegex | null
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Record<string, string>
}

const DEFAULT_GROUP = 'default'
const ownKeys = new Set(['include', 'exclude', 'partitions', 'replication.factor'])

/** The `topic.creation.*` settings of a source connector (KIP-158): which topics to create, and how. */
export class TopicCreationRules {
  readonly #groups: readonly Group[]

  private constructor(groups: readonly Group[]) {
    this.#groups = groups
  }

  /** Null when the worker does not allow it or the connector does not ask for it. Throws `ConfigError`. */
  static fromProps(
    props: Props,
    workerAllows: boolean,
    logger: Pick<Logger, 'warn'> = silentLogger,
  ): TopicCreationRules | null {
    if (!workerAllows || !Object.keys(props).some((key) => key.startsWith('topic.creation.'))) return null
    const fallback = group(DEFAULT_GROUP, props, null)
    const listed = listProp(props, 'topic.creation.groups')
    const named = listed.filter((name) => name !== DEFAULT_GROUP)
    if (named.length < listed.length) {
      logger.warn(
        {},
        `topic.creation.groups lists ${DEFAULT_GROUP}, which is there anyway and comes last; it is ignored`,
      )
    }
    return new TopicCreationRules([...named.map((name) => group(name, props, fallback)), fallback])
  }

  /** What the first group that includes the topic says. */
  templateFor(topic: string): TopicTemplate {
    const found = this.#groups.find(
      ({ include, exclude }) => include?.matches(topic) !== false && exclude?.matches(topic) !== true,
    )
    const { partitions, replicationFactor, configs } = found ?? (this.#groups[this.#groups.length - 1] as Group)
    return { name: topic, partitions, replicationFactor, configs }
  }
}

function group(name: string, props: Props, fallback: Group | null): Group {
  const prefix = `topic.creation.${name}.`
  const own = propsWithPrefix(props, prefix)
  const configs = Object.fromEntries(Object.entries(own).filter(([key]) => !ownKeys.has(key)))
  return {
    name,
    include: fallback === null ? null : pattern(props, `${prefix}include`),
    exclude: fallback === null || own['exclude'] === undefined ? null : pattern(props, `${prefix}exclude`),
    replicationFactor: count(own['replication.factor'], `${prefix}replication.factor`, fallback?.replicationFactor),
    partitions: count(own['partitions'], `${prefix}partitions`, fallback?.partitions),
    configs,
  }
}

/** Java's regular expressions, joined; none matches only the empty name. */
function pattern(props: Props, key: string): JavaRegex {
  const alternatives = listProp(props, key).join('|')
  try {
    return new JavaRegex(alternatives)
  } catch (error) {
    throw new ConfigError(`Invalid value ${alternatives} for configuration ${key}: ${(error as Error).message}`)
  }
}

function count(text: string | undefined, key: string, byDefault: number | undefined): number {
  if (text === undefined || text.trim() === '') {
    if (byDefault !== undefined) return byDefault
    throw new ConfigError(`Missing required configuration "${key}" which has no default value.`)
  }
  const value = Number(text.trim())
  if (!Number.isInteger(value) || (value !== -1 && value < 1)) {
    throw new ConfigError(
      `Invalid value ${text} for configuration ${key}: use -1 for the broker's default, or a number of at least 1`,
    )
  }
  return value
}
