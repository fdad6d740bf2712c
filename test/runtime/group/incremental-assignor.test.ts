import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IncrementalAssignment, IncrementalAssignor } from '../../../src/runtime/group/incremental-assignor.ts'
import { NO_WORK, taskKey, type Work } from '../../../src/runtime/group/work.ts'

const MAX_DELAY_MS = 300_000

/** A group whose members do what the leader says: they stop and start work between the rounds. */
class Group {
  now = 1_000
  generation = 1
  lastCompleted = 0
  readonly members = new Map<string, Work>()
  configured: Work = NO_WORK
  last: IncrementalAssignment | null = null
  readonly assignor: IncrementalAssignor

  constructor(maxDelayMs = MAX_DELAY_MS) {
    this.assignor = new IncrementalAssignor(maxDelayMs, () => this.now)
    this.lastCompleted = -1
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

  leave(name: string): void {
    this.members.delete(name)
  }

  /** A round in which every member takes its assignment, but for those in `deaf`. */
  rebalance(deaf: string[] = []): IncrementalAssignment {
    const generation = this.generation++
    const result = this.assignor.assign(this.configured, this.members, generation, this.lastCompleted)
    this.lastCompleted = generation
    for (const name of this.members.keys()) {
      if (!deaf.includes(name)) this.members.set(name, result.complete.get(name) ?? NO_WORK)
    }
    this.last = result
    return result
  }

  connectorCounts(): number[] {
    return [...this.members.values()].map((work) => work.connectors.length).toSorted((a, b) => a - b)
  }

  taskCounts(): number[] {
    return [...this.members.values()].map((work) => work.tasks.length).toSorted((a, b) => a - b)
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

test('a lone worker gets everything, and a second one gets half in the round after the revocation', () => {
  const group = new Group()
  group.configure({ c1: 4, c2: 4 })
  group.join('w1')
  group.rebalance()
  group.assertComplete()
  group.join('w2')
  group.rebalance()
  assert.equal(group.revokedTotal(), 1 + 4)
  group.rebalance()
  assert.equal(group.last?.delayMs, 0)
  assert.deepEqual(group.taskCounts(), [4, 4])
  assert.deepEqual(group.connectorCounts(), [1, 1])
  group.assertComplete()
})

test('work of a departed worker waits for the delay, and then goes to those who are left', () => {
  const group = new Group()
  group.configure({ c1: 4, c2: 4 })
  group.join('w1', 'w2')
  group.rebalance()
  group.leave('w2')
  assert.equal(group.rebalance().delayMs, MAX_DELAY_MS)
  assert.deepEqual(group.taskCounts(), [4])
  group.now += MAX_DELAY_MS / 2
  assert.equal(group.rebalance().delayMs, MAX_DELAY_MS / 2)
  assert.deepEqual(group.taskCounts(), [4])
  group.now += MAX_DELAY_MS / 2
  assert.equal(group.rebalance().delayMs, 0)
  group.assertComplete()
})

test('a worker that returns within the delay gets the lost work back when the delay is over', () => {
  const group = new Group()
  group.configure({ c1: 4, c2: 4 })
  group.join('w1', 'w2')
  group.rebalance()
  const before = group.members.get('w1')
  group.leave('w2')
  group.rebalance()
  group.join('w2-again')
  group.now += 1_000
  assert.equal(group.rebalance().delayMs, MAX_DELAY_MS - 1_000)
  assert.equal(group.revokedTotal(), 0)
  group.now += MAX_DELAY_MS
  assert.equal(group.rebalance().delayMs, 0)
  group.assertComplete()
  assert.deepEqual(group.members.get('w1'), before)
  assert.equal(group.members.get('w2-again')?.tasks.length, 4)
})

test('with a maximum delay of zero, lost work is reassigned at once', () => {
  const group = new Group(0)
  group.configure({ c1: 6 })
  group.join('w1', 'w2', 'w3')
  group.rebalance()
  group.leave('w3')
  assert.equal(group.rebalance().delayMs, 0)
  group.assertComplete()
})

test('a worker that did not get its assignment, but is still there, makes no delay', () => {
  const group = new Group()
  group.configure({ c1: 4 })
  group.join('w1', 'w2')
  group.rebalance(['w2'])
  assert.equal(group.rebalance().delayMs, 0)
  group.assertComplete()
})

test('deleted connectors and their tasks are revoked from whoever runs them', () => {
  const group = new Group()
  group.configure({ c1: 2, c2: 2, c3: 2 })
  group.join('w1', 'w2')
  group.rebalance()
  group.configure({ c1: 2, c3: 2 })
  group.rebalance()
  assert.ok([...(group.last?.revoked.values() ?? [])].some((work) => work.connectors.includes('c2')))
  group.rebalance()
  group.assertComplete()
})

test('a new leader, which remembers nothing, revokes what is no longer configured', () => {
  const group = new Group()
  group.join('w1')
  group.members.set('w1', { connectors: ['gone'], tasks: [{ connector: 'gone', task: 0 }] })
  group.rebalance()
  assert.deepEqual(group.last?.revoked.get('w1'), { connectors: ['gone'], tasks: [{ connector: 'gone', task: 0 }] })
})

test('what runs on two workers is revoked from both and then assigned to one', () => {
  const group = new Group()
  group.configure({ c1: 2 })
  const twice: Work = { connectors: ['c1'], tasks: [{ connector: 'c1', task: 0 }] }
  group.members.set('w1', twice)
  group.members.set('w2', twice)
  group.rebalance()
  assert.deepEqual(group.last?.revoked.get('w1'), twice)
  assert.deepEqual(group.last?.revoked.get('w2'), twice)
  group.rebalance()
  group.rebalance()
  group.assertComplete()
})

test('a revocation that did not take effect is applied again', () => {
  const group = new Group()
  group.configure({ c1: 4 })
  group.join('w1')
  group.rebalance()
  group.join('w2')
  const before = group.members.get('w1') as Work
  group.rebalance()
  assert.equal(group.revokedTotal(), 2)
  group.members.set('w1', before)
  group.members.set('w2', NO_WORK)
  for (let round = 0; round < 4; round++) {
    group.now += MAX_DELAY_MS
    group.rebalance()
  }
  assert.deepEqual(group.taskCounts(), [2, 2])
  group.assertComplete()
})

test('successive rounds that would revoke wait longer and longer', () => {
  const group = new Group()
  group.configure({ c1: 12 })
  group.join('w1')
  group.rebalance()
  group.join('w2')
  group.rebalance()
  assert.ok(group.revokedTotal() > 0)
  group.join('w3')
  group.rebalance()
  assert.equal(group.revokedTotal(), 0)
  assert.equal(group.last?.delayMs, 40)
  group.now += 40
  group.rebalance()
  assert.ok(group.revokedTotal() > 0)
  group.rebalance()
  assert.deepEqual(group.taskCounts(), [4, 4, 4])
})

test('several workers that leave and come back find the group balanced again', () => {
  const group = new Group()
  group.configure({ c1: 4, c2: 4, c3: 4, c4: 4 })
  group.join('w1', 'w2', 'w3', 'w4')
  group.rebalance()
  group.leave('w3')
  group.leave('w4')
  group.rebalance()
  group.join('w5', 'w6')
  group.rebalance()
  group.now += MAX_DELAY_MS
  group.rebalance()
  group.rebalance()
  assert.deepEqual(group.taskCounts(), [4, 4, 4, 4])
  assert.deepEqual(group.connectorCounts(), [1, 1, 1, 1])
  group.assertComplete()
})

test('random joins, departures and configurations settle into a balanced and complete assignment', () => {
  let seed = 20_261_125
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
    return seed % below
  }
  for (let run = 0; run < 50; run++) {
    const group = new Group(1_000)
    group.join('w0')
    for (let step = 0; step < 20; step++) {
      if (random(3) === 0)
        group.configure(Object.fromEntries(Array.from({ length: 1 + random(6) }, (_, i) => [`c${i}`, random(6)])))
      if (random(3) === 0) group.join(`w${run}-${step}`)
      if (random(3) === 0 && group.members.size > 1) group.leave([...group.members.keys()][0] as string)
      group.now += random(1_500)
      group.rebalance()
    }
    for (let round = 0; round < 8; round++) {
      group.now += 2_000
      group.rebalance()
    }
    group.assertComplete()
    for (const counts of [group.taskCounts(), group.connectorCounts()]) {
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `seed run ${run}: ${counts.join(', ')}`)
    }
  }
})
