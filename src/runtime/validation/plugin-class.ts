import { invalidValue } from '../config-def/parse.ts'
import { VersionMismatch } from '../plugins/choose-version.ts'
import { VersionRange, VersionRangeError } from '../plugins/version-range.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { PluginDescription, PluginType } from '../task-runner.ts'
import type { Entry } from './entries.ts'

/** What the classes of a kind implement in Kafka Connect, for messages. */
const interfaces: Partial<Record<PluginType, string>> = {
  converter: 'Converter',
  header_converter: 'HeaderConverter',
  transformation: 'Transformation',
  predicate: 'Predicate',
}

/**
 * Finds the plugin that a key with a class names, in the version that the key with its version asks for, and adds what
 * is wrong to both entries; null then. A class that is not there has no value, as in Kafka Connect.
 */
export function findPluginOf(
  type: Entry,
  version: Entry,
  kind: PluginType,
  plugins: PluginDirectory,
  requirement: string | null,
): PluginDescription | null {
  if (type.value === null) return null
  const name = type.value
  let plugin: PluginDescription | null
  try {
    const newest = plugins.find(name, [kind])
    if (newest !== null) type.value = newest.class
    plugin = plugins.find(name, [kind], VersionRange.parse(requirement))
  } catch (error) {
    if (error instanceof VersionMismatch) type.errors.push(error.message)
    if (error instanceof VersionMismatch || error instanceof VersionRangeError) {
      if (!version.errors.includes(error.message)) version.errors.push(error.message)
      return null
    }
    throw error
  }
  if (plugin !== null) return plugin
  const variants = plugins.all.filter((other) => other.type === kind && other.class.startsWith(`${name}$`))
  if (variants.length > 0) {
    const meant = [...new Set(variants.map((variant) => variant.class))].toSorted().join(', ')
    type.errors.push(`This class is abstract and cannot be created. Did you mean ${meant}?`)
  } else if (plugins.all.some((other) => other.class === name || other.aliases.includes(name))) {
    type.errors.push(`Class class ${name} does not implement the ${interfaces[kind] ?? kind} interface`)
  } else {
    type.errors.push(invalidValue(name, type.name, `Class ${name} could not be found.`))
    type.value = null
  }
  return null
}
