import assert from 'node:assert/strict'
import { type IncrementalAssignment, IncrementalAssignor } from '../../../src/runtime/group/incremental-assignor.ts'
import { NO_WORK, taskKey, type Work, workSets } from '../../../src/runtime/group/work.ts'

/** Kafka Connect's default of `scheduled.rebalance.max.delay.ms`. */
export const MAX_DELAY_MS = 300_000

/** A group whose members do what the leader says: they stop and start work between the rounds. */
export class AssignedGroup {
  now = 1_000
  generation = 1
  lastCompleted = -1
  readonly members = new Map<string, Work>()
  configured: Work = NO_WORK
  last: IncrementalAssignment | null = null
  assignor: IncrementalAssignor
  readonly #maxDelayMs: number

  constructor(maxDelayMs = MAX_DELAY_MS) {
    this.#maxDelayMs = maxDelayMs
    this.assignor = new IncrementalAssignor(maxDelayMs, () => this.now)
  }

  /** Another member leads from now on: it remembers nothing. */
  changeLeader(): void {
    this.assignor = new IncrementalAssignor(this.#maxDelayMs, () => this.now)
  }

  configure(tasksPerConnector: Record<string, number>): void {
    const tasks = Object.entries(tasksPerConnector).flatMap(([connector, count]) =>
      Array.from({ length: count }, (_, task) => ({ connector, task })),
    )
    this.configured = { connectors: Object.keys(tasksPerConnector), tasks }
  }

  join(...names: string[]): void {
    for (const name of names) this.members.set(name, NO_WORK)
  }

  leave(...names: string[]): void {
    for (const name of names) this.members.delete(name)
  }

  /**
   * A round in which every member takes its assignment, but for those in `deaf`. With `mismatch`, the leader itself did
   * not complete the round before.
   */
  rebalance(deaf: readonly string[] = [], mismatch = false): IncrementalAssignment {
    const generation = this.generation++
    const lastCompleted = mismatch ? generation - 2 : this.lastCompleted
    const before = new Map(this.members)
    const result = this.assignor.assign(this.configured, before, generation, lastCompleted)
    this.lastCompleted = generation
    this.#assertNoRedundant(result)
    for (const [name, held] of before) {
      if (!deaf.includes(name)) this.members.set(name, this.#applied(held, result, name))
    }
    this.last = result
    return result
  }

  /** A round whose assignments reach nobody. */
  failedRebalance(): IncrementalAssignment {
    return this.rebalance([...this.members.keys()])
  }

  #applied(held: Work, result: IncrementalAssignment, name: string): Work {
    const revoked = result.revoked.get(name) ?? NO_WORK
    const assigned = result.assigned.get(name) ?? NO_WORK
    const gone = new Set(revoked.tasks.map(taskKey))
    const work: Work = {
      connectors: [...held.connectors.filter((c) => !revoked.connectors.includes(c)), ...assigned.connectors],
      tasks: [...held.tasks.filter((id) => !gone.has(taskKey(id))), ...assigned.tasks],
    }
    const complete = result.complete.get(name) ?? workSets()
    assert.deepEqual(work.connectors.toSorted(), [...complete.connectors].toSorted(), `all connectors of ${name}`)
    assert.deepEqual(work.tasks.map(taskKey).toSorted(), [...complete.tasks].toSorted(), `all tasks of ${name}`)
    return work
  }

  /** What is assigned runs nowhere yet, and is assigned once. */
  #assertNoRedundant(result: IncrementalAssignment): void {
    const namesOf = (works: Iterable<Work>): string[] =>
      [...works].flatMap((work) => [...work.connectors, ...work.tasks.map(taskKey)])
    const assigned = namesOf(result.assigned.values())
    assert.equal(new Set(assigned).size, assigned.length, 'something is assigned twice')
    const running = new Set(namesOf(this.members.values()))
    assert.deepEqual(
      assigned.filter((name) => running.has(name)),
      [],
      'something that runs is assigned',
    )
  }

  connectorCounts(): number[] {
    return [...this.members.values()].map((work) => work.connectors.length).toSorted((a, b) => a - b)
  }

  taskCounts(): number[] {
    return [...this.members.values()].map((work) => work.tasks.length).toSorted((a, b) => a - b)
  }

  /** Connectors and tasks of the members, fewest first. */
  assertCounts(connectors: number[], tasks: number[]): void {
    assert.deepEqual(this.connectorCounts(), connectors, 'connectors')
    assert.deepEqual(this.taskCounts(), tasks, 'tasks')
  }

  assertDelay(ms: number): void {
    assert.equal(this.last?.delayMs, ms, 'delay')
  }

  assertNoRevocations(): void {
    assert.equal(this.revokedTotal(), 0, 'revocations')
  }

  /** The last round changed nothing. */
  assertNothingNew(): void {
    this.assertNoRevocations()
    for (const { connectors, tasks } of this.last?.assigned.values() ?? [])
      assert.deepEqual([connectors, tasks], [[], []])
  }

  assertBalancedAndComplete(): void {
    this.assertComplete()
    for (const counts of [this.connectorCounts(), this.taskCounts()])
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `not balanced: ${counts.join(', ')}`)
  }

  assertComplete(): void {
    const works = [...this.members.values()]
    assert.deepEqual(works.flatMap((w) => w.connectors).toSorted(), this.configured.connectors.toSorted())
    assert.deepEqual(
      works.flatMap((w) => w.tasks.map(taskKey)).toSorted(),
      this.configured.tasks.map(taskKey).toSorted(),
    )
  }

  revokedTotal(): number {
    return [...(this.last?.revoked.values() ?? [])].reduce((sum, w) => sum + w.connectors.length + w.tasks.length, 0)
  }
}
