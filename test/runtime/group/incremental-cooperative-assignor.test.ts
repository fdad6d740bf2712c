import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeAssignment, encodeMetadata } from '../../../src/runtime/group/codec.ts'
import { GroupLeader } from '../../../src/runtime/group/leader.ts'
import { NO_WORK, type Work } from '../../../src/runtime/group/work.ts'
import { fillEvenly, type WorkerLoad } from '../../../src/runtime/group/worker-load.ts'
import { AssignedGroup, MAX_DELAY_MS } from './assigned-group.ts'

// Kafka's IncrementalCooperativeAssignorTest, case by case.

/** One worker, connectors of four tasks each. */
function groupOf(connectors: number, maxDelayMs = MAX_DELAY_MS): AssignedGroup {
  const group = new AssignedGroup(maxDelayMs)
  group.configure(Object.fromEntries(Array.from({ length: connectors }, (_, i) => [`connector${i + 1}`, 4])))
  group.join('worker1')
  return group
}

/** Three workers with two connectors and four tasks each, as the tests of lost work have it. */
function threeLoaded(maxDelayMs = MAX_DELAY_MS): AssignedGroup {
  const group = new AssignedGroup(maxDelayMs)
  group.configure({ connector0: 2, connector1: 2, connector2: 2, connector3: 2, connector4: 2, connector5: 2 })
  group.join('worker0', 'worker1', 'worker2')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([2, 2, 2], [4, 4, 4])
  return group
}

function itemsOf(work: Work | undefined): unknown[] {
  return [work?.connectors.toSorted(), work?.tasks.map(({ connector, task }) => `${connector}-${task}`).toSorted()]
}

test('testTaskAssignmentWhenWorkerJoins: the second worker gets half after a revocation, and then nothing changes', () => {
  const group = groupOf(2)
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([2], [8])
  group.join('worker2')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([0, 1], [0, 4])
  group.rebalance()
  group.assertNoRevocations()
  group.assertDelay(0)
  group.assertCounts([1, 1], [4, 4])
  group.rebalance()
  group.assertDelay(0)
  group.assertNothingNew()
})

test('testAssignmentsWhenWorkersJoinAfterRevocations: a second revoking round in a row waits, and longer each time', () => {
  const group = groupOf(3)
  group.rebalance()
  group.assertCounts([3], [12])
  group.join('worker2')
  group.rebalance()
  group.assertCounts([0, 2], [0, 6])
  group.join('worker3')
  const first = group.rebalance().delayMs
  assert.ok(first > 0)
  group.assertCounts([0, 1, 2], [3, 3, 6])
  group.now += first
  group.join('worker4')
  group.rebalance()
  group.assertCounts([0, 0, 1, 1], [0, 3, 3, 3])
  group.join('worker5')
  const second = group.rebalance().delayMs
  assert.ok(second > 40)
  group.assertCounts([0, 0, 1, 1, 1], [1, 2, 3, 3, 3])
  group.now += second
  group.join('worker6')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([0, 0, 0, 1, 1, 1], [0, 1, 2, 2, 2, 2])
  group.rebalance()
  group.assertCounts([0, 0, 0, 1, 1, 1], [2, 2, 2, 2, 2, 2])
  group.assertBalancedAndComplete()
})

test('testImmediateRevocationsWhenMaxDelayIs0: without a delay, rounds in a row may revoke', () => {
  const group = groupOf(3, 0)
  group.rebalance()
  group.join('worker2')
  group.rebalance()
  group.assertCounts([0, 2], [0, 6])
  group.join('worker3')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([0, 1, 1], [3, 3, 4])
  group.rebalance()
  group.assertNoRevocations()
  group.assertCounts([1, 1, 1], [4, 4, 4])
  group.assertBalancedAndComplete()
})

test('testSuccessiveRevocationsWhenMaxDelayIsEqualToExpBackOffInitialInterval: the wait is at most the maximum delay', () => {
  const group = groupOf(3, 1)
  group.rebalance()
  group.join('worker2')
  group.rebalance()
  group.assertCounts([0, 2], [0, 6])
  group.join('worker3')
  group.rebalance()
  group.assertDelay(1)
  group.assertCounts([0, 1, 2], [3, 3, 6])
})

test('testWorkerJoiningDuringDelayedRebalance: nothing is revoked until the delay is over', () => {
  const group = groupOf(3)
  group.rebalance()
  group.join('worker2')
  group.rebalance()
  group.assertCounts([0, 2], [0, 6])
  group.join('worker3')
  const delay = group.rebalance().delayMs
  assert.ok(delay > 0)
  group.assertNoRevocations()
  group.assertCounts([0, 1, 2], [3, 3, 6])
  group.now += delay / 2
  group.join('worker4')
  const rest = group.rebalance().delayMs
  assert.ok(rest > 0)
  group.assertNoRevocations()
  group.assertCounts([0, 0, 1, 2], [0, 3, 3, 6])
  group.now += rest
  group.join('worker5')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([0, 0, 0, 1, 1], [0, 0, 2, 3, 3])
  group.rebalance()
  group.assertDelay(0)
  group.assertNoRevocations()
  group.assertCounts([0, 0, 1, 1, 1], [2, 2, 2, 3, 3])
  group.assertBalancedAndComplete()
})

test('testTaskAssignmentWhenWorkerLeavesPermanently: its work waits for the delay and then goes to the rest', () => {
  const group = groupOf(2)
  group.join('worker2')
  group.rebalance()
  group.assertCounts([1, 1], [4, 4])
  group.leave('worker2')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS)
  group.assertNothingNew()
  group.now += MAX_DELAY_MS / 2
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS / 2)
  group.assertNothingNew()
  group.now += MAX_DELAY_MS / 2 + 1
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([2], [8])
  group.assertComplete()
})

test('testTaskAssignmentWhenWorkerBounces: who is back within the delay gets the work at its end', () => {
  const group = groupOf(2)
  group.join('worker2')
  group.rebalance()
  group.leave('worker2')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS)
  group.now += MAX_DELAY_MS / 2
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS / 2)
  group.assertNothingNew()
  group.now += MAX_DELAY_MS / 4
  group.join('worker2')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS / 4)
  group.assertNothingNew()
  group.now += MAX_DELAY_MS / 4
  group.rebalance()
  group.assertDelay(0)
  group.assertNoRevocations()
  group.assertCounts([1, 1], [4, 4])
  group.assertBalancedAndComplete()
})

test('testTaskAssignmentWhenLeaderLeavesPermanently: a new leader knows of no delay', () => {
  const group = groupOf(2)
  group.join('worker2', 'worker3')
  group.rebalance()
  group.assertCounts([0, 1, 1], [2, 3, 3])
  group.leave('worker1')
  group.changeLeader()
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([1, 1], [4, 4])
  group.assertBalancedAndComplete()
  group.rebalance()
  group.assertDelay(0)
  group.assertNothingNew()
})

test('testTaskAssignmentWhenLeaderBounces: a leader that comes back is like a new worker', () => {
  const group = groupOf(2)
  group.join('worker2', 'worker3')
  group.rebalance()
  group.leave('worker1')
  group.changeLeader()
  group.rebalance()
  group.assertCounts([1, 1], [4, 4])
  group.join('worker1')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([0, 1, 1], [0, 3, 3])
  group.rebalance()
  group.assertDelay(0)
  group.assertNoRevocations()
  group.assertCounts([0, 1, 1], [2, 3, 3])
  group.assertBalancedAndComplete()
})

test('testTaskAssignmentWhenFirstAssignmentAttemptFails: what reached nobody is assigned anew without a delay', () => {
  const group = groupOf(2)
  group.join('worker2')
  group.failedRebalance()
  group.assertDelay(0)
  group.assertCounts([0, 0], [0, 0])
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([1, 1], [4, 4])
  group.assertBalancedAndComplete()
})

for (const [name, mismatch] of [
  ['testTaskAssignmentWhenSubsequentAssignmentAttemptFails', false],
  ['testTaskAssignmentWhenSubsequentAssignmentAttemptFailsOutsideTheAssignor', true],
] as const) {
  test(`${name}: a revocation that reached nobody is repeated after the wait`, () => {
    const group = groupOf(2)
    group.join('worker2')
    group.rebalance()
    group.assertCounts([1, 1], [4, 4])
    group.join('worker3')
    group.failedRebalance()
    group.assertDelay(0)
    group.assertCounts([0, 1, 1], [0, 4, 4])
    const { delayMs } = group.rebalance([], mismatch)
    assert.ok(delayMs > 0)
    group.assertCounts([0, 1, 1], [0, 4, 4])
    group.now += delayMs
    group.rebalance()
    group.assertDelay(0)
    group.assertCounts([0, 1, 1], [0, 3, 3])
    group.rebalance()
    group.assertCounts([0, 1, 1], [2, 3, 3])
    group.assertBalancedAndComplete()
  })
}

test('testTaskAssignmentWhenConnectorsAreDeleted: what is deleted is revoked in the same round', () => {
  const group = groupOf(3)
  group.join('worker2')
  group.rebalance()
  group.assertCounts([1, 2], [6, 6])
  group.configure({ connector1: 4, connector2: 4 })
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([1, 1], [4, 4])
  group.assertBalancedAndComplete()
})

function loadOf(worker: string, from: number, count: number): WorkerLoad {
  const numbers = Array.from({ length: count }, (_, i) => from + i)
  return {
    worker,
    connectors: new Set(numbers.map((i) => `connector${i}`)),
    tasks: new Set(numbers.map((i) => `task-${i}`)),
  }
}

test('testAssignConnectorsWhenBalanced, testAssignTasksWhenBalanced: new items go round', () => {
  const loads = [0, 1, 2].map((i) => loadOf(`worker${i}`, i * 2, 2))
  for (const [kind, prefix] of [
    ['connectors', 'connector'],
    ['tasks', 'task-'],
  ] as const) {
    fillEvenly(
      loads,
      kind,
      [6, 7, 8, 9, 10].map((i) => `${prefix}${i}`),
    )
    assert.deepEqual(
      loads.map((load) => [...load[kind]].map((item) => Number(item.slice(prefix.length)))),
      [
        [0, 1, 6, 9],
        [2, 3, 7, 10],
        [4, 5, 8],
      ],
    )
  }
})

test('testAssignConnectorsWhenImbalanced: new items level the loads first', () => {
  const loads = [loadOf('worker0', 0, 2), loadOf('worker1', 2, 3), loadOf('worker2', 5, 4), loadOf('worker3', 0, 0)]
  const numbers = Array.from({ length: 15 }, (_, i) => 9 + i)
  fillEvenly(
    loads,
    'connectors',
    numbers.map((i) => `connector${i}`),
  )
  fillEvenly(
    loads,
    'tasks',
    numbers.map((i) => `task-${i}`),
  )
  for (const { connectors, tasks } of loads) assert.deepEqual([connectors.size, tasks.size], [6, 6])
})

test('testLostAssignmentHandlingWhenWorkerBounces: lost work goes to the empty worker that appeared meanwhile', () => {
  const group = threeLoaded()
  const lost = itemsOf(group.members.get('worker1'))
  group.leave('worker1')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS)
  group.now += MAX_DELAY_MS / 2
  group.join('worker1')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS / 2)
  group.now += MAX_DELAY_MS / 2
  group.rebalance()
  group.assertDelay(0)
  assert.deepEqual(itemsOf(group.members.get('worker1')), lost)
})

test('testLostAssignmentHandlingWhenWorkerLeavesPermanently: without an empty worker, lost work goes to all', () => {
  const group = threeLoaded()
  group.leave('worker1')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS)
  group.now += MAX_DELAY_MS / 2
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS / 2)
  group.now += MAX_DELAY_MS / 2
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([3, 3], [6, 6])
  group.assertBalancedAndComplete()
})

test('testLostAssignmentHandlingWithMoreThanOneCandidates: all workers that were empty during the delay share lost work', () => {
  const group = threeLoaded()
  const lost = group.members.get('worker1') as Work
  group.leave('worker1')
  group.join('worker3')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS)
  group.now += MAX_DELAY_MS / 2
  group.join('worker1')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS / 2)
  // They have got other work meanwhile, and still are the ones.
  const names = Array.from({ length: 6 }, (_, i) => `connector${i}`)
  group.configure({ ...Object.fromEntries(names.map((name) => [name, 2])), more1: 1, more2: 1 })
  group.rebalance()
  group.now += MAX_DELAY_MS / 2
  group.rebalance()
  group.assertDelay(0)
  const theirs = ['worker1', 'worker3'].map((name) => group.members.get(name) as Work)
  for (const connector of lost.connectors) assert.ok(theirs.some((work) => work.connectors.includes(connector)))
  assert.deepEqual(
    theirs.map(({ connectors, tasks }) => [connectors.length, tasks.length]),
    [
      [2, 3],
      [2, 3],
    ],
  )
})

test('testLostAssignmentHandlingWhenWorkerBouncesBackButFinallyLeaves: a candidate that is gone gets nothing', () => {
  const group = threeLoaded()
  group.leave('worker1')
  group.rebalance()
  group.now += MAX_DELAY_MS / 2
  group.join('worker1')
  group.rebalance()
  group.assertDelay(MAX_DELAY_MS / 2)
  group.now += MAX_DELAY_MS / 2
  group.leave('worker1')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([3, 3], [6, 6])
  group.assertBalancedAndComplete()
})

test('testLostAssignmentHandlingWhenScheduledDelayIsDisabled, testScheduledDelayIsDisabled: lost work is reassigned at once', () => {
  const three = threeLoaded(0)
  three.leave('worker1')
  three.rebalance()
  three.assertDelay(0)
  three.assertCounts([3, 3], [6, 6])
  const group = groupOf(2, 0)
  group.join('worker2')
  group.rebalance()
  group.leave('worker2')
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([2], [8])
  group.assertComplete()
})

/** `worker2` joins and says that it runs what `worker1` runs too. */
function joinWithDuplicates(group: AssignedGroup): void {
  const tasks = [0, 1, 2, 3].map((task) => ({ connector: 'connector1', task }))
  group.members.set('worker2', { connectors: ['connector1'], tasks })
}

test('testTaskAssignmentWhenTasksDuplicatedInWorkerAssignment: what runs twice is revoked from both', () => {
  const group = groupOf(2)
  group.rebalance()
  joinWithDuplicates(group)
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([0, 1], [0, 4])
  group.rebalance()
  group.assertDelay(0)
  group.assertNoRevocations()
  group.assertCounts([1, 1], [4, 4])
  group.assertBalancedAndComplete()
  group.rebalance()
  group.assertDelay(0)
  group.assertNothingNew()
})

test('testDuplicatedAssignmentHandleWhenTheDuplicatedAssignmentsDeleted: the rest is balanced in the same round', () => {
  const group = groupOf(2)
  group.rebalance()
  group.configure({ connector2: 4 })
  joinWithDuplicates(group)
  group.rebalance()
  group.assertDelay(0)
  group.assertCounts([0, 1], [0, 2])
  group.rebalance()
  group.assertDelay(0)
  group.assertNoRevocations()
  group.assertCounts([0, 1], [2, 2])
  group.rebalance()
  group.assertDelay(0)
  group.assertNothingNew()
})

for (const [name, version] of [
  ['testProtocolV1', 1],
  ['testProtocolV2', 2],
] as const) {
  test(`${name}, testLeaderStateUpdated: assignments have the version of the protocol, and the leader knows the owners`, async () => {
    const configured: Work = { connectors: ['c'], tasks: [{ connector: 'c', task: 0 }] }
    const view = { configOffset: () => 618, readConfigToEnd: () => Promise.resolve(), configured: () => configured }
    const leader = new GroupLeader(view, MAX_DELAY_MS)
    const url = 'http://followMe:618/'
    const metadata = encodeMetadata({ url, configOffset: 618, work: NO_WORK }, version, { id: '', url: '' })
    const assignments = await leader.assign(version, 'followMe', [{ memberId: 'followMe', metadata }])
    const bytes = assignments.get('followMe') as Uint8Array
    assert.equal(Buffer.from(bytes).readInt16BE(0), version)
    assert.deepEqual(decodeAssignment(bytes).assigned, configured)
    assert.equal(leader.connectorOwner('c'), url)
    assert.equal(leader.taskOwner({ connector: 'c', task: 0 }), url)
  })
}
