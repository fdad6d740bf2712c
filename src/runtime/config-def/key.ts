import type { ConfigKeyDefinition, ConfigType, Importance, Width } from '../../connect/index.ts'

/** A parsed value: what a key of its type becomes. */
export type ParsedValue = string | number | boolean | readonly string[] | null

/** Gives what is wrong with a parsed value, as the reason or as a whole sentence, or null when it is fine. */
export type Validator = (value: ParsedValue, name: string) => string | null

/** A configuration key of the framework itself (plugins declare theirs with the plugin API). */
export interface ConfigKey {
  readonly name: string
  readonly type: ConfigType
  /** Text form. `undefined`: the key is required; `null`: may be absent. */
  readonly default: string | null | undefined
  readonly importance: Importance
  readonly documentation: string
  readonly group: string | null
  readonly order: number
  readonly width: Width
  readonly displayName: string
  readonly validator: Validator | null
  readonly recommendedValues: readonly string[]
  readonly visible: boolean
}

export type KeyOptions = Partial<
  Pick<ConfigKey, 'group' | 'order' | 'width' | 'displayName' | 'validator' | 'recommendedValues' | 'visible'>
>

/** Declares a key. `defaultText` undefined makes it required. */
export function key(
  name: string,
  type: ConfigType,
  defaultText: string | null | undefined,
  importance: Importance,
  documentation: string,
  options: KeyOptions = {},
): ConfigKey {
  return {
    name,
    type,
    default: defaultText,
    importance,
    documentation,
    group: options.group ?? null,
    order: options.order ?? -1,
    width: options.width ?? 'NONE',
    displayName: options.displayName ?? name,
    validator: options.validator ?? null,
    recommendedValues: options.recommendedValues ?? [],
    visible: options.visible ?? true,
  }
}

/** The same key as the plugin API describes keys. */
export function describeKey(configKey: ConfigKey): ConfigKeyDefinition {
  return {
    name: configKey.name,
    type: configKey.type,
    required: configKey.default === undefined,
    defaultValue: configKey.default ?? null,
    importance: configKey.importance,
    documentation: configKey.documentation,
    group: configKey.group,
    orderInGroup: configKey.order,
    width: configKey.width,
    displayName: configKey.displayName,
    dependents: [],
    recommendedValues: configKey.recommendedValues,
  }
}
