import { hasReference } from '../providers/config-providers.ts'
import type { Properties } from '../stores/config-records.ts'
import type { ConfigState } from '../stores/config-state.ts'

/**
 * Completes the configurations that a connector gave for its tasks as Kafka Connect does: `task.class`, a sink's
 * topics, and references to configuration providers in place of what they stood for.
 */
export function completeTaskConfigs(
  generated: readonly Readonly<Record<string, string>>[],
  raw: Properties,
  resolved: Readonly<Record<string, string>>,
  connectorClass: string,
): Properties[] {
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
    }
    return complete
  })
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
