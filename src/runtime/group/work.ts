import type { ConnectorTaskId } from '../task-runner.ts'

/** Connector instances and tasks, as a worker runs them or the group assigns them. */
export interface Work {
  readonly connectors: readonly string[]
  readonly tasks: readonly ConnectorTaskId[]
}

export const NO_WORK: Work = { connectors: [], tasks: [] }

export function isNoWork(work: Work): boolean {
  return work.connectors.length === 0 && work.tasks.length === 0
}

/** One text per task, for sets and maps; connector names may contain `-`, so the last one separates. */
export function taskKey(id: ConnectorTaskId): string {
  return `${id.connector}-${id.task}`
}

export function parseTaskKey(key: string): ConnectorTaskId {
  const at = key.lastIndexOf('-')
  return { connector: key.slice(0, at), task: Number(key.slice(at + 1)) }
}

export function compareTasks(a: ConnectorTaskId, b: ConnectorTaskId): number {
  return a.connector < b.connector ? -1 : a.connector > b.connector ? 1 : a.task - b.task
}

/** The same work as sets of keys. */
export interface WorkSets {
  readonly connectors: Set<string>
  readonly tasks: Set<string>
}

export function workSets(...works: readonly Work[]): WorkSets {
  const sets: WorkSets = { connectors: new Set(), tasks: new Set() }
  for (const work of works) addWork(sets, work)
  return sets
}

export function addWork(sets: WorkSets, work: Work): void {
  for (const connector of work.connectors) sets.connectors.add(connector)
  for (const task of work.tasks) sets.tasks.add(taskKey(task))
}

export function addSets(to: WorkSets, from: WorkSets): void {
  for (const connector of from.connectors) to.connectors.add(connector)
  for (const task of from.tasks) to.tasks.add(task)
}

export function removeSets(from: WorkSets, what: WorkSets): void {
  for (const connector of what.connectors) from.connectors.delete(connector)
  for (const task of what.tasks) from.tasks.delete(task)
}

/** What is in `base` and in none of `others`. */
export function difference(base: WorkSets, ...others: readonly WorkSets[]): WorkSets {
  const result: WorkSets = { connectors: new Set(base.connectors), tasks: new Set(base.tasks) }
  for (const other of others) removeSets(result, other)
  return result
}

/** What is in both. */
export function common(a: WorkSets, b: WorkSets): WorkSets {
  const both = workSets()
  for (const connector of a.connectors) if (b.connectors.has(connector)) both.connectors.add(connector)
  for (const task of a.tasks) if (b.tasks.has(task)) both.tasks.add(task)
  return both
}

export function isEmpty(sets: WorkSets): boolean {
  return sets.connectors.size === 0 && sets.tasks.size === 0
}

export function toWork(sets: WorkSets): Work {
  return { connectors: [...sets.connectors], tasks: [...sets.tasks].map(parseTaskKey) }
}
