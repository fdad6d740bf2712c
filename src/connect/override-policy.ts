import type { ConfigDeclaration, ConfigValueErrors } from './config/declaration.ts'
import type { PluginIdentity } from './connector.ts'

/** Client settings that a connector wants to set by `<client>.override.*`. */
export interface ClientOverrides {
  readonly client: 'producer' | 'consumer' | 'admin'
  /** Null while a configuration without a name is validated. */
  readonly connector: string | null
  readonly connectorClass: string
  readonly connectorType: 'source' | 'sink'
  /** By Kafka's names, without prefix; parsed as the setting's type, as text where Kafka knows no such setting. */
  readonly settings: Readonly<Record<string, string | number | boolean | readonly string[] | null>>
}

/** Decides which client settings connectors may override. */
export interface OverridePolicy {
  /** What is wrong with the settings: messages by setting, without prefix. Undefined or empty: nothing. */
  check(overrides: ClientOverrides): ConfigValueErrors | undefined | Promise<ConfigValueErrors | undefined>
}

/**
 * A policy for `connector.client.config.override.policy`. Its settings are the worker's properties. It runs in a task
 * thread, as all plugins do.
 */
export interface OverridePolicyPlugin<P = unknown> extends PluginIdentity {
  readonly kind: 'connector_client_config_override_policy'
  readonly config: ConfigDeclaration<P>
  create(props: P): OverridePolicy | Promise<OverridePolicy>
}

export function defineOverridePolicy<P>(plugin: Omit<OverridePolicyPlugin<P>, 'kind'>): OverridePolicyPlugin<P> {
  return { ...plugin, kind: 'connector_client_config_override_policy' }
}
