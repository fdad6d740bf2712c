import { BadRequestError, NotFoundError } from '../errors.ts'
import { bundledPolicy } from '../plugins/override-policies.ts'
import { bundledProvider } from '../providers/bundled-providers.ts'
import { versionIn, versionsOf } from '../plugins/choose-version.ts'
import { shortNames } from '../plugins/plugin-names.ts'
import type { VersionRange } from '../plugins/version-range.ts'
import type { PluginDescription, PluginType } from '../task-runner.ts'
import type { PluginInfo } from './herder.ts'

const listOrder: readonly PluginType[] = [
  'sink',
  'source',
  'transformation',
  'predicate',
  'converter',
  'header_converter',
]

/** The plugins of this worker as descriptions, findable by class, alias or short name. */
export class PluginDirectory {
  readonly all: readonly PluginDescription[]
  /** What names were found to mean, which is asked again and again. */
  readonly #found = new Map<string, PluginDescription[]>()

  constructor(plugins: readonly PluginDescription[]) {
    this.all = plugins
  }

  /**
   * The one plugin of these types that `name` means, or null; of several versions the newest in `range` (null: of all).
   * Throws {@link BadRequestError} when a short name means several, and `VersionMismatch` when no version lies in the range.
   */
  find(name: string, types: readonly PluginType[], range: VersionRange | null = null): PluginDescription | null {
    return versionIn(this.#named(name, types), range)
  }

  /** The versions of what `name` means, oldest first; none when it means nothing, or several classes. */
  versions(name: string, types: readonly PluginType[]): string[] {
    try {
      return versionsOf(this.#named(name, types))
    } catch {
      return []
    }
  }

  /** All versions of the one class that `text` means, in which blanks around the name do not count. */
  #named(text: string, types: readonly PluginType[]): PluginDescription[] {
    const name = text.trim()
    const key = `${types.join()} ${name}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const found = this.#search(name, types)
    // Names that mean nothing come from anywhere, and would fill the memory.
    if (found.length > 0) this.#found.set(key, found)
    return found
  }

  #search(name: string, types: readonly PluginType[]): PluginDescription[] {
    const candidates = this.all.filter((plugin) => types.includes(plugin.type))
    const exact = candidates.filter((plugin) => plugin.class === name)
    if (exact.length > 0) return sameAs(exact[0], exact)
    const replaced = candidates.filter((plugin) => plugin.aliases.includes(name))
    if (replaced.length > 0) return sameAs(replaced[0], replaced)
    const short = candidates.filter((plugin) =>
      [plugin.class, ...plugin.aliases].some((className) => shortNames(plugin.type, className).includes(name)),
    )
    const classes = new Set(short.map((plugin) => plugin.class))
    if (classes.size > 1) {
      throw new BadRequestError(
        `More than one connector matches alias ${name}. Please use full package and class name instead. ` +
          `Classes found: ${[...classes].join(', ')}`,
      )
    }
    return sameAs(short[0], short)
  }

  /**
   * The connector that `connector.class` means. Throws {@link BadRequestError} that lists what there is, and
   * `VersionMismatch`.
   */
  connector(className: string, range: VersionRange | null = null): PluginDescription {
    const found = this.find(className, ['source', 'sink'], range)
    if (found !== null) return found
    const available = this.all.filter(({ type }) => type === 'source' || type === 'sink').map((plugin) => plugin.class)
    throw new BadRequestError(
      `Failed to find any class that implements Connector and which name matches ${className}, ` +
        `available connectors are: ${[...new Set(available)].join(', ') || 'none'}`,
    )
  }

  /** The listing: sinks, sources, then the other kinds; each sorted by class and version. */
  list(connectorsOnly: boolean): PluginInfo[] {
    const types = connectorsOnly ? listOrder.slice(0, 2) : listOrder
    return types.flatMap((type) =>
      this.all
        .filter((plugin) => plugin.type === type)
        .map((plugin) => ({ class: plugin.class, type, version: plugin.version }))
        .toSorted((a, b) => compareText(a.class, b.class) || compareText(a.version, b.version)),
    )
  }

  /**
   * Any plugin, for `GET /connector-plugins/{p}/config`. Throws {@link NotFoundError}, {@link BadRequestError} for a
   * kind that has no such answer, and `VersionMismatch`.
   */
  any(name: string, range: VersionRange | null = null): PluginDescription {
    const found = this.find(name, listOrder, range)
    if (found !== null) return found
    if (this.#isOfAnUnlistedKind(name)) {
      throw new BadRequestError(
        `Invalid plugin class ${name}. Valid types are sink, source, converter, header_converter, transformation, predicate.`,
      )
    }
    throw new NotFoundError(`Unknown plugin ${name}.`)
  }

  #isOfAnUnlistedKind(name: string): boolean {
    if (bundledProvider(name) !== null || bundledPolicy(name, {}) !== null) return true
    return this.find(name, ['config_provider', 'connector_client_config_override_policy', 'rest_extension']) !== null
  }
}

/** Those of the same class and kind as the first, so that versions of one thing are left. */
function sameAs(first: PluginDescription | undefined, plugins: readonly PluginDescription[]): PluginDescription[] {
  return plugins.filter((plugin) => plugin.class === first?.class && plugin.type === first.type)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
