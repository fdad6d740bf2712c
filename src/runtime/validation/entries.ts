import type { ConfigKeyDefinition, ConfigValue } from '../../connect/index.ts'
import { type ConfigKey, describeKey } from '../config-def/key.ts'
import { formatValue, parseKey } from '../config-def/parse.ts'
import type { ConfigInfos, ConfigKeyInfo, ConfigValueInfo } from '../herder/herder.ts'
import type { Properties } from '../stores/config-records.ts'

/** A key of a validation: how it is defined, its value, and what is wrong with it. Errors may be added. */
export interface Entry {
  readonly name: string
  readonly definition: ConfigKeyDefinition | null
  value: string | null
  readonly errors: string[]
  visible: boolean
  readonly recommendedValues: readonly string[]
}

/** Entries by name; the order is that of the answer. */
export type Entries = Map<string, Entry>

export function entryOfKey(configKey: ConfigKey, props: Properties): Entry {
  const { value, errors } = parseKey(configKey, props)
  return {
    name: configKey.name,
    definition: describeKey(configKey),
    value: formatValue(value, configKey.type),
    errors,
    visible: configKey.visible,
    recommendedValues: configKey.recommendedValues,
  }
}

/** Joins what a plugin declares with what its validation found. */
export function entriesOfPlugin(
  definitions: readonly ConfigKeyDefinition[],
  values: readonly ConfigValue[],
  prefix = '',
): Entry[] {
  const byName = new Map(values.map((value) => [value.name, value]))
  const defined = definitions.map((definition): Entry => {
    const value = byName.get(definition.name)
    byName.delete(definition.name)
    return {
      name: prefix + definition.name,
      definition: { ...definition, name: prefix + definition.name },
      value: value?.value ?? null,
      errors: [...(value?.errors ?? [])],
      visible: value?.visible ?? true,
      recommendedValues: value?.recommendedValues ?? definition.recommendedValues,
    }
  })
  const others = [...byName.values()].map(
    (value): Entry => ({
      name: prefix + value.name,
      definition: null,
      value: value.value,
      errors: [...value.errors],
      visible: value.visible,
      recommendedValues: value.recommendedValues,
    }),
  )
  return [...others, ...defined]
}

/** Adds an error to a key, defined or not; `value` is shown of one that is not. */
export function addError(entries: Entries, name: string, message: string, value: string | null = null): void {
  const entry = entries.get(name)
  if (entry !== undefined) entry.errors.push(message)
  else entries.set(name, { name, definition: null, value, errors: [message], visible: true, recommendedValues: [] })
}

export function keyInfo(definition: ConfigKeyDefinition): ConfigKeyInfo {
  return {
    name: definition.name,
    type: definition.type,
    required: definition.required,
    default_value: definition.defaultValue,
    importance: definition.importance,
    documentation: definition.documentation,
    group: definition.group,
    order_in_group: definition.orderInGroup,
    width: definition.width,
    display_name: definition.displayName,
    dependents: definition.dependents,
  }
}

function valueInfo(entry: Entry): ConfigValueInfo {
  return {
    name: entry.name,
    value: entry.value,
    recommended_values: entry.recommendedValues,
    errors: entry.errors,
    visible: entry.visible,
  }
}

/**
 * The answer: entries without a definition first. Each message of the base part counts as an error, and each faulty
 * key of the appended parts (converters' and clients' own settings).
 */
export function configInfos(name: string, base: Entries, appended: readonly Entry[]): ConfigInfos {
  const sorted = [...base.values()].toSorted((a, b) => Number(a.definition !== null) - Number(b.definition !== null))
  const all = [...sorted, ...appended]
  const messages = sorted.reduce((sum, entry) => sum + entry.errors.length, 0)
  const groups = all.map((entry) => entry.definition?.group ?? null).filter((group): group is string => group !== null)
  return {
    name,
    error_count: messages + appended.filter((entry) => entry.errors.length > 0).length,
    groups: [...new Set(groups)],
    configs: all.map((entry) => ({
      definition: entry.definition === null ? null : keyInfo(entry.definition),
      value: valueInfo(entry),
    })),
  }
}
