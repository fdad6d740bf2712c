import type { ConfigDeclaration } from './config/declaration.ts'
import type { PluginIdentity } from './connector.ts'

/** What a provider says of a path. */
export interface ConfigData {
  /** Values by key; a key that is left out is not known, and references to it stay as they are. */
  readonly values: Readonly<Record<string, string>>
  /** After this many milliseconds the values are to be read anew, and connectors that use them restarted. Default: never. */
  readonly ttlMs?: number
}

/** Stands behind `${alias:path:key}` references in configurations. */
export interface ConfigProvider {
  /** The values of these keys below `path`, which is empty for references without one. May do I/O. */
  get(path: string, keys: readonly string[]): ConfigData | Promise<ConfigData>
  close?(): void | Promise<void>
}

/**
 * A configuration provider. Its settings are the worker's `config.providers.<alias>.param.*`. It runs in a task thread,
 * as all plugins do; what it gives never shows in REST answers, logs or stored configurations.
 */
export interface ConfigProviderPlugin<P = unknown> extends PluginIdentity {
  readonly kind: 'config_provider'
  readonly config: ConfigDeclaration<P>
  create(props: P): ConfigProvider | Promise<ConfigProvider>
}

export function defineConfigProvider<P>(plugin: Omit<ConfigProviderPlugin<P>, 'kind'>): ConfigProviderPlugin<P> {
  return { ...plugin, kind: 'config_provider' }
}
