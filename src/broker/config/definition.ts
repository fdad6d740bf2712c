/** How a setting's text is read; the names are those of Kafka's `ConfigDef.Type`. */
export type ConfigType = 'boolean' | 'string' | 'int' | 'short' | 'long' | 'double' | 'list' | 'class' | 'password'

/** One setting of the broker or of a topic, as DescribeConfigs shows it. */
export interface ConfigDefinition {
  readonly name: string
  readonly type: ConfigType
  /** The default as text; null = no value. */
  readonly defaultValue: string | null
  readonly documentation: string
  /** Broker settings only: can be changed while the broker runs. */
  readonly isDynamic: boolean
  /** False: the broker knows the name and reports the value, but nothing depends on it. */
  readonly hasEffect: boolean
  /** Says what is wrong with a value of the right type, or gives null. */
  readonly check: (value: string) => string | null
}

/** The number of a type in a DescribeConfigs answer. */
export const configTypeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

type Check = ConfigDefinition['check']

const anything: Check = () => null

/** Numbers of at least `minimum`, and at most `maximum`. */
export function between(minimum: number, maximum = Number.POSITIVE_INFINITY): Check {
  return (value) => {
    const number = Number(value)
    if (number < minimum) return `must be at least ${minimum}`
    if (number > maximum) return `must be at most ${maximum}`
    return null
  }
}

/** One of the words; case counts. */
export function oneOf(...words: string[]): Check {
  return (value) => (words.includes(value) ? null : `must be one of ${words.join(', ')}`)
}

/** A list that holds only these words. */
export function listOf(...words: string[]): Check {
  return (value) => {
    const stranger = parseList(value).find((word) => !words.includes(word))
    return stranger === undefined ? null : `'${stranger}' is none of ${words.join(', ')}`
  }
}

/** Makes a definition; `options` says what differs from a static setting that has an effect and takes any value. */
export function define(
  name: string,
  type: ConfigType,
  defaultValue: string | number | boolean | null,
  documentation: string,
  options: { dynamic?: boolean; effect?: boolean; check?: Check } = {},
): ConfigDefinition {
  return {
    name,
    type,
    defaultValue: defaultValue === null ? null : String(defaultValue),
    documentation,
    isDynamic: options.dynamic ?? false,
    hasEffect: options.effect ?? true,
    check: options.check ?? anything,
  }
}

/** Comma-separated words without the blanks around them; empty words are left out. */
export function parseList(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

const integer = /^[+-]?\d+$/
const ranges = {
  short: [-32768n, 32767n],
  int: [-2147483648n, 2147483647n],
  long: [-9223372036854775808n, 9223372036854775807n],
} as const

/** Checks a value against type and rules of its definition. Gives null, or what is wrong, ready to be shown. */
export function invalidValue(definition: ConfigDefinition, raw: string): string | null {
  const value = raw.trim()
  const complaint = wrongType(definition.type, value) ?? definition.check(value)
  if (complaint === null) return null
  const shown = definition.type === 'password' ? '[hidden]' : raw
  return `Invalid value ${shown} for configuration ${definition.name}: ${complaint}`
}

function wrongType(type: ConfigType, value: string): string | null {
  switch (type) {
    case 'boolean':
      return /^(true|false)$/i.test(value) ? null : 'must be true or false'
    case 'short':
    case 'int':
    case 'long': {
      if (!integer.test(value)) return 'must be a whole number'
      const [minimum, maximum] = ranges[type]
      const number = BigInt(value.replace('+', ''))
      return number >= minimum && number <= maximum ? null : `must lie between ${minimum} and ${maximum}`
    }
    case 'double':
      return value !== '' && Number.isFinite(Number(value)) ? null : 'must be a number'
    default:
      return null
  }
}
