import type { ConnectorTaskId } from '../task-runner.ts'

/** Connectors and tasks are kept in one map: their keys differ whatever a connector is called. */
export function connectorKey(name: string): string {
  return `connector ${name}`
}

export function taskKey(id: ConnectorTaskId): string {
  return `task ${id.connector} ${id.task}`
}
