import { hasReference, type ResolvedProps } from '../providers/config-providers.ts'
import type { Properties } from '../stores/config-records.ts'
import type { ConfigState } from '../stores/config-state.ts'
import { isSecretName } from './secret-settings.ts'

/** What a provider gave is found within what a connector made of it from this length on; shorter texts occur by accident. */
const SHORTEST_WITHIN = 8
const SHORTEST_SECRET_WITHIN = 4

/**
 * Completes the configurations that a connector gave for its tasks as Kafka Connect does: `task.class`, a sink's
 * topics, and references to configuration providers in place of what they stood for, also within values that the
 * connector made from them (an address with the password): no topic holds what a provider gave.
 */
export function completeTaskConfigs(
  generated: readonly Readonly<Record<string, string>>[],
  raw: Properties,
  { props: resolved, provided }: Pick<ResolvedProps<string>, 'props' | 'provided'>,
  connectorClass: string,
): Properties[] {
  const references = referencesWithin(raw, provided)
  const copied = ['topics', 'topics.regex'].filter((key) => raw[key] !== undefined && raw[key] !== null)
  return generated.map((config) => {
    const complete: Record<string, string | null> = {
      'task.class': connectorClass.replace(/Connector$/, 'Task'),
      ...config,
    }
    for (const key of copied) complete[key] = raw[key] ?? null
    for (const [key, value] of Object.entries(complete)) {
      const original = raw[key]
      if (typeof original === 'string' && hasReference(original) && resolved[key] === value) complete[key] = original
      else if (value !== null && value !== original && key !== 'task.class')
        complete[key] = withReferences(value, references)
    }
    return complete
  })
}

type Provided = readonly (readonly [reference: string, value: string])[]

/** Those of the provided values that are long enough to be looked for, longest first. */
function referencesWithin(raw: Properties, provided: ReadonlyMap<string, string>): Provided {
  const isSecret = (reference: string): boolean =>
    Object.entries(raw).some(([name, value]) => isSecretName(name) && value?.includes(reference) === true)
  return [...provided]
    .filter(
      ([reference, { length }]) =>
        length >= SHORTEST_WITHIN || (length >= SHORTEST_SECRET_WITHIN && isSecret(reference)),
    )
    .toSorted(([, a], [, b]) => b.length - a.length)
}

function withReferences(value: string, references: Provided): string {
  const found = references.find(([, given]) => value.includes(given))
  if (found === undefined) return value
  const [reference, given] = found
  return value
    .split(given)
    .map((part) => withReferences(part, references))
    .join(reference)
}

/**
 * True when the tasks must be replaced: other task configurations than those in effect, or a connector configuration
 * that the tasks in effect were not made from (KAFKA-9228).
 */
export function taskConfigsChanged(state: ConfigState, connector: string, configs: readonly Properties[]): boolean {
  const current = state.taskConfigs(connector)
  if (current.length !== configs.length) return true
  if (configs.some((config, task) => !sameProperties(config, current[task] ?? {}))) return true
  const applied = state.appliedConnectorConfig(connector)
  return configs.length > 0 && applied !== null && !sameProperties(applied, state.connectorConfig(connector) ?? {})
}

export function sameProperties(a: Properties, b: Properties): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
