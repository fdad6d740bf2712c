import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginType } from '../task-runner.ts'

type Props = Properties | Readonly<Record<string, string | undefined>>

/** Classes and versions of the plugins of a connector's tasks, by Kafka's attribute names. */
export interface PluginTexts {
  /** Attributes of `connector-metrics`, without the status. */
  readonly connector: Readonly<Record<string, string>>
  /** Attributes of `connector-task-metrics`. */
  readonly task: Readonly<Record<string, string>>
  /** Alias and attributes of each transform and predicate. */
  readonly transforms: readonly (readonly [alias: string, values: Readonly<Record<string, string>>])[]
  readonly predicates: readonly (readonly [alias: string, values: Readonly<Record<string, string>>])[]
}

const DEFAULT_HEADER_CONVERTER = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'
/** What Kafka shows of a plugin without a version. */
const UNDEFINED = 'undefined'

/**
 * `connector` is the configuration as the user wrote it: what stands in it as a reference to a provider is shown as that.
 * Where the connector names no converter, the worker's counts.
 */
export function pluginTexts(connector: Props, worker: Props, plugins: PluginDirectory): PluginTexts {
  const describe = (name: string | undefined, ...types: PluginType[]): { class: string; version: string } => {
    const found = name === undefined ? null : find(plugins, name, types)
    return { class: found?.class ?? name ?? UNDEFINED, version: found?.version ?? UNDEFINED }
  }
  const named = (key: string): string | undefined => text(connector, key)
  const own = describe(named('connector.class'), 'source', 'sink')
  const type = find(plugins, named('connector.class') ?? '', ['source', 'sink'])?.type ?? 'unknown'
  const converter = (key: string, kind: PluginType, byDefault?: string): Record<string, string> => {
    const found = describe(named(key) ?? text(worker, key) ?? byDefault, kind)
    const name = key.replace('.', '-')
    return { [`${name}-class`]: found.class, [`${name}-version`]: found.version }
  }
  const links = (
    list: string,
    kind: 'transform' | 'predicate',
    pluginType: PluginType,
  ): [string, Record<string, string>][] =>
    aliases(named(list)).map((alias) => {
      const found = describe(named(`${list}.${alias}.type`), pluginType)
      return [alias, { [`${kind}-class`]: found.class, [`${kind}-version`]: found.version }]
    })
  const connectorTexts = {
    'connector-type': type,
    'connector-class': own.class,
    'connector-version': own.version,
  }
  return {
    connector: connectorTexts,
    task: {
      ...connectorTexts,
      'task-class': own.class,
      'task-version': own.version,
      ...converter('key.converter', 'converter'),
      ...converter('value.converter', 'converter'),
      ...converter('header.converter', 'header_converter', DEFAULT_HEADER_CONVERTER),
    },
    transforms: links('transforms', 'transform', 'transformation'),
    predicates: links('predicates', 'predicate', 'predicate'),
  }
}

function find(plugins: PluginDirectory, name: string, types: readonly PluginType[]) {
  try {
    return plugins.find(name, types)
  } catch {
    // An ambiguous short name: the connector did not start with it, and it is shown as it was written.
    return null
  }
}

function text(props: Props, key: string): string | undefined {
  return props[key]?.trim() || undefined
}

function aliases(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap((alias) => alias.trim() || [])
}
