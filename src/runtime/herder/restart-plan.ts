import type { ConnectorStateInfo } from './herder.ts'

/** Which instances of a connector a restart request (KIP-745) concerns. */
export interface RestartPlan {
  readonly connector: boolean
  /** Task numbers. */
  readonly tasks: ReadonlySet<number>
  /** The status, with everything that is going to restart shown as RESTARTING. */
  readonly outlook: ConnectorStateInfo
}

export interface RestartOptions {
  readonly includeTasks: boolean
  readonly onlyFailed: boolean
}

/** True when a restart with these options restarts everything that one with the `other` options does. */
export function covers(options: RestartOptions, other: RestartOptions): boolean {
  return (options.includeTasks || !other.includeTasks) && (!options.onlyFailed || other.onlyFailed)
}

/** The plan follows from the statuses as they are now, so every worker can make it for itself. */
export function restartPlan(status: ConnectorStateInfo, options: RestartOptions): RestartPlan {
  const concerns = (state: string): boolean => !options.onlyFailed || state === 'FAILED'
  const connector = concerns(status.connector.state)
  const tasks = options.includeTasks ? status.tasks.filter((task) => concerns(task.state)).map((task) => task.id) : []
  const chosen = new Set(tasks)
  return {
    connector,
    tasks: chosen,
    outlook: {
      ...status,
      connector: connector ? { ...status.connector, state: 'RESTARTING' } : status.connector,
      tasks: status.tasks.map((task) => (chosen.has(task.id) ? { ...task, state: 'RESTARTING' } : task)),
    },
  }
}
