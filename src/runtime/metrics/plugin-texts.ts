import type { PluginDirectory } from '../herder/plugin-directory.ts'
import { VersionRange } from '../plugins/version-range.ts'
import type { PluginDescription, PluginType } from '../task-runner.ts'

type Props = Readonly<Record<string, string | null | undefined>>

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
  const own = describe(plugins, connector, 'connector.class', 'connector.plugin.version', ['source', 'sink'])
  const converter = (key: string, kind: PluginType, byDefault?: string): Record<string, string> => {
    const props = text(connector, key) === undefined ? { [key]: byDefault, ...worker } : connector
    const found = describe(plugins, props, key, `${key}.plugin.version`, [kind])
    const name = key.replace('.', '-')
    return { [`${name}-class`]: found.class, [`${name}-version`]: found.version }
  }
  const links = (list: string, kind: 'transform' | 'predicate', type: PluginType): [string, Record<string, string>][] =>
    aliases(text(connector, list)).map((alias) => {
      const prefix = `${list}.${alias}.`
      const found = describe(plugins, connector, `${prefix}type`, `${prefix}plugin.version`, [type])
      return [alias, { [`${kind}-class`]: found.class, [`${kind}-version`]: found.version }]
    })
  const connectorTexts = {
    'connector-type': own.type,
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

/** The plugin that stands under a key, in the version that stands under another one. */
function describe(
  plugins: PluginDirectory,
  props: Props,
  classKey: string,
  versionKey: string,
  types: readonly PluginType[],
): { class: string; version: string; type: string } {
  const name = text(props, classKey)
  let found: PluginDescription | null = null
  try {
    if (name !== undefined) found = plugins.find(name, types, VersionRange.parse(props[versionKey]))
  } catch {
    // An ambiguous name or a version that is not there: nothing started with it, and it is shown as it was written.
  }
  return {
    class: found?.class ?? name ?? UNDEFINED,
    version: found?.version ?? UNDEFINED,
    type: found?.type ?? 'unknown',
  }
}

function text(props: Props, key: string): string | undefined {
  return props[key]?.trim() || undefined
}

function aliases(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap((alias) => alias.trim() || [])
}
