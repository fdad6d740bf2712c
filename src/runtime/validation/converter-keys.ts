import { invalidValue } from '../config-def/parse.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { Properties } from '../stores/config-records.ts'
import { withoutPrefix } from '../worker-config.ts'
import { addError, type Entries, type Entry, entriesOfPlugin } from './entries.ts'
import type { PluginValidation } from './stage-keys.ts'

/**
 * Checks the converters that a connector names itself: that they exist (an error on the key), and their own settings,
 * which are given back to be appended, in the order header, key, value.
 */
export async function converterEntries(
  entries: Entries,
  props: Properties,
  plugins: PluginDirectory,
  validate: PluginValidation,
): Promise<Entry[]> {
  const found: Entry[] = []
  for (const kind of ['header', 'key', 'value'] as const) {
    const name = `${kind}.converter`
    const className = props[name]
    if (className === undefined || className === null) continue
    const plugin = plugins.find(className, [kind === 'header' ? 'header_converter' : 'converter'])
    if (plugin === null) {
      addError(entries, name, invalidValue(className, name, `Class ${className} could not be found.`))
      continue
    }
    const entry = entries.get(name)
    if (entry !== undefined) entry.value = plugin.class
    const own = { ...withoutPrefix(props, `${name}.`), 'converter.type': kind }
    found.push(...entriesOfPlugin(plugin.keys, await validate(plugin, own), `${name}.`))
  }
  return found
}
