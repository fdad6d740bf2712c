import { type WorkSets, workSets } from './work.ts'

/** What one worker will hold after a rebalance, while the leader works it out. */
export interface WorkerLoad {
  readonly worker: string
  readonly connectors: Set<string>
  readonly tasks: Set<string>
}

export type Kind = 'connectors' | 'tasks'
const kinds: readonly Kind[] = ['connectors', 'tasks']

export function isIdle(load: WorkerLoad): boolean {
  return load.connectors.size === 0 && load.tasks.size === 0
}

/** Gives `items` to the least loaded workers, evenly; ties go by worker id. */
export function fillEvenly(loads: readonly WorkerLoad[], kind: Kind, items: Iterable<string>): void {
  const sorted = loads.toSorted((a, b) => a[kind].size - b[kind].size || (a.worker < b.worker ? -1 : 1))
  const first = sorted[0]
  if (first === undefined) return
  const rest = [...items]
  let at = 0
  while (at < rest.length) {
    const level = first[kind].size
    const higher = sorted.findIndex((load) => load[kind].size > level)
    for (const load of higher === -1 ? sorted : sorted.slice(0, higher)) {
      if (at === rest.length) break
      load[kind].add(rest[at++] as string)
    }
  }
}

/**
 * What overloaded workers must give up for an even spread of `configured`: each may keep ⌊total/workers⌋, and as many
 * workers as there is remainder may keep one more. Connectors and tasks are balanced separately.
 */
export function balancingRevocations(loads: readonly WorkerLoad[], configured: WorkSets): Map<string, WorkSets> {
  const revocations = new Map<string, WorkSets>()
  if (loads.every(isIdle)) return revocations
  for (const kind of kinds) {
    for (const [worker, items] of excess(loads, kind, configured[kind].size)) {
      const revoked = revocations.get(worker) ?? workSets()
      for (const item of items) revoked[kind].add(item)
      revocations.set(worker, revoked)
    }
  }
  return revocations
}

function excess(loads: readonly WorkerLoad[], kind: Kind, total: number): Map<string, string[]> {
  const minimum = Math.floor(total / loads.length)
  const remainder = total % loads.length
  const atMinimum = loads.filter((load) => load[kind].size === minimum).length
  const oneMore = loads.filter((load) => load[kind].size === minimum + 1).length
  const result = new Map<string, string[]>()
  if (oneMore === remainder && atMinimum + oneMore === loads.length) return result
  let extras = 0
  for (const load of loads) {
    const size = load[kind].size
    if (size <= minimum) continue
    const mayKeep = extras < remainder ? minimum + 1 : minimum
    if (extras < remainder) extras++
    if (size > mayKeep) result.set(load.worker, [...load[kind]].slice(0, size - mayKeep))
  }
  return result
}
