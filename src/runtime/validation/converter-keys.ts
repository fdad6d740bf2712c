import { inJavaHashOrder } from '../config-def/java-hash-order.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { Properties } from '../stores/config-records.ts'
import { withoutPrefix, type WorkerConfig } from '../worker-config.ts'
import type { PluginDefault } from './connector-keys.ts'
import { type Entries, type Entry, entriesOfPlugin } from './entries.ts'
import { findPluginOf } from './plugin-class.ts'
import type { PluginValidation } from './stage-keys.ts'

export type ConverterKind = 'key' | 'value' | 'header'

function typeOf(kind: ConverterKind): 'converter' | 'header_converter' {
  return kind === 'header' ? 'header_converter' : 'converter'
}

/** What validation shows of a converter that the connector names, or else the worker. */
export function converterDefault(
  kind: ConverterKind,
  props: Properties,
  worker: WorkerConfig,
  plugins: PluginDirectory,
): PluginDefault {
  const own = props[`${kind}.converter`] ?? null
  const ofWorker = { key: worker.keyConverter, value: worker.valueConverter, header: worker.headerConverter }[kind]
  const versionOfWorker = worker.properties[`${kind}.converter.plugin.version`]
  const found = plugins.versions((own ?? ofWorker).trim(), [typeOf(kind)])
  const newest = found.at(-1) ?? null
  const classes = plugins.all.filter(({ type }) => type === typeOf(kind)).map((plugin) => plugin.class)
  return {
    class: plugins.find(ofWorker, [typeOf(kind)])?.class ?? ofWorker,
    version: own === null ? (versionOfWorker ?? newest) : newest,
    classes: [...new Set(classes)],
    versions: props[`${kind}.converter`] === null ? [] : found,
  }
}

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
    const type = entries.get(name)
    const version = entries.get(`${name}.plugin.version`)
    if (type === undefined || version === undefined) continue
    const isOwn = typeof props[name] === 'string'
    const requirement = props[`${name}.plugin.version`] ?? null
    const plugin = isOwn ? findPluginOf(type, version, typeOf(kind), plugins, requirement) : null
    version.visible = type.value !== null
    if (plugin === null || type.errors.length > 0 || version.errors.length > 0) continue
    const own = { ...withoutPrefix(props, `${name}.`), 'converter.type': kind }
    const made = entriesOfPlugin(plugin.keys, await validate(plugin, own), `${name}.`)
    const byName = new Map(made.map((entry) => [entry.name.slice(name.length + 1), entry]))
    found.push(...inJavaHashOrder([...byName.keys()]).flatMap((key) => byName.get(key) ?? []))
  }
  return found
}
