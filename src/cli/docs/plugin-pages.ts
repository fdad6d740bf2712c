import type { PluginDescription, PluginType } from '../../runtime/task-runner.ts'
import { keyTable } from './key-table.ts'
import { code, page, plain, section } from './markdown.ts'
import { providersPage } from './providers-page.ts'

/** Pages of the bundled plugins, by file name. */
export function pluginPages(plugins: readonly PluginDescription[]): Record<string, string> {
  const of = (...types: PluginType[]): PluginDescription[] => plugins.filter(({ type }) => types.includes(type))
  const parts = (level: number, found: readonly PluginDescription[]): string[] =>
    found.map((plugin) => pluginPart(level, plugin))
  return {
    'connectors.md': page(
      'Connectors',
      'Settings of the bundled connectors. Those that every connector has: [connector properties](connector-properties.md).',
      section(2, 'Sources', ...parts(3, of('source'))),
      section(2, 'Sinks', ...parts(3, of('sink'))),
    ),
    'converters.md': page(
      'Converters',
      'Named by `key.converter`, `value.converter` and `header.converter` of a connector or of the worker; their settings carry ' +
        'that name and a dot as prefix.',
      section(2, 'Of keys and values', ...parts(3, of('converter'))),
      section(2, 'Of headers', ...parts(3, of('header_converter'))),
    ),
    'transforms.md': page(
      'Transforms and predicates',
      'Settings carry `transforms.<alias>.` or `predicates.<alias>.` as prefix.',
      section(2, 'Transforms', ...parts(3, of('transformation'))),
      section(2, 'Predicates', ...parts(3, of('predicate'))),
    ),
    'config-providers.md': providersPage(),
  }
}

function pluginPart(level: number, plugin: PluginDescription): string {
  const names = [plugin.class, ...plugin.aliases].map(code).join(', ')
  const keys = keyTable(plugin.keys)
  return section(level, titleOf(plugin), names, plain(plugin.summary), keys === '' ? 'No settings.' : keys)
}

/** `ExtractField$Key` is the better part of its full name. */
function titleOf({ class: name }: PluginDescription): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
