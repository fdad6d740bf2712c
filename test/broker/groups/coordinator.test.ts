import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { type Committer, GroupCoordinator, type OffsetToCommit } from '../../../src/broker/groups/coordinator.ts'
import { partitionForGroup } from '../../../src/broker/groups/partition-of.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { Writer } from '../../../src/protocol/primitives/writer.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { MemoryState } from './memory-state.ts'

const RETENTION = 1000000
const CHECK_INTERVAL = 60000

let clock: FakeClock
let state: MemoryState
let coordinator: GroupCoordinator

beforeEach(async () => {
  clock = new FakeClock()
  state = new MemoryState()
  coordinator = await load()
})

function load(): Promise<GroupCoordinator> {
  const options = {
    initialRebalanceDelayMs: 0,
    minSessionTimeoutMs: 6000,
    maxSessionTimeoutMs: 1800000,
    maxGroupSize: 100,
    offsetMetadataMaxBytes: 10,
    offsetsRetentionMs: RETENTION,
    offsetsRetentionCheckIntervalMs: CHECK_INTERVAL,
    loadBufferBytes: 1024,
  }
  return GroupCoordinator.load(state, options, clock, silentLogger)
}

function committer(fields: Partial<Committer> = {}): Committer {
  return {
    groupId: 'g',
    memberId: '',
    instanceId: null,
    generationId: -1,
    retentionMs: -1,
    knowsGroupIdNotFound: false,
    ...fields,
  }
}

function offset(fields: Partial<OffsetToCommit> = {}): OffsetToCommit {
  return { topic: 't', partition: 0, offset: 5, leaderEpoch: 0, metadata: '', ...fields }
}

function subscription(...topics: string[]): Uint8Array {
  const writer = new Writer(64)
  writer.int16(0)
  writer.int32(topics.length)
  for (const topic of topics) writer.string(topic)
  writer.int32(-1)
  return writer.toBytes()
}

async function joinStable(
  groupId = 'g',
  protocolType = 'consumer',
  topics = ['t'],
): Promise<{ memberId: string; generationId: number }> {
  const { memberId, generationId, errorCode } = await coordinator.join(groupId, {
    memberId: '',
    instanceId: null,
    clientId: 'c',
    clientHost: '/host',
    sessionTimeoutMs: 10000,
    rebalanceTimeoutMs: 20000,
    protocolType,
    protocols: [{ name: 'range', metadata: subscription(...topics) }],
    canBeToldItsId: false,
    canSkipAssignment: false,
  })
  assert.equal(errorCode, ErrorCode.NONE)
  const assignments = [{ memberId, assignment: Buffer.from('mine') }]
  await coordinator.sync(groupId, {
    memberId,
    instanceId: null,
    generationId,
    protocolType: null,
    protocolName: null,
    assignments,
  })
  assert.equal(coordinator.get(groupId)?.state, 'Stable')
  return { memberId, generationId }
}

test('a group lies in the partition that Kafka computes for its name', () => {
  // Values of Java: Math.abs("…".hashCode()) % 50.
  assert.equal(partitionForGroup('g', 50), 103 % 50)
  assert.equal(partitionForGroup('hello', 50), 99162322 % 50)
  assert.equal(partitionForGroup('zzzzzz', 50), Math.abs(-685785664) % 50)
  assert.equal(partitionForGroup('', 50), 0)
  assert.equal(partitionForGroup('polygenelubricants', 50), 0, 'its hash is the smallest integer')
})

test('committed offsets come back byte for byte, also after a restart, and only from a partition that was used', async () => {
  const metadata = 'naïve\0☂'
  assert.deepEqual(await coordinator.commit(committer(), [offset({ metadata, leaderEpoch: 3 })]), [ErrorCode.NONE])
  assert.deepEqual(await coordinator.commit(committer(), [offset({ partition: 1, offset: 7 })]), [ErrorCode.NONE])
  assert.deepEqual(state.used, [partitionForGroup('g', 50)])
  for (const current of [coordinator, await load()]) {
    const offsets = current.offsets('g')
    assert.equal(offsets?.get('t', 0)?.offset, 5)
    assert.equal(offsets?.get('t', 0)?.metadata, metadata)
    assert.equal(offsets?.get('t', 0)?.leaderEpoch, 3)
    assert.equal(offsets?.get('t', 1)?.offset, 7)
    assert.equal(current.get('g')?.state, 'Empty')
    assert.equal(current.get('g')?.protocolType, null)
  }
})

test('metadata that is too long is refused without touching the other offsets', async () => {
  const codes = await coordinator.commit(committer(), [offset({ metadata: '12345678901' }), offset({ partition: 1 })])
  assert.deepEqual(codes, [ErrorCode.OFFSET_METADATA_TOO_LARGE, ErrorCode.NONE])
  assert.equal(coordinator.offsets('g')?.get('t', 0), undefined)
})

test('a commit that cannot be written does not count', async () => {
  state.error = new Error('disk full')
  await assert.rejects(coordinator.commit(committer(), [offset()]), /disk full/)
  assert.equal(coordinator.offsets('g')?.get('t', 0), undefined)
})

test('who may commit depends on the state of the group', async () => {
  const error = (fields: Partial<Committer>): number => coordinator.commitError(committer(fields))
  assert.equal(error({}), ErrorCode.NONE, 'a simple consumer makes the group')
  assert.equal(error({ generationId: 3, memberId: 'm' }), ErrorCode.ILLEGAL_GENERATION)
  assert.equal(error({ generationId: 3, memberId: 'm', knowsGroupIdNotFound: true }), ErrorCode.GROUP_ID_NOT_FOUND)
  const { memberId, generationId } = await joinStable()
  assert.equal(error({}), ErrorCode.UNKNOWN_MEMBER_ID, 'the group has members')
  assert.equal(error({ memberId, generationId }), ErrorCode.NONE)
  assert.equal(error({ memberId, generationId: generationId + 1 }), ErrorCode.ILLEGAL_GENERATION)
  assert.equal(error({ memberId: 'stranger', generationId }), ErrorCode.UNKNOWN_MEMBER_ID)
  const joining = coordinator.join('g', {
    memberId: '',
    instanceId: null,
    clientId: 'c',
    clientHost: '/host',
    sessionTimeoutMs: 10000,
    rebalanceTimeoutMs: 20000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('t') }],
    canBeToldItsId: false,
    canSkipAssignment: false,
  })
  await settle()
  assert.equal(coordinator.get('g')?.state, 'PreparingRebalance')
  assert.equal(error({ memberId, generationId }), ErrorCode.NONE, 'last commits before the rebalance')
  coordinator.leave('g', memberId, null)
  const next = await joining
  assert.equal(coordinator.get('g')?.state, 'CompletingRebalance')
  assert.equal(error({ memberId: next.memberId, generationId: next.generationId }), ErrorCode.REBALANCE_IN_PROGRESS)
})

test('members survive a restart, and are taken out when they do not show up again', async () => {
  const { memberId, generationId } = await joinStable()
  coordinator = await load()
  const group = coordinator.get('g')
  assert.equal(group?.state, 'Stable')
  assert.equal(group?.leader, memberId)
  assert.equal(coordinator.heartbeat('g', memberId, null, generationId), ErrorCode.NONE)
  const again = { memberId, instanceId: null, generationId, protocolType: null, protocolName: null, assignments: [] }
  assert.equal(Buffer.from((await coordinator.sync('g', again)).assignment).toString(), 'mine')
  await clock.advance(10001)
  assert.equal(group?.state, 'Empty')
})

test('session timeouts outside the limits, an empty group id and an unknown group are refused', async () => {
  const request = {
    memberId: '',
    instanceId: null,
    clientId: 'c',
    clientHost: '/host',
    sessionTimeoutMs: 10000,
    rebalanceTimeoutMs: 20000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: subscription('t') }],
    canBeToldItsId: true,
    canSkipAssignment: false,
  }
  const code = async (groupId: string, fields = {}): Promise<number> =>
    (await coordinator.join(groupId, { ...request, ...fields })).errorCode
  assert.equal(await code(''), ErrorCode.INVALID_GROUP_ID)
  assert.equal(await code('g', { sessionTimeoutMs: 5999 }), ErrorCode.INVALID_SESSION_TIMEOUT)
  assert.equal(await code('g', { sessionTimeoutMs: 1800001 }), ErrorCode.INVALID_SESSION_TIMEOUT)
  assert.equal(await code('g', { memberId: 'm' }), ErrorCode.UNKNOWN_MEMBER_ID)
  assert.equal(await code('g', { protocols: [] }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  assert.deepEqual(coordinator.list(), [], 'failed attempts leave no group behind')
  assert.equal(coordinator.heartbeat('g', 'm', null, 1), ErrorCode.UNKNOWN_MEMBER_ID)
})

test('offsets of an empty group expire after the retention, and the group with them', async () => {
  await coordinator.commit(committer(), [offset()])
  await clock.advance(RETENTION - CHECK_INTERVAL)
  assert.equal(coordinator.offsets('g')?.get('t', 0)?.offset, 5)
  await clock.advance(2 * CHECK_INTERVAL)
  assert.equal(coordinator.get('g'), undefined)
  assert.equal((await load()).get('g'), undefined)
})

test('offsets with a retention of their own expire by it', async () => {
  await coordinator.commit(committer({ retentionMs: 1000 }), [offset()])
  await coordinator.commit(committer(), [offset({ partition: 1 })])
  await clock.advance(CHECK_INTERVAL)
  assert.equal(coordinator.offsets('g')?.get('t', 0), undefined)
  assert.equal(coordinator.offsets('g')?.get('t', 1)?.offset, 5)
})

test('while consumers are there only offsets of topics that none of them reads expire', async () => {
  const { memberId, generationId } = await joinStable('g', 'consumer', ['t'])
  await coordinator.commit(committer({ memberId, generationId }), [offset(), offset({ topic: 'old' })])
  for (let passed = 0; passed < RETENTION + CHECK_INTERVAL; passed += 5000) {
    coordinator.heartbeat('g', memberId, null, generationId)
    await clock.advance(5000)
  }
  assert.equal(coordinator.offsets('g')?.get('t', 0)?.offset, 5)
  assert.equal(coordinator.offsets('g')?.get('old', 0), undefined)
})

test('single offsets can be deleted unless somebody consumes the topic', async () => {
  const { memberId, generationId } = await joinStable('g', 'consumer', ['t'])
  await coordinator.commit(committer({ memberId, generationId }), [offset(), offset({ topic: 'old' })])
  const wanted = [
    { topic: 't', partition: 0 },
    { topic: 'old', partition: 0 },
  ]
  assert.deepEqual(await coordinator.deleteOffsets('g', wanted), {
    errorCode: ErrorCode.NONE,
    codes: [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode.NONE],
  })
  assert.equal((await load()).offsets('g')?.get('old', 0), undefined)
  assert.equal((await coordinator.deleteOffsets('none', wanted)).errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  await joinStable('workers', 'connect')
  assert.equal((await coordinator.deleteOffsets('workers', wanted)).errorCode, ErrorCode.NON_EMPTY_GROUP)
})

test('a group can be deleted once nobody is in it, and stays deleted', async () => {
  const { memberId, generationId } = await joinStable()
  await coordinator.commit(committer({ memberId, generationId }), [offset()])
  assert.equal(await coordinator.delete('g'), ErrorCode.NON_EMPTY_GROUP)
  coordinator.leave('g', memberId, null)
  await settle()
  assert.equal(await coordinator.delete('g'), ErrorCode.NONE)
  assert.equal(await coordinator.delete('g'), ErrorCode.GROUP_ID_NOT_FOUND)
  const reloaded = await load()
  assert.equal(reloaded.get('g'), undefined)
  assert.equal(reloaded.offsets('g'), undefined)
})

test('offsets of a deleted topic are gone', async () => {
  await coordinator.commit(committer(), [offset(), offset({ topic: 'other' })])
  await coordinator.forgetTopic('t')
  for (const current of [coordinator, await load()]) assert.deepEqual(current.offsets('g')?.topics(), ['other'])
})
