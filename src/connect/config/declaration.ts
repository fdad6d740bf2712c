/** Kafka's configuration types, as `GET /connector-plugins/{p}/config` names them. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD'
export type Importance = 'HIGH' | 'MEDIUM' | 'LOW'
export type Width = 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG'

/** One configuration key as users see it: what documentation, forms and the REST answers are made of. Plain data. */
export interface ConfigKeyDefinition {
  readonly name: string
  readonly type: ConfigType
  /** True when there is no default. */
  readonly required: boolean
  /** Text form; null when required or when the default is null. Lists are joined with `,`. */
  readonly defaultValue: string | null
  readonly importance: Importance
  readonly documentation: string
  readonly group: string | null
  /** −1 when there is no group. */
  readonly orderInGroup: number
  readonly width: Width
  readonly displayName: string
  readonly dependents: readonly string[]
  readonly recommendedValues: readonly string[]
}

/** Per key, what is wrong with its value, in sentences. */
export type ConfigValueErrors = Record<string, string[]>

/** One key's value as found in a configuration, with what is wrong with it. */
export interface ConfigValue {
  readonly name: string
  /** Text form after parsing; null when absent or unparsable; `[hidden]` for passwords. */
  readonly value: string | null
  readonly errors: readonly string[]
  readonly visible: boolean
  readonly recommendedValues: readonly string[]
}

/** A plugin's configuration, declared once. `P` is the type of the parsed values, keyed by the configuration keys. */
export interface ConfigDeclaration<P> {
  readonly keys: ReadonlyMap<string, ConfigKeyDefinition>
  /** The JSON Schema behind it (draft 2020-12), for ajv and for forms. */
  readonly schema: Readonly<Record<string, unknown>>
  /** Coerced and checked values with defaults filled in. Throws `ConfigError` that names every faulty key. Extra keys pass. */
  parse(props: Readonly<Record<string, string | null | undefined>>): P
  /** Every declared key with its value and errors; never throws. */
  validate(props: Readonly<Record<string, string | null | undefined>>): ConfigValue[]
}

/** The type of a declaration's parsed values. */
export type PropsOf<D> = D extends ConfigDeclaration<infer P> ? P : never
