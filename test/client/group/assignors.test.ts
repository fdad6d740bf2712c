import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AssignableMember } from '../../../src/client/group/assignor.ts'
import { cooperativeStickyAssignor } from '../../../src/client/group/cooperative-sticky-assignor.ts'
import { rangeAssignor } from '../../../src/client/group/range-assignor.ts'
import { roundRobinAssignor } from '../../../src/client/group/round-robin-assignor.ts'
import { stickyAssignor } from '../../../src/client/group/sticky-assignor.ts'
import { partitionKey, type TopicPartition } from '../../../src/client/index.ts'

const all = [rangeAssignor, roundRobinAssignor, stickyAssignor, cooperativeStickyAssignor]

function member(memberId: string, topics: string[], owned: TopicPartition[] = [], generation = -1): AssignableMember {
  return {
    memberId,
    groupInstanceId: null,
    subscription: { topics, userData: null, ownedPartitions: owned, generation, rackId: null },
  }
}

const short = (assignment: Map<string, TopicPartition[]>): Record<string, string> =>
  Object.fromEntries([...assignment].map(([id, list]) => [id, list.map((p) => `${p.topic}${p.partition}`).join(' ')]))

test('range gives neighbouring partitions, the first members one more', () => {
  const counts = new Map([
    ['t', 3],
    ['u', 3],
  ])
  const members = [member('b', ['t', 'u']), member('a', ['t', 'u'])]
  assert.deepEqual(short(rangeAssignor.assign(members, counts)), { a: 't0 t1 u0 u1', b: 't2 u2' })
  const static1: AssignableMember = { ...member('z', ['t']), groupInstanceId: 'i' }
  assert.deepEqual(short(rangeAssignor.assign([member('a', ['t']), static1], counts)), { z: 't0 t1', a: 't2' })
})

test('round robin deals out in turn and passes over those who do not subscribe', () => {
  const counts = new Map([
    ['t', 2],
    ['u', 3],
  ])
  const members = [member('a', ['t']), member('b', ['t', 'u']), member('c', ['u'])]
  assert.deepEqual(short(roundRobinAssignor.assign(members, counts)), { a: 't0', b: 't1 u1', c: 'u0 u2' })
})

test('cooperative sticky withholds what has to move until its owner gave it up', () => {
  const counts = new Map([['t', 4]])
  const owned = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition }))
  const first = cooperativeStickyAssignor.assign([member('a', ['t'], owned, 1), member('b', ['t'])], counts)
  assert.equal(first.get('a')?.length, 2)
  assert.deepEqual(first.get('b'), [])
  const second = cooperativeStickyAssignor.assign(
    [member('a', ['t'], first.get('a'), 2), member('b', ['t'], [], 2)],
    counts,
  )
  assert.deepEqual(second.get('a'), first.get('a'))
  assert.equal(second.get('b')?.length, 2)
})

test('sticky moves no more than balance needs, going by what the members remember', () => {
  const counts = new Map([['t', 4]])
  const before = [0, 1, 2, 3].map((partition) => ({ topic: 't', partition }))
  const remembering = (memberId: string, generation: number, had: TopicPartition[]): AssignableMember => {
    const plain = member(memberId, ['t'])
    return { ...plain, subscription: { ...plain.subscription, userData: stickyAssignor.userData(generation, had) } }
  }
  const shares = stickyAssignor.assign([remembering('a', 1, before), remembering('b', -1, [])], counts)
  assert.equal(shares.get('a')?.length, 2)
  assert.equal(shares.get('b')?.length, 2, 'at once: nobody holds anything meanwhile')
  const again = stickyAssignor.assign(
    [remembering('a', 2, shares.get('a') ?? []), remembering('b', 2, shares.get('b') ?? [])],
    counts,
  )
  assert.deepEqual(again, shares)
  const broken = member('c', ['t'])
  const strange = { ...broken, subscription: { ...broken.subscription, userData: Buffer.from([0, 0, 0, 9]) } }
  assert.equal(stickyAssignor.assign([strange], counts).get('c')?.length, 4)
})

test('of two claims to a partition the one from the newer generation counts', () => {
  const claim = [{ topic: 't', partition: 0 }]
  const counts = new Map([['t', 1]])
  const newer = cooperativeStickyAssignor.assign([member('a', ['t'], claim, 3), member('b', ['t'], claim, 4)], counts)
  assert.deepEqual(short(newer), { a: '', b: 't0' })
  const equal = cooperativeStickyAssignor.assign([member('a', ['t'], claim, 4), member('b', ['t'], claim, 4)], counts)
  assert.equal([...equal.values()].flat().length, 1)
})

const group = fc.record({
  counts: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 }),
  subscriptions: fc.array(fc.subarray([0, 1, 2, 3, 4, 5]), { minLength: 1, maxLength: 6 }),
})

function make({ counts, subscriptions }: { counts: number[]; subscriptions: number[][] }) {
  const partitionCounts = new Map(counts.map((count, i) => [`t${i}`, count]))
  const members = subscriptions.map((topics, i) =>
    member(
      `m${i}`,
      topics.map((t) => `t${t}`),
    ),
  )
  return { partitionCounts, members }
}

/** Rounds of the cooperative protocol until nobody has to give anything up. */
function settle(members: AssignableMember[], counts: Map<string, number>): Map<string, TopicPartition[]> {
  let current = members
  for (let generation = 1; ; generation++) {
    assert.ok(generation < 6, 'the rounds come to an end')
    const result = cooperativeStickyAssignor.assign(current, counts)
    const owned = new Map(current.map(({ memberId, subscription }) => [memberId, subscription.ownedPartitions]))
    const isSettled = [...owned].every(([id, list]) => {
      const kept = new Set(result.get(id)?.map(({ topic, partition }) => partitionKey(topic, partition)))
      return list.every(({ topic, partition }) => kept.has(partitionKey(topic, partition)))
    })
    if (isSettled) return result
    current = current.map((m) => ({
      ...m,
      subscription: { ...m.subscription, ownedPartitions: result.get(m.memberId) ?? [], generation },
    }))
  }
}

for (const assignor of all) {
  test(`${assignor.name} gives every partition that somebody subscribes to exactly one member that does`, () => {
    fc.assert(
      fc.property(group, (input) => {
        const { partitionCounts, members } = make(input)
        const result = assignor.assign(members, partitionCounts)
        assert.deepEqual([...result.keys()].toSorted(), members.map(({ memberId }) => memberId).toSorted())
        const seen = new Set<string>()
        for (const { memberId, subscription } of members) {
          for (const { topic, partition } of result.get(memberId) ?? []) {
            assert.ok(subscription.topics.includes(topic))
            assert.ok(!seen.has(partitionKey(topic, partition)))
            seen.add(partitionKey(topic, partition))
          }
        }
        const topics = new Set(members.flatMap(({ subscription }) => subscription.topics))
        const wanted = [...topics].reduce((sum, topic) => sum + (partitionCounts.get(topic) ?? 0), 0)
        assert.equal(seen.size, wanted)
      }),
    )
  })
}

test('cooperative sticky ends balanced, keeping as much as that allows', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 6 }),
      (partitions, before, after) => {
        const counts = new Map([['t', partitions]])
        const make = (n: number, owned: Map<string, TopicPartition[]>): AssignableMember[] =>
          Array.from({ length: n }, (_, i) => member(`m${i}`, ['t'], owned.get(`m${i}`) ?? [], 1))
        const first = settle(make(before, new Map()), counts)
        const second = settle(make(after, first), counts)
        const sizes = [...second.values()].map(({ length }) => length)
        assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join())
        for (const [id, list] of second) {
          const had = first.get(id) ?? []
          const kept = list.filter(({ partition }) => had.some((p) => p.partition === partition)).length
          assert.ok(kept >= Math.min(had.length, Math.floor(partitions / after)), `${id} kept ${kept} of ${had.length}`)
        }
      },
    ),
  )
})
