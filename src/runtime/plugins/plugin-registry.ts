import { ConfigError } from '../../connect/index.ts'
import type { PluginDescription } from '../task-runner.ts'
import { describePlugin, type Plugin, type PluginKind, type PluginOfKind } from './plugin.ts'
import { shortNames } from './plugin-names.ts'

const families: Record<PluginKind, string> = {
  source: 'Connector',
  sink: 'Connector',
  transformation: 'Transformation',
  predicate: 'Predicate',
  converter: 'Converter',
  header_converter: 'HeaderConverter',
}

/**
 * The plugins that can be used here, by every name that means them: the class, its aliases (whole class names of what
 * it replaces), and short names as long as they mean one class only.
 */
export class PluginRegistry {
  readonly #plugins: Plugin[] = []
  readonly #byClass = new Map<string, Plugin>()
  readonly #byShortName = new Map<string, Set<Plugin>>()

  /** Adds a plugin; false when its kind and class are taken already, in which case the earlier one stays. */
  add(plugin: Plugin): boolean {
    if (this.#byClass.has(slot(plugin.kind, plugin.class))) return false
    this.#plugins.push(plugin)
    for (const name of [plugin.class, ...(plugin.aliases ?? [])]) {
      const key = slot(plugin.kind, name)
      if (!this.#byClass.has(key)) this.#byClass.set(key, plugin)
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

  /** Every plugin of these kinds that `name` may mean: one, none, or several for an ambiguous short name. */
  find<K extends PluginKind>(name: string, ...kinds: K[]): PluginOfKind<K>[] {
    const wanted = name.trim()
    const exact = kinds.flatMap((kind) => this.#byClass.get(slot(kind, wanted)) ?? [])
    const found =
      exact.length > 0 ? exact : kinds.flatMap((kind) => [...(this.#byShortName.get(slot(kind, wanted)) ?? [])])
    return found as PluginOfKind<K>[]
  }

  /** The one plugin of these kinds that `name` means. Throws `ConfigError` that lists what there is otherwise. */
  resolve<K extends PluginKind>(name: string, ...kinds: K[]): PluginOfKind<K> {
    const found = this.find(name, ...kinds)
    const family = families[kinds[0] ?? 'source']
    if (found.length > 1) {
      const classes = found.map((plugin) => plugin.class).join(', ')
      throw new ConfigError(
        `More than one ${family.toLowerCase()} matches alias ${name}. Please use full package and class name instead. Classes found: ${classes}`,
      )
    }
    const plugin = found[0]
    if (plugin) return plugin
    const available = this.#plugins.filter((candidate) => kinds.includes(candidate.kind as K)).map((p) => p.class)
    throw new ConfigError(
      `Failed to find any class that implements ${family} and which name matches ${name}, available ${family.toLowerCase()}s are: ${available.join(', ') || 'none'}`,
    )
  }
}

function slot(kind: PluginKind, name: string): string {
  return `${kind}:${name}`
}
