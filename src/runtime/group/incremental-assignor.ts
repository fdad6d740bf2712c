import {
  addSets,
  common,
  compareTasks,
  copyOf,
  difference,
  isEmpty,
  parseTaskKey,
  removeSets,
  taskKey,
  toWork,
  type Work,
  type WorkSets,
  workSets,
} from './work.ts'
import { balancingRevocations, fillEvenly, isIdle, type WorkerLoad } from './worker-load.ts'

/** What the leader decided for everyone in one round. */
export interface IncrementalAssignment {
  /** Per member: what it must start. */
  readonly assigned: Map<string, Work>
  /** Per member: what it must stop, and then join again. */
  readonly revoked: Map<string, Work>
  /** Per member: all that it will hold. */
  readonly complete: Map<string, WorkSets>
  readonly delayMs: number
}

/** The backoff between successive revoking rounds: 40ⁿ ms, at most the maximum delay. */
const REVOKING_BACKOFF_BASE_MS = 40

/**
 * The leader's memory and rules of incremental cooperative rebalancing (KIP-415, with KIP-726's successors): work of
 * a departed worker stays unassigned for up to `scheduled.rebalance.max.delay.ms`, so that the worker may return to
 * it; what runs is only moved for balance, and then by revoking it in one round and assigning it in the next.
 */
export class IncrementalAssignor {
  readonly #maxDelayMs: number
  readonly #now: () => number
  #previous: WorkSets = workSets()
  #previousRevocation: WorkSets = workSets()
  #previousMembers = new Set<string>()
  #previousGeneration = -1
  #scheduledAt = 0
  #delayMs = 0
  #candidates = new Set<string>()
  #revokedInPrevious = false
  #successiveRevocations = 0

  constructor(maxDelayMs: number, now: () => number = Date.now) {
    this.#maxDelayMs = maxDelayMs
    this.#now = now
  }

  /** A member of the last round came back under another id. */
  renameMember(before: string, now: string): void {
    if (this.#previousMembers.delete(before)) this.#previousMembers.add(now)
  }

  /**
   * One round. `members` maps a member id to what it runs now; `lastCompletedGeneration` is the last one in which
   * this worker got an assignment: when it is not the one of the previous round, the memory is void.
   */
  assign(
    configured: Work,
    members: ReadonlyMap<string, Work>,
    generation: number,
    lastCompletedGeneration: number,
  ): IncrementalAssignment {
    if (this.#previousGeneration !== lastCompletedGeneration) this.#previous = workSets()
    const wanted = workSets(configured)
    const held = new Map([...members].map(([worker, work]) => [worker, workSets(work)]))
    const active = together([...held.values()])
    if (intersects(this.#previousRevocation, active)) this.#previous = active
    this.#previousRevocation = workSets()

    const deleted = difference(this.#previous, wanted)
    addSets(deleted, difference(active, wanted))
    const duplicated = duplicates([...held.values()])
    const lost = difference(this.#previous, active, deleted)
    const created = difference(wanted, this.#previous, active)

    const loads: WorkerLoad[] = [...held].map(([worker, sets]) => ({ worker, ...copyOf(sets) }))
    const revoked = new Map<string, WorkSets>()
    for (const load of loads) {
      const gone = heldOf(load, deleted, duplicated)
      if (isEmpty(gone)) continue
      revoked.set(load.worker, gone)
      removeSets(load, gone)
    }

    const reassigned = this.#lostToReassign(lost, loads)
    if (this.#delayMs === 0) this.#balance(loads, wanted, revoked)
    else this.#revokedInPrevious = false

    const toAssign = workSets()
    addSets(toAssign, created)
    addSets(toAssign, reassigned)
    fillEvenly(loads, 'connectors', [...toAssign.connectors].toSorted())
    fillEvenly(loads, 'tasks', sortedTasks(toAssign))

    this.#remember(loads, revoked, lost, generation)
    return this.#answer(loads, revoked, held)
  }

  /** Which of the lost items go to anyone now. May give some straight to candidate workers. Sets the delay. */
  #lostToReassign(lost: WorkSets, loads: readonly WorkerLoad[]): WorkSets {
    if (isEmpty(lost) && !this.#revokedInPrevious) {
      this.#resetDelay()
      return workSets()
    }
    const now = this.#now()
    const present = new Set(loads.map(({ worker }) => worker))
    const everyoneIsBack = [...this.#previousMembers].every((member) => present.has(member))
    if ((this.#scheduledAt <= 0 && everyoneIsBack) || this.#maxDelayMs === 0) return lost
    if (this.#scheduledAt > 0 && now >= this.#scheduledAt) {
      const candidates = loads.filter(({ worker }) => this.#candidates.has(worker))
      this.#resetDelay()
      this.#revokedInPrevious = false
      if (candidates.length === 0) return lost
      ;[...lost.connectors].toSorted().forEach((item, i) => candidates[i % candidates.length]?.connectors.add(item))
      sortedTasks(lost).forEach((item, i) => candidates[i % candidates.length]?.tasks.add(item))
      return workSets()
    }
    for (const load of loads) if (isIdle(load)) this.#candidates.add(load.worker)
    this.#delayMs = now < this.#scheduledAt ? this.#scheduledAt - now : this.#maxDelayMs
    this.#scheduledAt = now + this.#delayMs
    return workSets()
  }

  #balance(loads: readonly WorkerLoad[], wanted: WorkSets, revoked: Map<string, WorkSets>): void {
    const revocations = balancingRevocations(loads, wanted)
    if (revocations.size === 0) {
      this.#revokedInPrevious = false
      this.#successiveRevocations = 0
      return
    }
    if (this.#revokedInPrevious) {
      this.#successiveRevocations++
      this.#delayMs = Math.min(REVOKING_BACKOFF_BASE_MS ** this.#successiveRevocations, this.#maxDelayMs)
      if (this.#delayMs > 0) {
        this.#scheduledAt = this.#now() + this.#delayMs
        return
      }
    }
    this.#revokedInPrevious = true
    for (const load of loads) {
      const gone = revocations.get(load.worker)
      if (gone === undefined) continue
      removeSets(load, gone)
      const all = revoked.get(load.worker) ?? workSets()
      addSets(all, gone)
      revoked.set(load.worker, all)
    }
  }

  #remember(
    loads: readonly WorkerLoad[],
    revoked: ReadonlyMap<string, WorkSets>,
    lost: WorkSets,
    generation: number,
  ): void {
    this.#previous = workSets()
    for (const load of loads) addSets(this.#previous, load)
    for (const gone of revoked.values()) {
      removeSets(this.#previous, gone)
      addSets(this.#previousRevocation, gone)
    }
    addSets(this.#previous, lost)
    this.#previousGeneration = generation
    this.#previousMembers = new Set(loads.map(({ worker }) => worker))
  }

  #answer(
    loads: readonly WorkerLoad[],
    revoked: ReadonlyMap<string, WorkSets>,
    held: ReadonlyMap<string, WorkSets>,
  ): IncrementalAssignment {
    const answer: IncrementalAssignment = {
      assigned: new Map(),
      revoked: new Map(),
      complete: new Map(),
      delayMs: this.#delayMs,
    }
    for (const load of loads) {
      answer.assigned.set(load.worker, toWork(difference(load, held.get(load.worker) ?? workSets())))
      answer.revoked.set(load.worker, toWork(revoked.get(load.worker) ?? workSets()))
      answer.complete.set(load.worker, load)
    }
    return answer
  }

  #resetDelay(): void {
    this.#candidates.clear()
    this.#scheduledAt = 0
    this.#delayMs = 0
  }
}

function sortedTasks(sets: WorkSets): string[] {
  return [...sets.tasks].map(parseTaskKey).toSorted(compareTasks).map(taskKey)
}

function intersects(a: WorkSets, b: WorkSets): boolean {
  return !isEmpty(common(a, b))
}

/** What of `sets` this worker holds. */
function heldOf(load: WorkerLoad, ...sets: readonly WorkSets[]): WorkSets {
  const held = workSets()
  for (const set of sets) addSets(held, common(load, set))
  return held
}

/** Not to be changed. */
function together(held: readonly WorkSets[]): WorkSets {
  const [only, ...others] = held
  if (only !== undefined && others.length === 0) return only
  const all = workSets()
  for (const sets of held) addSets(all, sets)
  return all
}

/** Items that more than one member runs. */
function duplicates(held: readonly WorkSets[]): WorkSets {
  const twice = workSets()
  if (held.length < 2) return twice
  const seen = workSets()
  for (const mine of held) {
    addSets(twice, common(seen, mine))
    addSets(seen, mine)
  }
  return twice
}
