import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  Admin,
  type Cluster,
  createCluster,
  type GroupHandler,
  GroupMember,
  type GroupMemberOptions,
  type JoinedMember,
} from '../../../src/client/index.ts'
import { ErrorCode, type ProtocolError } from '../../../src/protocol/errors.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { bytes, text, until } from '../support/until.ts'

let broker: TestBroker
let cluster: Cluster
let admin: Admin

before(async () => {
  broker = await startTestBroker()
  cluster = createCluster({ bootstrapServers: [broker.bootstrap], retryBackoffMaxMs: 200 })
  admin = new Admin(cluster)
})

after(async () => {
  await cluster.close()
  await broker.close()
})

/** A member as the worker's: metadata is its name, the leader gives everybody the list of all names. */
class TestMember implements GroupHandler {
  readonly member: GroupMember
  readonly events: string[] = []
  name: string
  assignment = ''
  leader = ''
  fatal: unknown = null
  failures = 0
  holdRevoke: Promise<void> = Promise.resolve()

  constructor(groupId: string, name: string, options: Partial<GroupMemberOptions> = {}, client = cluster) {
    this.name = name
    // Broker and members share a process: a pause of it that is longer than a session ends them all.
    const sessionTimeoutMs = 10_000
    const quick = { protocolType: 'connect', sessionTimeoutMs, rebalanceTimeoutMs: 5000, heartbeatIntervalMs: 30 }
    this.member = new GroupMember(client, { groupId, ...quick, ...options }, this)
    this.member.start()
  }

  protocols() {
    return [
      { name: 'sessioned', metadata: bytes(this.name) },
      { name: 'default', metadata: bytes(this.name) },
    ]
  }

  assign(protocol: string, leaderId: string, members: JoinedMember[]): Map<string, Uint8Array> {
    assert.equal(leaderId, this.member.memberId)
    if (this.failures > 0) {
      this.failures--
      throw new Error('the leader cannot assign')
    }
    const names = members.map(({ metadata }) => text(metadata) ?? '').toSorted()
    return new Map(members.map(({ memberId }) => [memberId, bytes(`${protocol}: ${names.join(' ')}`)]))
  }

  async onRevoke(): Promise<void> {
    this.events.push('revoke')
    await this.holdRevoke
  }

  async onAssigned(_protocol: string, generation: number, memberId: string, leaderId: string, assignment: Uint8Array) {
    assert.equal(generation, this.member.generation)
    assert.equal(memberId, this.member.memberId)
    this.leader = leaderId
    this.assignment = text(assignment) ?? ''
    this.events.push('assigned')
  }

  onLost(): void {
    this.assignment = ''
    this.events.push('lost')
  }

  onFatal(error: unknown): void {
    this.fatal = error
  }
}

test('members of type connect get what the leader of their group assigns', async () => {
  const a = new TestMember('two', 'a')
  await until('a is alone', () => a.assignment === 'sessioned: a')
  assert.equal(a.leader, a.member.memberId)
  const b = new TestMember('two', 'b')
  await until('both are in', () => a.assignment === 'sessioned: a b' && b.assignment === 'sessioned: a b')
  assert.equal(a.member.generation, b.member.generation)
  assert.equal(b.leader, a.member.memberId)
  assert.deepEqual(a.events, ['assigned', 'revoke', 'assigned'])
  const [group] = await admin.describeGroups(['two'])
  assert.deepEqual([group?.state, group?.protocolType, group?.members.length], ['Stable', 'connect', 2])
  await a.member.leave()
  await until('b leads', () => b.assignment === 'sessioned: b' && b.leader === b.member.memberId)
  await b.member.leave()
  await until('the group is empty', async () => (await admin.describeGroups(['two']))[0]?.state === 'Empty')
})

test('a member keeps no connection of its own once it is in, and one for joining while it joins', async () => {
  const client = createCluster({ bootstrapServers: [broker.bootstrap] })
  const a = new TestMember('connections', 'a', {}, client)
  const count = (): number => client.meter.values()['connection-count'] ?? Number.NaN
  await until('a is in', () => a.assignment !== '')
  await until('it is closed', () => count() === 0)
  const { generation } = a.member
  const heartbeats = a.member.meter.values()['heartbeat-total'] ?? 0
  await until('heartbeats go on', () => (a.member.meter.values()['heartbeat-total'] ?? 0) > heartbeats + 2)
  assert.equal(count(), 0)
  a.member.requestRejoin('again')
  await until('a is in again', () => a.member.generation > generation && a.member.state === 'stable')
  assert.equal(client.meter.values()['connection-creation-total'], 2)
  await a.member.leave()
  await client.close()
})

test('a member whose client is closed under it ends', async () => {
  const client = createCluster({ bootstrapServers: [broker.bootstrap] })
  const a = new TestMember('cut', 'a', {}, client)
  await until('a is in', () => a.assignment !== '')
  await client.close()
  await until('a has ended', () => a.member.state === 'left')
})

test('a rejoin carries new metadata to all', async () => {
  const [a, b] = [new TestMember('rejoin', 'a'), new TestMember('rejoin', 'b')]
  await until('both are in', () => a.assignment === 'sessioned: a b' && b.assignment === 'sessioned: a b')
  b.name = 'c'
  b.member.requestRejoin('renamed')
  await until('all know', () => a.assignment === 'sessioned: a c' && b.assignment === 'sessioned: a c')
  await Promise.all([a.member.leave(), b.member.leave()])
})

test('a member stays in the group while it finishes its work before a rebalance', async () => {
  const a = new TestMember('patient', 'a', { sessionTimeoutMs: 1000 })
  await until('a is in', () => a.assignment !== '')
  let release = (): void => {}
  a.holdRevoke = new Promise((resolve) => {
    release = resolve
  })
  const b = new TestMember('patient', 'b')
  await until('a is revoking', () => a.events.includes('revoke'))
  const { memberId } = a.member
  // Longer than the session: heartbeats have to go on.
  const begun = performance.now()
  await until('time went by', () => performance.now() - begun > 1500)
  release()
  await until('both are in', () => a.assignment === 'sessioned: a b' && b.assignment === 'sessioned: a b')
  assert.equal(a.member.memberId, memberId)
  assert.deepEqual(a.events, ['assigned', 'revoke', 'assigned'])
  await Promise.all([a.member.leave(), b.member.leave()])
})

test('a member that was thrown out is told so and joins under a new id', async () => {
  const a = new TestMember('thrown', 'a')
  await until('a is in', () => a.assignment !== '')
  const { memberId } = a.member
  await admin.removeMembers('thrown', [{ memberId }])
  await until('a is in again', () => a.events.length === 3)
  assert.deepEqual(a.events, ['assigned', 'lost', 'assigned'])
  assert.notEqual(a.member.memberId, memberId)
  await a.member.leave()
})

test('a member that leaves for a while is no member meanwhile, keeps its assignment, and joins under a new id', async () => {
  const [a, b] = [new TestMember('away', 'a'), new TestMember('away', 'b')]
  await until('both are in', () => a.assignment === 'sessioned: a b' && b.assignment === 'sessioned: a b')
  const { memberId } = a.member
  const ready = Promise.withResolvers<void>()
  a.events.length = 0
  await a.member.leaveUntil(ready.promise, 'busy')
  await until('b is alone', () => b.assignment === 'sessioned: b')
  assert.deepEqual([a.assignment, a.member.generation], ['sessioned: a b', -1])
  ready.resolve()
  await until('both are in again', () => b.assignment === 'sessioned: a b' && a.events.includes('assigned'))
  assert.deepEqual(a.events, ['revoke', 'assigned'])
  assert.notEqual(a.member.memberId, memberId)
  await Promise.all([a.member.leave(), b.member.leave()])
})

test('a member that leaves in the middle of a rebalance is not joined by the answer to what it asked before', async () => {
  const [a, b] = [new TestMember('midway', 'a'), new TestMember('midway', 'b')]
  await until('both are in', () => a.assignment === 'sessioned: a b' && b.assignment === 'sessioned: a b')
  const hold = Promise.withResolvers<void>()
  b.holdRevoke = hold.promise
  a.member.requestRejoin('to wait for b')
  await until('a has asked to join', () => a.member.state === 'joining' && b.events.at(-1) === 'revoke')
  const ready = Promise.withResolvers<void>()
  await a.member.leaveUntil(ready.promise, 'busy')
  hold.resolve()
  await until('b is alone', () => b.assignment === 'sessioned: b')
  assert.equal(a.member.generation, -1)
  ready.resolve()
  await until('both are in again', () => b.assignment === 'sessioned: a b' && a.member.generation > 0)
  assert.ok(!a.events.includes('lost'))
  await Promise.all([a.member.leave(), b.member.leave()])
})

test('a leader that cannot assign tries again', async () => {
  const a = new TestMember('retry', 'a')
  a.failures = 2
  await until('a is in', () => a.assignment !== '')
  assert.equal(a.failures, 0)
  await a.member.leave()
})

test('a group of another type refuses the member for good', async () => {
  const a = new TestMember('mixed', 'a')
  await until('a is in', () => a.assignment !== '')
  const b = new TestMember('mixed', 'b', { protocolType: 'consumer' })
  await until('b failed', () => b.fatal !== null)
  assert.equal((b.fatal as ProtocolError).code, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  assert.equal(b.member.state, 'failed')
  await a.member.leave()
})

test('a second member with the same instance id ends the first one', async () => {
  const a = new TestMember('fenced', 'a', { groupInstanceId: 'only' })
  await until('a is in', () => a.assignment !== '')
  const b = new TestMember('fenced', 'b', { groupInstanceId: 'only' })
  await until('b is in', () => b.assignment !== '')
  await until('a failed', () => a.fatal !== null)
  assert.equal((a.fatal as ProtocolError).code, ErrorCode.FENCED_INSTANCE_ID)
  assert.ok(a.events.includes('lost'))
  await b.member.leave()
})

test('members come together again after the broker was restarted', async () => {
  const own = await startTestBroker()
  const client = createCluster({ bootstrapServers: [own.bootstrap], retryBackoffMaxMs: 100 })
  const [a, b] = [new TestMember('restart', 'a', {}, client), new TestMember('restart', 'b', {}, client)]
  await until('both are in', () => a.assignment === 'sessioned: a b' && b.assignment === 'sessioned: a b')
  await own.restart()
  const c = new TestMember('restart', 'c', {}, client)
  await until('all are in', () => [a, b, c].every(({ assignment }) => assignment === 'sessioned: a b c'))
  await Promise.all([a, b, c].map(({ member }) => member.leave()))
  await client.close()
  await own.close()
})

test('a member that hears nothing for its session gives its work up, and leaves at once', async () => {
  const own = await startTestBroker()
  const client = createCluster({ bootstrapServers: [own.bootstrap], requestTimeoutMs: 300 })
  const a = new TestMember('silence', 'a', { sessionTimeoutMs: 1000 }, client)
  await until('a is in', () => a.assignment !== '')
  await own.close()
  await until('a is lost', () => a.events.includes('lost'))
  const begun = performance.now()
  await a.member.leave()
  await client.close()
  assert.ok(performance.now() - begun < 1000)
  assert.equal(a.member.state, 'left')
})
