import type {
  ConfigProviderPlugin,
  ConverterPlugin,
  HeaderConverterPlugin,
  OverridePolicyPlugin,
  PredicatePlugin,
  RestExtensionPlugin,
  SinkPlugin,
  SourcePlugin,
  TransformPlugin,
} from '../../connect/index.ts'
import type { PluginDescription } from '../task-runner.ts'

/** Any plugin that the runtime can use, as its module declares it. */
export type Plugin =
  | SourcePlugin
  | SinkPlugin
  | TransformPlugin
  | PredicatePlugin
  | ConverterPlugin
  | HeaderConverterPlugin
  | ConfigProviderPlugin
  | OverridePolicyPlugin
  | RestExtensionPlugin

export type PluginKind = Plugin['kind']
export type PluginOfKind<K extends PluginKind> = Extract<Plugin, { kind: K }>

const entryPoints: Record<PluginKind, string> = {
  source: 'startTask',
  sink: 'startTask',
  transformation: 'create',
  predicate: 'create',
  converter: 'create',
  header_converter: 'create',
  config_provider: 'create',
  connector_client_config_override_policy: 'create',
  rest_extension: 'create',
}

/** What keeps `value` from being a plugin, as the end of a sentence; null when it is one. */
export function pluginFault(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return 'is not an object'
  const candidate = value as Record<string, unknown>
  const kind = candidate['kind']
  if (typeof kind !== 'string' || !Object.hasOwn(entryPoints, kind)) {
    return `has no known kind (one of ${Object.keys(entryPoints).join(', ')}): make it with defineSource, defineSink and the like`
  }
  if (typeof candidate['class'] !== 'string' || candidate['class'] === '') return 'has no class name'
  if (typeof candidate['version'] !== 'string') return `(${candidate['class']}) has no version`
  const config = candidate['config'] as Record<string, unknown> | undefined
  if (typeof config?.['parse'] !== 'function' || !(config['keys'] instanceof Map)) {
    return `(${candidate['class']}) has no config declaration`
  }
  const entryPoint = entryPoints[kind as PluginKind]
  if (typeof candidate[entryPoint] !== 'function') return `(${candidate['class']}) has no ${entryPoint} function`
  return null
}

/** The plain data of a plugin that may cross threads. */
export function describePlugin(plugin: Plugin): PluginDescription {
  return {
    class: plugin.class,
    aliases: [...(plugin.aliases ?? [])],
    type: plugin.kind,
    version: plugin.version,
    summary: plugin.summary ?? '',
    keys: [...plugin.config.keys.values()].map((key) => ({ ...key })),
  }
}
