import type { PluginKind } from './plugin.ts'

/** What a simple name loses at its end to become the short alias (`FileStreamSourceConnector` → `FileStreamSource`). */
const prunedSuffixes: Record<PluginKind, readonly string[]> = {
  source: ['Connector'],
  sink: ['Connector'],
  transformation: ['Transformation'],
  predicate: ['Predicate'],
  converter: ['Converter'],
  header_converter: ['HeaderConverter', 'Converter'],
  config_provider: ['ConfigProvider'],
  connector_client_config_override_policy: ['ConnectorClientConfigOverridePolicy'],
  rest_extension: ['ConnectRestExtension'],
}

/** The last part of a full class name: `org.example.Outer$Inner` → `Inner`, as Java's `getSimpleName` has it. */
export function simpleName(className: string): string {
  return className.slice(Math.max(className.lastIndexOf('.'), className.lastIndexOf('$')) + 1)
}

/** Every short name of a class of that kind: its simple name, and that name without the suffix of its kind. */
export function shortNames(kind: PluginKind, className: string): string[] {
  const simple = simpleName(className)
  const names = [simple]
  for (const suffix of prunedSuffixes[kind]) {
    const position = simple.lastIndexOf(suffix)
    if (position > 0 && position + suffix.length === simple.length) names.push(simple.slice(0, position))
  }
  return names
}
