import { ConfigError, list, Type } from '../connect/index.ts'

/** Common setting of transforms that read fields. */
export const replaceNullWithDefault = Type.Boolean({
  default: true,
  importance: 'medium',
  description: 'Whether a null in a field that has a default value is read as that default.',
})

/** A required list of names: at least one, each one once. */
export function names(description: string) {
  return list({
    importance: 'high',
    minItems: 1,
    uniqueItems: true,
    items: { type: 'string', minLength: 1 },
    description,
  })
}

/**
 * The parts of a list entry such as `old:new`, as Java's `split` has them: empty ones at the end are left out, so that
 * `a:` has one part.
 */
export function partsOf(entry: string): readonly string[] {
  const parts = entry.split(':')
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts
}

/** An error of a setting that shows only when a transform is made. */
export function settingError(key: string, message: string): ConfigError {
  return new ConfigError(message, { errors: { [key]: [message] } })
}

/** The same in the words of other faulty settings. */
export function faultySetting(key: string, value: string | null, reason: string): ConfigError {
  return settingError(key, `Invalid value ${value} for configuration ${key}: ${reason}`)
}
