import { BadRequestError, NotFoundError } from '../errors.ts'
import { shortNames } from '../plugins/plugin-names.ts'
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

  constructor(plugins: readonly PluginDescription[]) {
    this.all = plugins
  }

  /** The one plugin of these types that `name` means, or null. Throws when a short name means several. */
  find(name: string, types: readonly PluginType[]): PluginDescription | null {
    const candidates = this.all.filter((plugin) => types.includes(plugin.type))
    const exact = candidates.find((plugin) => plugin.class === name || plugin.aliases.includes(name))
    if (exact !== undefined) return exact
    const short = candidates.filter((plugin) =>
      [plugin.class, ...plugin.aliases].some((className) => shortNames(plugin.type, className).includes(name)),
    )
    if (short.length > 1) {
      const classes = short.map((plugin) => plugin.class).join(', ')
      throw new BadRequestError(
        `More than one connector matches alias ${name}. Please use full package and class name instead. Classes found: ${classes}`,
      )
    }
    return short[0] ?? null
  }

  /** The connector that `connector.class` means. Throws {@link BadRequestError} that lists what there is. */
  connector(className: string): PluginDescription {
    const found = this.find(className, ['source', 'sink'])
    if (found !== null) return found
    const available = this.all.filter(({ type }) => type === 'source' || type === 'sink').map((plugin) => plugin.class)
    throw new BadRequestError(
      `Failed to find any class that implements Connector and which name matches ${className}, ` +
        `available connectors are: ${available.join(', ') || 'none'}`,
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

  /** Any plugin, for `GET /connector-plugins/{p}/config`. Throws {@link NotFoundError}. */
  any(name: string): PluginDescription {
    const found = this.find(name, listOrder)
    if (found === null) throw new NotFoundError(`Unknown plugin ${name}.`)
    return found
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
