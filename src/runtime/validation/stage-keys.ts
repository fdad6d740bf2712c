import type { ConfigKeyDefinition, ConfigValue } from '../../connect/index.ts'
import { describeKey, key } from '../config-def/key.ts'
import { parseText } from '../config-def/parse.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginDescription } from '../task-runner.ts'
import { withoutPrefix } from '../worker-config.ts'
import { type Entries, type Entry, entriesOfPlugin, entryOfKey } from './entries.ts'
import { findPluginOf } from './plugin-class.ts'
import { inFormOrder } from './sorted-keys.ts'

/** Runs a plugin's own validation. */
export type PluginValidation = (plugin: PluginDescription, props: Properties) => Promise<readonly ConfigValue[]>

interface StageKind {
  /** `transforms` or `predicates`: the key with the aliases and the prefix of their settings. */
  readonly list: 'transforms' | 'predicates'
  readonly type: 'transformation' | 'predicate'
  readonly group: string
  readonly title: string
}

const transforms: StageKind = {
  list: 'transforms',
  type: 'transformation',
  group: 'Transforms',
  title: 'Transformation',
}
const predicates: StageKind = { list: 'predicates', type: 'predicate', group: 'Predicates', title: 'Predicate' }

/** What every transform has beside its own settings, which they hide when they have the same name. */
const conditionKeys = [
  key('predicate', 'STRING', null, 'MEDIUM', 'Alias of a predicate that decides whether this applies.'),
  key('negate', 'BOOLEAN', 'false', 'MEDIUM', 'Whether it applies when the predicate does not.'),
]

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
  const own = withoutPrefix(props, prefix)
  const versions = plugins.versions((own['type'] ?? '').trim(), [kind.type])
  const type = entryOfKey(
    key(`${prefix}type`, 'CLASS', undefined, 'HIGH', `Class for the '${alias}' ${kind.type}.`, {
      group,
      order: 0,
      width: 'LONG',
      displayName: `${kind.title} type for ${alias}`,
      recommendedValues: classesOf(kind, plugins),
    }),
    props,
  )
  const version = entryOfKey(
    key(
      `${prefix}plugin.version`,
      'STRING',
      versions.at(-1) ?? null,
      'HIGH',
      `Version of the '${alias}' ${kind.type}.`,
      {
        group,
        order: 1,
        width: 'LONG',
        displayName: `${kind.title} version for ${alias}`,
        recommendedValues: versions,
      },
    ),
    props,
  )
  const plugin = findPluginOf(type, version, kind.type, plugins, own['plugin.version'] ?? null)
  if (kind === transforms && own['negate'] !== undefined && own['predicate'] === undefined) {
    type.errors.push(
      `Config '${prefix}negate' was provided but there is no config '${prefix}predicate' defining a predicate to be negated.`,
    )
  }
  if (plugin === null) return [type, version]
  const conditions = kind === transforms ? conditionKeys : []
  const hidden = new Set(['type', 'plugin.version', ...conditions.map(({ name }) => name)])
  const keys = plugin.keys.filter(({ name }) => !hidden.has(name))
  const values = await validate(plugin, own)
  const made = new Map<string, Entry>([
    ...conditions.map((condition) => {
      const entry = entryOfKey({ ...condition, name: prefix + condition.name }, props)
      return [condition.name, { ...entry, definition: { ...describeKey(condition), name: entry.name } }] as const
    }),
    ...keys.map((definition) => {
      const value = values.filter(({ name }) => name === definition.name)
      return [definition.name, withFullName(entriesOfPlugin([definition], value)[0] as Entry, prefix)] as const
    }),
  ])
  const others = values.filter(({ name }) => !made.has(name) && !hidden.has(name))
  return [
    type,
    version,
    ...entriesOfPlugin([], others, prefix),
    ...inFormOrder([...conditions.map(describeKey), ...keys]).map((definition, i) =>
      placed(made.get(definition.name) as Entry, definition, group, 2 + i),
    ),
  ]
}

function classesOf(kind: StageKind, plugins: PluginDirectory): string[] {
  return [...new Set(plugins.all.filter(({ type }) => type === kind.type).map((plugin) => plugin.class))]
}

function placed(entry: Entry, own: ConfigKeyDefinition, group: string, orderInGroup: number): Entry {
  if (entry.definition === null) return entry
  const place = { group: own.group === null ? group : `${group}: ${own.group}`, orderInGroup }
  return { ...entry, definition: { ...entry.definition, ...place } }
}

/** Sentences that Kafka Connect makes of the whole name; those of a plugin's own checks have the plugin's name. */
const missing = 'Missing required configuration "'
const invalid = ['Invalid value ', ' for configuration '] as const
const reasonOfParser = /^[^:]*: (?:Not a number of type |Expected value to be either true or false|Class )/

function withPrefix(message: string, prefix: string): string {
  if (message.startsWith(missing)) return missing + prefix + message.slice(missing.length)
  const [start, middle] = invalid
  const end = message.startsWith(start) ? message.lastIndexOf(middle) : -1
  if (end === -1) return message
  const rest = message.slice(end + middle.length)
  const isOfParser = reasonOfParser.test(rest) && (!/^[^:]*: Class /.test(rest) || rest.includes(' could not be found'))
  return isOfParser ? message.slice(0, end + middle.length) + prefix + rest : message
}

function withFullName(entry: Entry, prefix: string): Entry {
  const errors = entry.errors.map((message) => withPrefix(message, prefix))
  const name = prefix + entry.name
  if (entry.definition === null) return { ...entry, name, errors }
  const dependents = entry.definition.dependents.map((dependent) => prefix + dependent)
  return { ...entry, name, errors, definition: { ...entry.definition, name, dependents } }
}
