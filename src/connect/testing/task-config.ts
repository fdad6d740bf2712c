import type { ConnectorContext, ConnectorDeclaration, ConnectorInstance, TaskConfig } from '../connector.ts'
import { ConfigError } from '../errors.ts'

export type Props = Readonly<Record<string, string>>

/** The parsed configuration; throws a `ConfigError` for what parsing or the plugin's own `validate` finds. */
export function checkedProps<P>(plugin: ConnectorDeclaration<P>, props: Props): P {
  const parsed = plugin.config.parse(props)
  const faults = Object.entries(plugin.validate?.(parsed) ?? {}).filter(([, messages]) => messages.length > 0)
  if (faults.length === 0) return parsed
  throw new ConfigError(faults.flatMap(([, messages]) => messages).join('\n'), { errors: Object.fromEntries(faults) })
}

export interface StartedConnector {
  readonly taskConfigs: readonly Props[]
  /** Null for a connector without a life of its own. */
  readonly instance: ConnectorInstance | null
}

/** Starts a connector as the runtime does, and asks it for its task configurations. */
export async function startConnector<P>(
  plugin: ConnectorDeclaration<P>,
  props: Props,
  maxTasks: number,
  context: ConnectorContext,
): Promise<StartedConnector> {
  const parsed = checkedProps(plugin, props)
  if (plugin.startConnector === undefined) {
    const configs = plugin.taskConfigs?.(parsed, maxTasks, props) ?? [props]
    return { taskConfigs: configs.map(asStored), instance: null }
  }
  const instance = await plugin.startConnector(parsed, context)
  return { taskConfigs: (await instance.taskConfigs(maxTasks)).map(asStored), instance }
}

/** Task configurations are stored as texts; what is null or undefined is left out. */
function asStored(config: TaskConfig): Props {
  const stored: Record<string, string> = {}
  for (const [key, value] of Object.entries(config)) {
    if (value === null || value === undefined) continue
    stored[key] = Array.isArray(value) ? value.join(',') : String(value as string | number | boolean)
  }
  return stored
}
