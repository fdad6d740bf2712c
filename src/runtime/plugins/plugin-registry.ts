import { ConfigError } from '../../connect/index.ts'
import type { PluginDescription } from '../task-runner.ts'
import { versionIn, VersionMismatch } from './choose-version.ts'
import { describePlugin, type Plugin, type PluginKind, type PluginOfKind } from './plugin.ts'
import { shortNames } from './plugin-names.ts'
import { VersionRange, VersionRangeError } from './version-range.ts'

const families: Record<PluginKind, string> = {
  source: 'Connector',
  sink: 'Connector',
  transformation: 'Transformation',
  predicate: 'Predicate',
  converter: 'Converter',
  header_converter: 'HeaderConverter',
  config_provider: 'ConfigProvider',
  connector_client_config_override_policy: 'ConnectorClientConfigOverridePolicy',
  rest_extension: 'ConnectRestExtension',
}

/**
 * The plugins that can be used here, by every name that means them: the class, its aliases (whole class names of what
 * it replaces), and short names as long as they mean one class only. Of one class there may be several versions.
 */
export class PluginRegistry {
  readonly #plugins: Plugin[] = []
  /** All versions of each class, by kind and by class or alias. */
  readonly #byClass = new Map<string, Plugin[]>()
  readonly #byShortName = new Map<string, Set<Plugin>>()

  /** Adds a plugin; false when its kind, class and version are taken already, in which case the earlier one stays. */
  add(plugin: Plugin): boolean {
    const versions = this.#byClass.get(slot(plugin.kind, plugin.class)) ?? []
    if (versions.some((other) => other.class === plugin.class && other.version === plugin.version)) return false
    this.#plugins.push(plugin)
    for (const name of [plugin.class, ...(plugin.aliases ?? [])]) {
      append(this.#byClass, slot(plugin.kind, name), plugin)
      for (const short of shortNames(plugin.kind, name)) this.#addShortName(slot(plugin.kind, short), plugin)
    }
    return true
  }

  #addShortName(key: string, plugin: Plugin): void {
    const found = this.#byShortName.get(key)
    if (found) found.add(plugin)
    else this.#byShortName.set(key, new Set([plugin]))
  }

  get all(): readonly Plugin[] {
    return this.#plugins
  }

  descriptions(): PluginDescription[] {
    return this.#plugins.map(describePlugin)
  }

  /**
   * Every class of these kinds that `name` may mean: one, none, or several for an ambiguous short name. Of each the
   * newest version in `range` (null: of all); throws `ConfigError` when none lies in it.
   */
  find<K extends PluginKind>(name: string, kinds: readonly K[], range: VersionRange | null = null): PluginOfKind<K>[] {
    const wanted = name.trim()
    const exact = kinds.flatMap((kind) => this.#byClass.get(slot(kind, wanted)) ?? [])
    const found =
      // A class goes before what only replaces it.
      exact.length > 0
        ? sameClass(exact, wanted)
        : kinds.flatMap((kind) => [...(this.#byShortName.get(slot(kind, wanted)) ?? [])])
    const byClass = Map.groupBy(found, (plugin) => slot(plugin.kind, plugin.class))
    return [...byClass.values()].flatMap((versions) => chosen(versions, range) ?? []) as PluginOfKind<K>[]
  }

  /**
   * The one plugin of these kinds that `name` means, in the newest version that the requirement allows (exact, a Maven
   * range, `latest`; none: any). Throws `ConfigError` that lists what there is otherwise.
   */
  resolve<K extends PluginKind>(name: string, kinds: K | readonly K[], requirement?: string | null): PluginOfKind<K> {
    const list: readonly K[] = typeof kinds === 'string' ? [kinds] : kinds
    const found = this.find(name, list, rangeOf(requirement))
    const family = families[list[0] ?? 'source']
    if (found.length > 1) {
      const classes = found.map((plugin) => plugin.class).join(', ')
      throw new ConfigError(
        `More than one ${family.toLowerCase()} matches alias ${name}. Please use full package and class name instead. Classes found: ${classes}`,
      )
    }
    const plugin = found[0]
    if (plugin) return plugin
    const available = this.#plugins.filter((candidate) => list.includes(candidate.kind as K)).map((p) => p.class)
    throw new ConfigError(
      `Failed to find any class that implements ${family} and which name matches ${name}, available ${family.toLowerCase()}s are: ${[...new Set(available)].join(', ') || 'none'}`,
    )
  }

  /** The plugin of exactly this class, kind and version, as far as they are given; undefined when there is none. */
  exact(className: string, choice: { readonly type?: PluginKind; readonly version?: string }): Plugin | undefined {
    return this.#plugins.find(
      (plugin) =>
        plugin.class === className &&
        (choice.type === undefined || plugin.kind === choice.type) &&
        (choice.version === undefined || plugin.version === choice.version),
    )
  }
}

function sameClass(plugins: readonly Plugin[], name: string): readonly Plugin[] {
  const own = plugins.filter((plugin) => plugin.class === name)
  const first = plugins[0]
  return own.length > 0 ? own : plugins.filter((plugin) => plugin.class === first?.class && plugin.kind === first.kind)
}

function chosen(versions: readonly Plugin[], range: VersionRange | null): Plugin | null {
  try {
    return versionIn(versions, range)
  } catch (error) {
    if (error instanceof VersionMismatch) throw new ConfigError(error.message)
    throw error
  }
}

function rangeOf(requirement: string | null | undefined): VersionRange | null {
  try {
    return VersionRange.parse(requirement)
  } catch (error) {
    if (error instanceof VersionRangeError) throw new ConfigError(error.message)
    throw error
  }
}

function append(map: Map<string, Plugin[]>, key: string, plugin: Plugin): void {
  const found = map.get(key)
  if (found) found.push(plugin)
  else map.set(key, [plugin])
}

function slot(kind: PluginKind, name: string): string {
  return `${kind}:${name}`
}
