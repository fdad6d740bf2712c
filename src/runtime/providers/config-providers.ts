import type { Logger } from '../../base/logger.ts'
import { RuntimeError, WorkerConfigError } from '../errors.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { TaskRunner } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { bundledProvider, bundledProviders, type ReadValues } from './bundled-providers.ts'
import { type Reference, referencesOf, replaceReferences } from './references.ts'

export { hasReference } from './references.ts'

/** A configuration with its references resolved. */
export interface ResolvedProps<V> {
  readonly props: Record<string, V>
  /** Provider and path → milliseconds after which its values are to be read anew; only those with a limit. */
  readonly ttls: ReadonlyMap<string, number>
  /** Reference as it was written → what its provider gave, which is a secret. */
  readonly provided: ReadonlyMap<string, string>
}

/**
 * Resolves `${provider:[path:]key}` references of connector configurations, right before they are used. Kafka's own
 * providers run here; those that are plugins run in a task thread, through the {@link TaskRunner}.
 */
export class ConfigProviders {
  readonly #providers = new Map<string, ReadValues>()
  /** Alias → class of those that are plugins. */
  readonly #plugins = new Map<string, string>()

  /**
   * @param read asks a provider that is a plugin; null where there are no plugins (yet)
   * Throws {@link WorkerConfigError} for a provider without a class, or one that cannot be had.
   */
  constructor(
    declared: WorkerConfig['configProviders'],
    logger: Logger,
    read: TaskRunner['readProvider'] | null = null,
  ) {
    const errors: Record<string, string[]> = {}
    for (const { alias, class: name, params } of declared) {
      const prefix = `config.providers.${alias}`
      const make = bundledProvider(name)
      if (name === '') {
        errors[`${prefix}.class`] = [`Missing required configuration "${prefix}.class" which has no default value.`]
      } else if (make !== null) {
        try {
          this.#providers.set(alias, make(params, logger))
        } catch (error) {
          if (!(error instanceof RuntimeError)) throw error
          errors[`${prefix}.param`] = [`${prefix}.param.${error.message}`]
        }
      } else if (read === null) {
        errors[`${prefix}.class`] = [`${prefix}.class=${name} is not known; there are ${bundledProviders.join(', ')}`]
      } else {
        this.#plugins.set(alias, name)
        this.#providers.set(alias, (path, keys) => read(name, params, path, keys))
      }
    }
    if (Object.keys(errors).length > 0) throw new WorkerConfigError(errors)
  }

  /** True when a provider is a plugin, so that plugins must be known before its references can be resolved. */
  get needsPlugins(): boolean {
    return this.#plugins.size > 0
  }

  /** Throws {@link WorkerConfigError} when a provider's class is no plugin that is there. */
  requireKnown(plugins: PluginDirectory): void {
    for (const [alias, name] of this.#plugins) {
      if (plugins.find(name, ['config_provider']) !== null) continue
      const key = `config.providers.${alias}.class`
      const own = plugins.all.filter(({ type }) => type === 'config_provider').map((plugin) => plugin.class)
      throw new WorkerConfigError({
        [key]: [`${key}=${name} is not known; there are ${[...bundledProviders, ...own].join(', ')}`],
      })
    }
  }

  /** A copy with all references resolved that can be; unknown providers and missing keys leave the text as it is. */
  async resolve<V extends string | null>(props: Readonly<Record<string, V>>): Promise<Record<string, V>> {
    return (await this.resolveWithTtls(props)).props
  }

  /** The same, with how long the values hold. Each path of a provider is read once, for all its keys. */
  async resolveWithTtls<V extends string | null>(props: Readonly<Record<string, V>>): Promise<ResolvedProps<V>> {
    const wanted = new Map<string, { alias: string; path: string; keys: Set<string> }>()
    for (const value of Object.values(props)) {
      for (const { alias, path, key } of value === null ? [] : referencesOf(value)) {
        if (!this.#providers.has(alias)) continue
        const place = wanted.get(placeOf(alias, path))
        if (place === undefined) wanted.set(placeOf(alias, path), { alias, path, keys: new Set([key]) })
        else place.keys.add(key)
      }
    }
    const found = new Map(
      await Promise.all(
        [...wanted].map(
          async ([place, { alias, path, keys }]) =>
            [place, await (this.#providers.get(alias) as ReadValues)(path, [...keys])] as const,
        ),
      ),
    )
    const provided = new Map<string, string>()
    const valueOf = ({ text, alias, path, key }: Reference): string | undefined => {
      const value = own(found.get(placeOf(alias, path))?.values, key)
      if (value !== undefined) provided.set(text, value)
      return value
    }
    const resolved = Object.entries(props).map(([name, value]) => [
      name,
      value === null ? null : replaceReferences(value, valueOf),
    ])
    const ttls = [...found].flatMap(([place, { ttlMs }]) => (ttlMs === null ? [] : [[place, ttlMs] as const]))
    return { props: Object.fromEntries(resolved) as Record<string, V>, ttls: new Map(ttls), provided }
  }
}

function placeOf(alias: string, path: string): string {
  return `${alias}:${path}`
}

function own(values: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return values !== undefined && Object.hasOwn(values, key) ? values[key] : undefined
}
