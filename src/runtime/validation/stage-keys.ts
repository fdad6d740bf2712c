import type { ConfigValue } from '../../connect/index.ts'
import { key } from '../config-def/key.ts'
import { invalidValue, parseText } from '../config-def/parse.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginDescription } from '../task-runner.ts'
import { withoutPrefix } from '../worker-config.ts'
import { type Entries, type Entry, entriesOfPlugin, entryOfKey } from './entries.ts'

/** Runs a plugin's own validation. */
export type PluginValidation = (plugin: PluginDescription, props: Properties) => Promise<readonly ConfigValue[]>

interface StageKind {
  /** `transforms` or `predicates`: the key with the aliases and the prefix of their settings. */
  readonly list: 'transforms' | 'predicates'
  readonly type: 'transformation' | 'predicate'
  readonly group: string
  readonly title: string
  /** Settings of the framework itself, which hide a plugin's own of the same name. */
  readonly reserved: readonly string[]
}

const transforms: StageKind = {
  list: 'transforms',
  type: 'transformation',
  group: 'Transforms',
  title: 'Transformation',
  reserved: ['type', 'plugin.version', 'predicate', 'negate'],
}
const predicates: StageKind = {
  list: 'predicates',
  type: 'predicate',
  group: 'Predicates',
  title: 'Predicate',
  reserved: ['type', 'plugin.version'],
}

/** Adds the keys of every transform and predicate that the configuration names. */
export async function addStageKeys(
  entries: Entries,
  props: Properties,
  plugins: PluginDirectory,
  validate: PluginValidation,
): Promise<void> {
  for (const kind of [transforms, predicates]) {
    const aliases = parseText(props[kind.list] ?? '', 'LIST') as readonly string[]
    const groups = [...new Set(aliases)].map((alias) => stageEntries(kind, alias, props, plugins, validate))
    for (const entry of (await Promise.all(groups)).flat()) entries.set(entry.name, entry)
  }
}

async function stageEntries(
  kind: StageKind,
  alias: string,
  props: Properties,
  plugins: PluginDirectory,
  validate: PluginValidation,
): Promise<Entry[]> {
  const prefix = `${kind.list}.${alias}.`
  const group = `${kind.group}: ${alias}`
  let order = 0
  const next = (): { group: string; order: number } => ({ group, order: order++ })
  const classes = plugins.all.filter(({ type }) => type === kind.type).map((plugin) => plugin.class)
  const type = entryOfKey(
    key(`${prefix}type`, 'CLASS', undefined, 'HIGH', `Class for the '${alias}' ${kind.type}.`, {
      ...next(),
      width: 'LONG',
      displayName: `${kind.title} type for ${alias}`,
      recommendedValues: classes,
    }),
    props,
  )
  const plugin = type.value === null ? null : plugins.find(type.value, [kind.type])
  if (type.value !== null && plugin === null) type.errors.push(notFound(type.value, type.name, kind, plugins))
  if (plugin !== null) type.value = plugin.class
  const own = withoutPrefix(props, prefix)
  const framework = [
    type,
    entryOfKey(
      key(`${prefix}plugin.version`, 'STRING', null, 'MEDIUM', `Version of the '${alias}' ${kind.type}.`, {
        ...next(),
        width: 'LONG',
        displayName: `${kind.title} version for ${alias}`,
        visible: plugin !== null,
      }),
      props,
    ),
    ...(kind.list === 'transforms' ? conditionEntries(prefix, alias, props, next) : []),
  ]
  if (own['negate'] !== undefined && own['predicate'] === undefined && kind.list === 'transforms') {
    type.errors.push(
      invalidValue(type.value, type.name, `there is no config '${prefix}predicate' defined to be negated`),
    )
  }
  if (plugin === null) return framework
  const values = await validate(plugin, own)
  const mine = entriesOfPlugin(plugin.keys, values, prefix).filter(
    (entry) => !kind.reserved.includes(entry.name.slice(prefix.length)),
  )
  return [
    ...framework,
    ...mine.map((entry) =>
      entry.definition === null
        ? entry
        : { ...entry, definition: { ...entry.definition, group, orderInGroup: order++ } },
    ),
  ]
}

function conditionEntries(
  prefix: string,
  alias: string,
  props: Properties,
  next: () => { group: string; order: number },
): Entry[] {
  return [
    entryOfKey(
      key(`${prefix}predicate`, 'STRING', null, 'MEDIUM', 'Alias of a predicate that decides whether this applies.', {
        ...next(),
        width: 'MEDIUM',
        displayName: `Predicate for ${alias}`,
      }),
      props,
    ),
    entryOfKey(
      key(`${prefix}negate`, 'BOOLEAN', 'false', 'MEDIUM', 'Whether it applies when the predicate does not.', {
        ...next(),
        width: 'MEDIUM',
        displayName: `Negate the predicate of ${alias}`,
      }),
      props,
    ),
  ]
}

/** A class with `$Key` and `$Value` variants cannot be used by itself. */
function notFound(className: string, name: string, kind: StageKind, plugins: PluginDirectory): string {
  const variants = plugins.all.filter((plugin) => plugin.type === kind.type && plugin.class.startsWith(`${className}$`))
  if (variants.length > 0) {
    const meant = variants.map((plugin) => plugin.class).join(', ')
    return invalidValue(className, name, `This class is abstract and cannot be created. Did you mean ${meant}?`)
  }
  const other = plugins.all.some((plugin) => plugin.class === className)
  return invalidValue(className, name, other ? `Not a ${kind.title}` : `Class ${className} could not be found.`)
}
