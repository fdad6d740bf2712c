import { NotFoundError } from '../errors.ts'
import type { ConfigState } from '../stores/config-state.ts'
import type { StatusEntry } from '../stores/status-records.ts'
import type { StatusStore } from '../stores/status-store.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import { taskKey } from '../group/work.ts'
import type {
  ConnectorInfo,
  ConnectorStateInfo,
  ConnectorType,
  StateEntry,
  TaskInfo,
  TaskStateEntry,
} from './herder.ts'
import type { PluginDirectory } from './plugin-directory.ts'

/** Source or sink, by the connector's class; `unknown` when the class is not here or ambiguous. */
export function connectorType(plugins: PluginDirectory, className: string | null | undefined): ConnectorType {
  if (className === null || className === undefined) return 'unknown'
  try {
    const type = plugins.find(className, ['source', 'sink'])?.type
    return type === 'source' || type === 'sink' ? type : 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Throws {@link NotFoundError} for an unknown connector, as all of these do. */
export function connectorInfo(state: ConfigState, plugins: PluginDirectory, name: string): ConnectorInfo {
  const config = state.connectorConfig(name)
  if (config === null) throw unknownConnector(name)
  return {
    name,
    config,
    tasks: state.taskConfigs(name).map((_props, task) => ({ connector: name, task })),
    type: connectorType(plugins, config['connector.class']),
  }
}

export function taskInfos(state: ConfigState, name: string): TaskInfo[] {
  if (!state.has(name)) throw unknownConnector(name)
  return state.taskConfigs(name).map((config, task) => ({ id: { connector: name, task }, config }))
}

export function connectorStatus(
  state: ConfigState,
  statuses: StatusStore,
  plugins: PluginDirectory,
  name: string,
): ConnectorStateInfo {
  const entry = statuses.connector(name)
  if (entry === null || !state.has(name)) throw new NotFoundError(`No status found for connector ${name}`)
  return {
    name,
    connector: stateEntry(entry),
    tasks: statuses.tasks(name).map(({ task, entry: taskEntry }) => ({ id: task, ...stateEntry(taskEntry) })),
    type: connectorType(plugins, state.connectorConfig(name)?.['connector.class']),
  }
}

export function taskStatus(state: ConfigState, statuses: StatusStore, id: ConnectorTaskId): TaskStateEntry {
  const entry = statuses.task(id)
  // Of a connector that was just deleted there may still be some.
  if (entry === null || !state.has(id.connector)) throw new NotFoundError(`No status found for task ${taskKey(id)}`)
  return { id: id.task, ...stateEntry(entry) }
}

export function unknownConnector(name: string): NotFoundError {
  return new NotFoundError(`Connector ${name} not found`)
}

function stateEntry({ state, workerId, version, trace, restart }: StatusEntry): StateEntry {
  return {
    state,
    worker_id: workerId,
    version,
    ...(trace === null || trace === '' ? {} : { trace }),
    ...(restart === null || restart === undefined
      ? {}
      : { restart: { count: restart.count, limit: restart.limit, next_restart: restart.nextAt } }),
  }
}
