import { clientKeys } from '../config-def/client-keys.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginType } from '../task-runner.ts'
import type { PluginDirectory } from './plugin-directory.ts'

const secretName =
  /password|passwd|passphrase|secret|token|credential|private\.?key|api\.?key|keystore\.key$|jaas|authorization|user\.info$|(?:^|[._-])(?:pass|pwd)(?:$|[._-])/i

/** What such settings hold is no secret. */
const harmless = /\.(?:class|type|version|enabled?|ms)$/i
/** Transforms, predicates and providers are called as the user likes: `transforms.maskPassword.fields`. */
const alias = /^(?:transforms|predicates|config\.providers)\.[^.]+\./

/** True when a setting sounds as if its value were a secret, whatever its type is. */
export function isSecretName(name: string): boolean {
  return secretName.test(name.replace(alias, '')) && !harmless.test(name)
}

const kinds: readonly (readonly [key: string, type: PluginType])[] = [
  ['key.converter', 'converter'],
  ['value.converter', 'converter'],
  ['header.converter', 'header_converter'],
]
const lists: readonly (readonly [key: string, type: PluginType])[] = [
  ['transforms', 'transformation'],
  ['predicates', 'predicate'],
]

/**
 * Names of all settings of the type PASSWORD in a connector's configuration: its own, those of the converters, transforms
 * and predicates that it names, and of clients.
 */
export function passwordSettings(props: Properties, plugins: PluginDirectory): Set<string> {
  const found = new Set<string>()
  const add = (className: string | null | undefined, types: readonly PluginType[], prefix: string): void => {
    for (const { name, type } of keysOf(className, types, plugins)) if (type === 'PASSWORD') found.add(prefix + name)
  }
  add(props['connector.class'], ['source', 'sink'], '')
  for (const [key, type] of kinds) add(props[key], [type], `${key}.`)
  for (const [list, type] of lists) {
    for (const alias of (props[list] ?? '').split(',').map((name) => name.trim()))
      add(props[`${list}.${alias}.type`], [type], `${list}.${alias}.`)
  }
  for (const kind of ['producer', 'consumer', 'admin'] as const) {
    for (const { name, type } of clientKeys[kind].values())
      if (type === 'PASSWORD') found.add(`${kind}.override.${name}`)
  }
  return found
}

function keysOf(
  className: string | null | undefined,
  types: readonly PluginType[],
  plugins: PluginDirectory,
): readonly { name: string; type: string }[] {
  try {
    return plugins.find(className?.trim() ?? '', types)?.keys ?? []
  } catch {
    // Ambiguous: what starts or checks it says so.
    return []
  }
}
