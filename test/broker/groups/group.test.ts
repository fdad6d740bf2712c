import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { ClassicGroup, type GroupState } from '../../../src/broker/groups/group.ts'
import type { JoinResult, SyncResult } from '../../../src/broker/groups/member.ts'
import type { JoinRequest } from '../../../src/broker/groups/requests.ts'
import { newMember } from '../../../src/broker/groups/roster.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { FakeClock, settle } from './fake-clock.ts'

const SESSION = 10000
const REBALANCE = 60000
const INITIAL_DELAY = 3000
const bytes = (text: string): Uint8Array => Buffer.from(text)

let clock: FakeClock
let group: ClassicGroup
let persisted: GroupState[]
let persistError: Error | null

beforeEach(() => {
  clock = new FakeClock()
  persisted = []
  persistError = null
  group = makeGroup()
})

function makeGroup(options: { initialRebalanceDelayMs?: number; maxSize?: number } = {}): ClassicGroup {
  return new ClassicGroup('g', {
    clock,
    initialRebalanceDelayMs: options.initialRebalanceDelayMs ?? 0,
    maxSize: options.maxSize ?? 100,
    async persist(changed) {
      persisted.push(changed.state)
      if (persistError !== null) throw persistError
    },
  })
}

function request(fields: Partial<JoinRequest> = {}): JoinRequest {
  return {
    memberId: '',
    instanceId: null,
    clientId: 'client',
    clientHost: '/127.0.0.1',
    sessionTimeoutMs: SESSION,
    rebalanceTimeoutMs: REBALANCE,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: bytes('m') }],
    canBeToldItsId: false,
    canSkipAssignment: false,
    ...fields,
  }
}

/** A request that may still wait for its answer. */
class Parked<T> {
  result: T | null = null

  get isWaiting(): boolean {
    return this.result === null
  }

  constructor(promise: Promise<T>) {
    void promise.then((result) => {
      this.result = result
    })
  }
}

function join(fields: Partial<JoinRequest> = {}): Parked<JoinResult> {
  return new Parked(group.join(request(fields)))
}

function sync(memberId: string, generationId: number, assignments: Record<string, string> = {}): Parked<SyncResult> {
  return new Parked(
    group.sync({
      memberId,
      instanceId: null,
      generationId,
      protocolType: null,
      protocolName: null,
      assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: bytes(text) })),
    }),
  )
}

/** Brings a group of `count` members to Stable; gives their ids, the leader's first. */
async function stable(count: number, fields: Partial<JoinRequest>[] = []): Promise<string[]> {
  const first = join(fields[0])
  await settle()
  let ids = [first.result?.memberId ?? '']
  for (let i = 1; i < count; i++) {
    const next = join(fields[i])
    await settle()
    const again = ids.map((memberId, at) => join({ ...fields[at], memberId }))
    await settle()
    ids = [...again.map(({ result }) => result?.memberId ?? ''), next.result?.memberId ?? '']
  }
  const leader = group.leader ?? ''
  for (const id of ids) if (id !== leader) sync(id, group.generation)
  sync(leader, group.generation, Object.fromEntries(ids.map((id) => [id, `for ${id}`])))
  await settle()
  assert.equal(group.state, 'Stable')
  return [leader, ...ids.filter((id) => id !== leader)]
}

const errorOf = (parked: Parked<{ errorCode: number }>): number | undefined => parked.result?.errorCode

describe('joining', () => {
  test('a member of a client that cannot be told its id is joined at once and leads generation 1', async () => {
    const member = join()
    await settle()
    assert.equal(errorOf(member), ErrorCode.NONE)
    assert.equal(member.result?.generationId, 1)
    assert.equal(member.result?.leader, member.result?.memberId)
    assert.deepEqual(
      member.result?.members.map(({ memberId }) => memberId),
      [member.result?.memberId],
    )
    assert.equal(group.state, 'CompletingRebalance')
  })

  test('a client that can be told its id gets one first, and is forgotten when it does not come back', async () => {
    const told = join({ canBeToldItsId: true })
    await settle()
    assert.equal(errorOf(told), ErrorCode.MEMBER_ID_REQUIRED)
    const memberId = told.result?.memberId ?? ''
    assert.match(memberId, /^client-/)
    await clock.advance(SESSION + 1)
    const late = join({ memberId, canBeToldItsId: true })
    await settle()
    assert.equal(errorOf(late), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.equal(group.isUnused, true)
  })

  test('a pending member holds up the rebalance until it joins', async () => {
    const [leader = ''] = await stable(1)
    const told = join({ canBeToldItsId: true })
    const second = join()
    const back = join({ memberId: leader })
    await settle()
    assert.ok(second.isWaiting)
    assert.ok(back.isWaiting)
    const joined = join({ memberId: told.result?.memberId ?? '', canBeToldItsId: true })
    await settle()
    for (const parked of [second, back, joined]) assert.equal(parked.result?.generationId, 2)
    assert.equal(back.result?.members.length, 3)
  })

  test('the first rebalance of an empty group waits for more members, at most the rebalance timeout', async () => {
    group = makeGroup({ initialRebalanceDelayMs: INITIAL_DELAY })
    const first = join()
    await clock.advance(INITIAL_DELAY - 1)
    const second = join()
    await clock.advance(1)
    assert.ok(first.isWaiting, 'extended, for the second has come')
    await clock.advance(INITIAL_DELAY)
    assert.equal(first.result?.generationId, 1)
    assert.equal(second.result?.generationId, 1)
    assert.equal(first.result?.members.length, 2)
    assert.equal(second.result?.members.length, 0, 'only the leader learns who is there')
  })

  test('a group that is full refuses newcomers', async () => {
    group = makeGroup({ maxSize: 1 })
    await stable(1)
    const second = join()
    await settle()
    assert.equal(errorOf(second), ErrorCode.GROUP_MAX_SIZE_REACHED)
  })

  test('another protocol type, no common protocol, or none at all is refused', async () => {
    await stable(1)
    const others = [
      join({ protocolType: 'connect' }),
      join({ protocols: [{ name: 'sticky', metadata: bytes('') }] }),
      join({ protocols: [] }),
    ]
    await settle()
    assert.deepEqual(others.map(errorOf), Array(3).fill(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
    assert.equal(group.state, 'Stable')
  })

  test('members settle on the protocol that most vote for among those that all know', async () => {
    const protocols = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: bytes(name) })) })
    await stable(3, [protocols('a', 'b'), protocols('b', 'a'), protocols('c', 'b', 'a')])
    assert.equal(group.protocol, 'b')
  })

  test('a follower that joins again unchanged is answered with the present generation', async () => {
    const [, follower = ''] = await stable(2)
    const again = join({ memberId: follower })
    await settle()
    assert.equal(again.result?.generationId, 2)
    assert.equal(group.state, 'Stable')
  })

  test('a member that joins again changed, and the leader in any case, begins a rebalance', async () => {
    const [leader = '', follower = ''] = await stable(2)
    const changed = join({ memberId: follower, protocols: [{ name: 'range', metadata: bytes('other') }] })
    await settle()
    assert.equal(group.state, 'PreparingRebalance')
    assert.ok(changed.isWaiting)
    const back = join({ memberId: leader })
    await settle()
    assert.equal(back.result?.generationId, 3)
    assert.equal(changed.result?.generationId, 3)
  })

  test('while assignments are awaited, an unchanged member is answered again and a newcomer begins anew', async () => {
    const first = join()
    await settle()
    const memberId = first.result?.memberId ?? ''
    const retried = join({ memberId })
    await settle()
    assert.equal(retried.result?.generationId, 1)
    join()
    await settle()
    assert.equal(group.state, 'PreparingRebalance')
    assert.equal(group.heartbeat(memberId, null, 1), ErrorCode.REBALANCE_IN_PROGRESS)
  })

  test('an id that the group does not know is refused', async () => {
    await stable(1)
    const stranger = join({ memberId: 'stranger' })
    await settle()
    assert.equal(errorOf(stranger), ErrorCode.UNKNOWN_MEMBER_ID)
  })
})

describe('a rebalance', () => {
  test('goes on without the members that do not come back within the largest rebalance timeout', async () => {
    const [leader = '', follower = ''] = await stable(2)
    const third = join()
    await settle()
    for (let passed = 0; passed < REBALANCE; passed += 5000) {
      assert.ok(third.isWaiting)
      group.heartbeat(leader, null, 2)
      group.heartbeat(follower, null, 2)
      await clock.advance(5000)
    }
    assert.equal(third.result?.generationId, 3)
    assert.equal(third.result?.leader, third.result?.memberId, 'the old leader is gone')
    assert.deepEqual(
      group.members.map(({ id }) => id),
      [third.result?.memberId],
    )
  })

  test('drops those that do not ask for their assignment in time', async () => {
    const [leader = ''] = await stable(1)
    const second = join()
    const back = join({ memberId: leader })
    await settle()
    sync(back.result?.memberId ?? '', 2, {})
    await settle()
    assert.equal(group.state, 'Stable')
    const silent = second.result?.memberId ?? ''
    for (let passed = 0; passed < REBALANCE; passed += 5000) {
      group.heartbeat(leader, null, 2)
      group.heartbeat(silent, null, 2)
      await clock.advance(5000)
    }
    assert.equal(
      group.members.some(({ id }) => id === silent),
      false,
    )
    assert.equal(group.state, 'PreparingRebalance')
  })

  test('answers syncs that wait with REBALANCE_IN_PROGRESS', async () => {
    const [leader = ''] = await stable(1)
    const second = join()
    join({ memberId: leader })
    await settle()
    const waiting = sync(second.result?.memberId ?? '', 2)
    await settle()
    assert.ok(waiting.isWaiting)
    join()
    await settle()
    assert.equal(errorOf(waiting), ErrorCode.REBALANCE_IN_PROGRESS)
  })
})

describe('syncing', () => {
  test('followers wait for the leader, whose assignments are stored first; whoever is left out gets nothing', async () => {
    const first = join()
    await settle()
    const second = join()
    join({ memberId: first.result?.memberId ?? '' })
    await settle()
    const leader = first.result?.memberId ?? ''
    const follower = second.result?.memberId ?? ''
    const waiting = sync(follower, 2)
    await settle()
    assert.ok(waiting.isWaiting)
    const leading = sync(leader, 2, { [leader]: 'all of it' })
    await settle()
    assert.deepEqual(persisted, ['CompletingRebalance'])
    assert.equal(Buffer.from(leading.result?.assignment ?? []).toString(), 'all of it')
    assert.equal(waiting.result?.errorCode, ErrorCode.NONE)
    assert.equal(waiting.result?.assignment.length, 0)
    assert.equal(group.state, 'Stable')
  })

  test('a follower that asks in Stable is answered from what is stored', async () => {
    const [, follower = ''] = await stable(2)
    const again = sync(follower, 2)
    await settle()
    assert.equal(Buffer.from(again.result?.assignment ?? []).toString(), `for ${follower}`)
  })

  test('assignments that cannot be stored are refused, and the group tries again', async () => {
    const first = join()
    await settle()
    persistError = new Error('disk full')
    const leading = sync(first.result?.memberId ?? '', 1, {})
    await settle()
    assert.equal(errorOf(leading), ErrorCode.COORDINATOR_NOT_AVAILABLE)
    assert.equal(group.state, 'PreparingRebalance')
  })

  test('strangers, old generations and other protocols are refused', async () => {
    const [leader = ''] = await stable(1)
    const answers = [
      await group.sync({ ...plainSync, memberId: 'stranger', generationId: 1 }),
      await group.sync({ ...plainSync, memberId: leader, generationId: 7 }),
      await group.sync({ ...plainSync, memberId: leader, generationId: 1, protocolType: 'connect' }),
      await group.sync({ ...plainSync, memberId: leader, generationId: 1, protocolName: 'sticky' }),
    ]
    assert.deepEqual(
      answers.map(({ errorCode }) => errorCode),
      [
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
      ],
    )
  })
})

const plainSync = { instanceId: null, protocolType: null, protocolName: null, assignments: [] }

describe('staying and leaving', () => {
  test('heartbeats answer by state: none needed in Stable, join again in PreparingRebalance', async () => {
    const [leader = '', follower = ''] = await stable(2)
    assert.equal(group.heartbeat(follower, null, 2), ErrorCode.NONE)
    assert.equal(group.heartbeat(follower, null, 1), ErrorCode.ILLEGAL_GENERATION)
    assert.equal(group.heartbeat('stranger', null, 2), ErrorCode.UNKNOWN_MEMBER_ID)
    join({ memberId: leader })
    assert.equal(group.heartbeat(follower, null, 2), ErrorCode.REBALANCE_IN_PROGRESS)
  })

  test('a heartbeat during the rebalance prolongs the session', async () => {
    const [leader = '', follower = ''] = await stable(2)
    const back = join({ memberId: leader })
    for (let i = 0; i < 4; i++) {
      await clock.advance(SESSION - 1)
      assert.equal(group.heartbeat(follower, null, 2), ErrorCode.REBALANCE_IN_PROGRESS)
    }
    assert.ok(back.isWaiting, 'the follower is still waited for')
  })

  test('a member that is silent for its session timeout is taken out; the last one leaves the group Empty', async () => {
    const [leader = '', follower = ''] = await stable(2)
    await clock.advance(SESSION - 1)
    group.heartbeat(leader, null, 2)
    await clock.advance(2)
    assert.deepEqual(
      group.members.map(({ id }) => id),
      [leader],
    )
    assert.equal(group.heartbeat(follower, null, 2), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.equal(group.state, 'PreparingRebalance')
    await clock.advance(SESSION)
    assert.equal(group.state, 'Empty')
    assert.equal(group.generation, 3)
    assert.equal(persisted.at(-1), 'Empty')
  })

  test('a member whose JoinGroup waits does not run out, but one that never was in a generation does after 5 minutes', async () => {
    const [leader = ''] = await stable(1, [{ rebalanceTimeoutMs: 600000 }])
    const newcomer = join({ rebalanceTimeoutMs: 600000 })
    for (let passed = 0; passed < 300000; passed += 5000) {
      assert.ok(newcomer.isWaiting)
      group.heartbeat(leader, null, 1)
      await clock.advance(5000)
    }
    assert.equal(errorOf(newcomer), ErrorCode.UNKNOWN_MEMBER_ID)
  })

  test('whoever leaves is gone at once and the others rebalance', async () => {
    const [leader = '', follower = ''] = await stable(2)
    assert.equal(group.leave(leader, null), ErrorCode.NONE)
    assert.equal(group.leave(leader, null), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.equal(group.state, 'PreparingRebalance')
    const back = join({ memberId: follower })
    await settle()
    assert.equal(back.result?.leader, follower)
    assert.equal(back.result?.generationId, 3)
  })

  test('a pending member may leave', async () => {
    const told = join({ canBeToldItsId: true })
    await settle()
    assert.equal(group.leave(told.result?.memberId ?? '', null), ErrorCode.NONE)
    assert.equal(group.isUnused, true)
    assert.equal(clock.pendingTimers, 0)
  })

  test('closing answers all that waits and stops every timer', async () => {
    await stable(2)
    const waiting = join()
    await settle()
    group.close()
    await settle()
    assert.equal(errorOf(waiting), ErrorCode.NOT_COORDINATOR)
    assert.equal(clock.pendingTimers, 0)
    assert.equal(group.state, 'Dead')
  })
})

describe('static members', () => {
  const one = { instanceId: 'one' }
  const two = { instanceId: 'two' }

  test('need no second step, and their id begins with the instance id', async () => {
    const member = join({ ...one, canBeToldItsId: true })
    await settle()
    assert.equal(errorOf(member), ErrorCode.NONE)
    assert.match(member.result?.memberId ?? '', /^one-/)
  })

  test('that come back unchanged take their place without a rebalance, and the old id is fenced', async () => {
    const [leader = '', follower = ''] = await stable(2, [one, two])
    const back = join({ ...two, canSkipAssignment: true })
    await settle()
    assert.equal(back.result?.generationId, 2)
    assert.equal(back.result?.leader, leader)
    assert.equal(group.state, 'Stable')
    assert.notEqual(back.result?.memberId, follower)
    assert.equal(group.heartbeat(follower, 'two', 2), ErrorCode.FENCED_INSTANCE_ID)
    assert.equal(group.heartbeat(back.result?.memberId ?? '', 'two', 2), ErrorCode.NONE)
    assert.equal(persisted.length, 2, 'the new id is stored')
  })

  test('a leader that comes back is told to skip the assignment, or, if it cannot, that its former self leads', async () => {
    const [leader = ''] = await stable(2, [one, two])
    const modern = join({ ...one, canSkipAssignment: true })
    await settle()
    assert.equal(modern.result?.skipAssignment, true)
    assert.equal(modern.result?.leader, modern.result?.memberId)
    assert.equal(modern.result?.members.length, 2)
    assert.notEqual(modern.result?.memberId, leader)
    const old = join(one)
    await settle()
    assert.equal(old.result?.skipAssignment, false)
    assert.equal(old.result?.leader, modern.result?.memberId)
    assert.equal(old.result?.members.length, 0)
  })

  test('that come back with another subscription take their place too, and the next rebalance shows it', async () => {
    const [leader = '', follower = ''] = await stable(2, [one, two])
    const back = join({ ...two, protocols: [{ name: 'range', metadata: bytes('other') }] })
    await settle()
    assert.equal(back.result?.generationId, 2)
    assert.equal(group.state, 'Stable')
    const memberId = back.result?.memberId ?? ''
    const synced = sync(memberId, 2)
    const rejoined = [join({ ...one, memberId: leader }), join({ ...two, memberId })]
    await settle()
    assert.equal(Buffer.from(synced.result?.assignment ?? []).toString(), `for ${follower}`)
    assert.equal(rejoined[0]?.result?.generationId, 3)
    const second = join({ ...two, protocols: [{ name: 'range', metadata: bytes('third') }] })
    await settle()
    assert.ok(second.isWaiting, 'while assignments are awaited they begin a rebalance')
    const led = join({ ...one, memberId: leader })
    await settle()
    assert.deepEqual(
      led.result?.members.map(({ metadata }) => Buffer.from(metadata).toString()),
      ['m', 'third'],
    )
  })

  test('that come back begin a rebalance if the group would settle on another protocol', async () => {
    const protocols = (...names: string[]) => ({ protocols: names.map((name) => ({ name, metadata: bytes(name) })) })
    const both = protocols('range', 'sticky')
    const [leader = ''] = await stable(2, [
      { ...one, ...both },
      { ...two, ...both },
    ])
    join({ ...two, ...protocols('sticky', 'range') })
    await settle()
    assert.deepEqual([group.state, group.protocol], ['Stable', 'range'])
    const back = join({ ...two, ...protocols('sticky') })
    await settle()
    assert.equal(group.state, 'PreparingRebalance')
    join({ ...one, ...both, memberId: leader })
    await settle()
    assert.deepEqual([back.result?.generationId, back.result?.protocolName], [3, 'sticky'])
  })

  test('that come back after the group was read from its log, which keeps one protocol, take their place', async () => {
    group.restore({
      generation: 7,
      protocolType: 'consumer',
      protocol: 'range',
      leader: 'one-1',
      stateSince: -1,
      members: ['one', 'two'].map((instanceId) => ({
        ...newMember(`${instanceId}-1`, request({ instanceId })),
        assignment: bytes(`for ${instanceId}`),
      })),
    })
    const back = join({ ...two, protocols: ['range', 'sticky'].map((name) => ({ name, metadata: bytes('m') })) })
    await settle()
    assert.equal(back.result?.generationId, 7)
    assert.equal(group.state, 'Stable')
  })

  test('keep their place in a rebalance until their session ends', async () => {
    const [leader = ''] = await stable(2, [
      { ...one, rebalanceTimeoutMs: 5000 },
      { ...two, rebalanceTimeoutMs: 5000 },
    ])
    const back = join({ memberId: leader, ...one, rebalanceTimeoutMs: 5000 })
    await clock.advance(5000)
    assert.equal(back.result?.generationId, 3)
    assert.equal(group.members.length, 2, 'the one that has not come back is still a member')
    await clock.advance(SESSION)
    assert.equal(
      group.members.some(({ instanceId }) => instanceId === 'two'),
      false,
    )
  })

  test('can be taken out by their instance id alone', async () => {
    await stable(2, [one, two])
    assert.equal(group.leave('', 'two'), ErrorCode.NONE)
    assert.equal(group.leave('', 'two'), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.equal(group.leave('wrong', 'one'), ErrorCode.FENCED_INSTANCE_ID)
  })

  test('an instance id of somebody else, or that is unknown, is refused', async () => {
    const [leader = ''] = await stable(2, [one, two])
    const answers = [join({ memberId: leader, ...two }), join({ memberId: leader, instanceId: 'three' })]
    await settle()
    assert.deepEqual(answers.map(errorOf), [ErrorCode.FENCED_INSTANCE_ID, ErrorCode.UNKNOWN_MEMBER_ID])
  })
})
