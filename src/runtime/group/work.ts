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

export function workSets(work: Work = NO_WORK): WorkSets {
  const sets: WorkSets = { connectors: new Set(work.connectors), tasks: new Set() }
  for (const task of work.tasks) sets.tasks.add(taskKey(task))
  return sets
}

export function copyOf({ connectors, tasks }: WorkSets): WorkSets {
  return { connectors: new Set(connectors), tasks: new Set(tasks) }
}

export function addSets(to: WorkSets, from: WorkSets): void {
  for (const connector of from.connectors) to.connectors.add(connector)
  for (const task of from.tasks) to.tasks.add(task)
}

export function removeSets(from: WorkSets, what: WorkSets): void {
  if (isEmpty(from)) return
  for (const connector of what.connectors) from.connectors.delete(connector)
  for (const task of what.tasks) from.tasks.delete(task)
}

/** What is in `base` and in none of the others. Quick where the first of them leaves little. */
export function difference(base: WorkSets, most: WorkSets, ...others: readonly WorkSets[]): WorkSets {
  const result = workSets()
  for (const connector of base.connectors) if (!most.connectors.has(connector)) result.connectors.add(connector)
  for (const task of base.tasks) if (!most.tasks.has(task)) result.tasks.add(task)
  for (const other of others) removeSets(result, other)
  return result
}

/** What is in both. */
export function common(a: WorkSets, b: WorkSets): WorkSets {
  return { connectors: inBoth(a.connectors, b.connectors), tasks: inBoth(a.tasks, b.tasks) }
}

function inBoth(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  const [few, many] = a.size <= b.size ? [a, b] : [b, a]
  const both = new Set<string>()
  for (const item of few) if (many.has(item)) both.add(item)
  return both
}

/** All of `base` but what is in `removed`. */
export function without(base: Work, removed: Work): Work {
  if (isNoWork(removed)) return base
  const sets = workSets(removed)
  // Of the many tasks few are of the same connectors: no text is made for the others.
  const touched = new Set(removed.tasks.map(({ connector }) => connector))
  return {
    connectors: base.connectors.filter((connector) => !sets.connectors.has(connector)),
    tasks: base.tasks.filter((id) => !touched.has(id.connector) || !sets.tasks.has(taskKey(id))),
  }
}

/** All of both, once. */
export function union(base: Work, added: Work): Work {
  if (isNoWork(added)) return base
  const rest = without(base, added)
  const { connectors, tasks } = toWork(workSets(added))
  return { connectors: [...rest.connectors, ...connectors], tasks: [...rest.tasks, ...tasks] }
}

export function isEmpty(sets: WorkSets): boolean {
  return sets.connectors.size === 0 && sets.tasks.size === 0
}

export function toWork(sets: WorkSets): Work {
  return { connectors: [...sets.connectors], tasks: [...sets.tasks].map(parseTaskKey) }
}
