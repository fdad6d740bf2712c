import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssignedGroup, MAX_DELAY_MS } from './assigned-group.ts'

// What Kafka's own tests do not cover; those are in incremental-cooperative-assignor.test.ts.

test('a new leader, which remembers nothing, revokes what is no longer configured', () => {
  const group = new AssignedGroup()
  group.join('w1')
  group.members.set('w1', { connectors: ['gone'], tasks: [{ connector: 'gone', task: 0 }] })
  group.rebalance()
  assert.deepEqual(group.last?.revoked.get('w1'), { connectors: ['gone'], tasks: [{ connector: 'gone', task: 0 }] })
})

test('several workers that leave and come back find the group balanced again', () => {
  const group = new AssignedGroup()
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
    const group = new AssignedGroup(1_000)
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
