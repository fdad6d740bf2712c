import { withDeadline } from '../../base/deadline.ts'
import {
  type ClientOverrides,
  ConfigError,
  type ConfigProvider,
  type ConfigValueErrors,
  type OverridePolicy,
  withoutPrefix,
} from '../../connect/index.ts'
import type { ProvidedValues } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { bundledPolicy } from './override-policies.ts'
import type { Plugin } from './plugin.ts'
import type { PluginRegistry } from './plugin-registry.ts'
import type { PluginScope } from './plugin-scope.ts'

export interface ServicePluginsOptions {
  readonly registry: () => Promise<PluginRegistry>
  /** Runs work on behalf of a plugin, outside of any connector. */
  readonly withScope: <T>(plugin: Plugin, work: (scope: PluginScope) => Promise<T>) => Promise<T>
  /** How long one call into a plugin may take, in milliseconds. */
  readonly callTimeoutMs: number
}

/**
 * The plugins of a thread that serve the worker and not a connector: configuration providers and override policies.
 * Instances are kept: one for each class and settings.
 */
export class ServicePlugins {
  readonly #options: ServicePluginsOptions
  readonly #providers = new Map<string, Promise<ConfigProvider>>()
  readonly #policies = new Map<string, Promise<OverridePolicy>>()

  constructor(options: ServicePluginsOptions) {
    this.#options = options
  }

  /** See `TaskRunner.readProvider`. */
  async readProvider(
    pluginClass: string,
    params: Readonly<Record<string, string>>,
    path: string,
    keys: readonly string[],
  ): Promise<ProvidedValues> {
    const { registry, withScope, callTimeoutMs } = this.#options
    const plugin = (await registry()).resolve(pluginClass, 'config_provider')
    return withScope(plugin, async (scope) => {
      const provider = await this.#instance(this.#providers, JSON.stringify([plugin.class, params]), () =>
        scope.call('create', () => plugin.create(plugin.config.parse(params)), callTimeoutMs),
      )
      const { values, ttlMs } = await scope.call('get', () => provider.get(path, keys), callTimeoutMs)
      const known = keys.filter((key) => Object.hasOwn(values, key))
      return { values: Object.fromEntries(known.map((key) => [key, String(values[key])])), ttlMs: ttlMs ?? null }
    })
  }

  /** See `TaskRunner.checkOverrides`. */
  async checkOverrides(
    pluginClass: string,
    workerProps: Readonly<Record<string, string>>,
    request: ClientOverrides,
  ): Promise<ConfigValueErrors> {
    const { registry, withScope, callTimeoutMs } = this.#options
    const plugin = (await registry()).resolve(pluginClass, 'connector_client_config_override_policy')
    return withScope(plugin, async (scope) => {
      const policy = await this.#instance(this.#policies, plugin.class, () =>
        scope.call('create', () => plugin.create(plugin.config.parse(workerProps)), callTimeoutMs),
      )
      return (await scope.call('check', () => policy.check(request), callTimeoutMs)) ?? {}
    })
  }

  /**
   * Throws `ConfigError` when the worker's policy is a plugin that does not allow a client setting of the connector.
   * Settings are given to it as text.
   */
  async requireAllowed(
    worker: Pick<WorkerConfig, 'clientConfigOverridePolicy' | 'properties'>,
    props: Readonly<Record<string, string>>,
    connector: Pick<ClientOverrides, 'connector' | 'connectorClass' | 'connectorType'>,
  ): Promise<void> {
    const { clientConfigOverridePolicy: policy, properties } = worker
    if (bundledPolicy(policy, properties) !== null) return
    for (const client of ['producer', 'consumer', 'admin'] as const) {
      const settings = withoutPrefix(props, `${client}.override.`)
      if (Object.keys(settings).length === 0) continue
      const messages = Object.values(await this.checkOverrides(policy, properties, { ...connector, client, settings }))
      if (messages.flat().length > 0) throw new ConfigError(messages.flat().join('\n'))
    }
  }

  /** Closes all providers, each within the time for a call. */
  async close(): Promise<void> {
    const { callTimeoutMs } = this.#options
    const made = await Promise.allSettled(this.#providers.values())
    this.#providers.clear()
    this.#policies.clear()
    await Promise.allSettled(
      made.map(async (one) => {
        if (one.status !== 'fulfilled') return
        await withDeadline(Promise.resolve(one.value.close?.()), callTimeoutMs, 'close()')
      }),
    )
  }

  /** What could not be made is tried again the next time. */
  #instance<T>(kept: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
    let found = kept.get(key)
    if (found === undefined) {
      found = make()
      kept.set(key, found)
      found.catch(() => kept.delete(key))
    }
    return found
  }
}
