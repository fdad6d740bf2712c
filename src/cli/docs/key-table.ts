import type { ConfigKeyDefinition } from '../../connect/index.ts'
import { code, plain, table } from './markdown.ts'

/** What a table of configuration keys shows of each. */
export type DocumentedKey = Pick<
  ConfigKeyDefinition,
  'name' | 'type' | 'required' | 'defaultValue' | 'importance' | 'documentation' | 'recommendedValues'
>

/** A table of configuration keys in their order. */
export function keyTable(keys: readonly DocumentedKey[]): string {
  return table(
    ['name', 'type', 'default', 'importance', 'what it does'],
    keys.map((key) => [
      code(key.name),
      key.type.toLowerCase(),
      defaultOf(key),
      key.importance.toLowerCase(),
      plain(key.documentation) + values(key.recommendedValues),
    ]),
  )
}

function defaultOf({ required, defaultValue }: DocumentedKey): string {
  if (required) return '**required**'
  return defaultValue === null ? '' : code(defaultValue)
}

function values(recommended: readonly string[]): string {
  return recommended.length === 0 ? '' : ` Values: ${recommended.map(code).join(', ')}.`
}
