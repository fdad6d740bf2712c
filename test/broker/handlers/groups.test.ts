import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import {
  CreateTopics,
  DeleteGroups,
  DeleteTopics,
  DescribeGroups,
  FindCoordinator,
  Heartbeat,
  JoinGroup,
  LeaveGroup,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  SyncGroup,
} from '../../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { WireClient } from '../../support/wire-client.ts'

let broker: TestBroker
let client: WireClient
let topicId = ''
before(async () => {
  broker = await startTestBroker()
  client = await WireClient.connect(broker.port)
  const { topics } = await client.send(CreateTopics, 7, {
    topics: [{ name: 't', numPartitions: 2, replicationFactor: 1 }],
  })
  topicId = topics[0]?.topicId ?? ''
})
after(async () => {
  client.close()
  await broker.close()
})

const bytes = (text: string): Uint8Array => Buffer.from(text)

async function join(
  groupId: string,
  version: number,
  memberId = '',
): Promise<{ memberId: string; generationId: number; leader: string }> {
  const answer = await client.send(JoinGroup, version, {
    groupId,
    sessionTimeoutMs: 10000,
    rebalanceTimeoutMs: 10000,
    memberId,
    protocolType: 'test',
    protocols: [{ name: 'p', metadata: bytes('hello') }],
  })
  if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) return join(groupId, version, answer.memberId)
  assert.equal(answer.errorCode, ErrorCode.NONE)
  return answer
}

test('the broker coordinates every group itself, and says that it does not coordinate transactions', async () => {
  for (let version = 0; version <= 6; version++) {
    const answer = await client.send(FindCoordinator, version, { key: 'g', keyType: 0, coordinatorKeys: ['g'] })
    const found = version >= 4 ? answer.coordinators[0] : answer
    assert.deepEqual(
      [found?.errorCode, found?.nodeId, found?.host, found?.port],
      [ErrorCode.NONE, 0, '127.0.0.1', broker.port],
    )
  }
  const refused = await client.send(FindCoordinator, 2, { key: 'tx', keyType: 1 })
  assert.equal(refused.errorCode, ErrorCode.INVALID_REQUEST)
  assert.match(refused.errorMessage ?? '', /transactions/)
})

test('a member joins, syncs, stays and leaves in every version', async () => {
  for (let version = 0; version <= 9; version++) {
    const groupId = `life-${version}`
    const { memberId, generationId, leader } = await join(groupId, version)
    assert.equal(leader, memberId)
    const synced = await client.send(SyncGroup, Math.min(version, 5), {
      groupId,
      generationId,
      memberId,
      protocolType: 'test',
      protocolName: 'p',
      assignments: [{ memberId, assignment: bytes('work') }],
    })
    assert.equal(Buffer.from(synced.assignment).toString(), 'work')
    const small = Math.min(version, 4)
    assert.equal((await client.send(Heartbeat, small, { groupId, generationId, memberId })).errorCode, ErrorCode.NONE)
    const leaving = Math.min(version, 5)
    const left = await client.send(LeaveGroup, leaving, {
      groupId,
      memberId,
      members: [{ memberId }, { memberId: 'stranger' }],
    })
    assert.equal(left.errorCode, ErrorCode.NONE)
    if (leaving >= 3) {
      assert.deepEqual(
        left.members.map(({ errorCode }) => errorCode),
        [ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID],
      )
    }
  }
})

test('groups are described while they live and when they are gone', async () => {
  const { memberId, generationId } = await join('shown', 5)
  const assignments = [{ memberId, assignment: bytes('work') }]
  await client.send(SyncGroup, 3, { groupId: 'shown', generationId, memberId, assignments })
  for (let version = 0; version <= 6; version++) {
    const { groups } = await client.send(DescribeGroups, version, { groups: ['shown', 'nobody'] })
    const [shown, nobody] = groups
    assert.deepEqual([shown?.groupState, shown?.protocolType, shown?.protocolData], ['Stable', 'test', 'p'])
    const [member] = shown?.members ?? []
    assert.deepEqual([member?.memberId, member?.clientId, member?.clientHost], [memberId, 'test', '/127.0.0.1'])
    assert.equal(Buffer.from(member?.memberMetadata ?? []).toString(), 'hello')
    assert.equal(Buffer.from(member?.memberAssignment ?? []).toString(), 'work')
    assert.equal(nobody?.groupState, 'Dead')
    assert.equal(nobody?.errorCode, version >= 6 ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE)
  }
  const listed = async (statesFilter: string[], typesFilter: string[] = []) =>
    (await client.send(ListGroups, 5, { statesFilter, typesFilter })).groups.map(({ groupId }) => groupId)
  assert.deepEqual(await listed(['stable']), ['shown'])
  assert.deepEqual(await listed(['Dead']), [])
  assert.deepEqual(await listed([], ['consumer']), [])
  assert.ok((await listed([], ['Classic'])).includes('shown'))
  assert.equal(
    (await client.send(DeleteGroups, 1, { groupsNames: ['shown'] })).results[0]?.errorCode,
    ErrorCode.NON_EMPTY_GROUP,
  )
  await client.send(LeaveGroup, 1, { groupId: 'shown', memberId })
  const { results } = await client.send(DeleteGroups, 2, { groupsNames: ['shown', 'nobody', ''] })
  assert.deepEqual(
    results.map(({ errorCode }) => errorCode),
    [ErrorCode.NONE, ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.INVALID_GROUP_ID],
  )
})

test('offsets are committed and fetched in every version', async () => {
  for (let version = 2; version <= 10; version++) {
    const partitions = [
      { partitionIndex: 0, committedOffset: version, committedMetadata: `m${version}` },
      { partitionIndex: 7, committedOffset: 1, committedMetadata: null },
    ]
    const { topics } = await client.send(OffsetCommit, version, {
      groupId: 'offsets',
      topics: [{ name: 't', topicId, partitions }],
    })
    assert.deepEqual(
      topics[0]?.partitions.map(({ errorCode }) => errorCode),
      [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    )
    for (let fetchVersion = 1; fetchVersion <= 10; fetchVersion++) {
      const wanted = [{ name: 't', topicId, partitionIndexes: [0, 1] }]
      const answer = await client.send(OffsetFetch, fetchVersion, {
        groupId: 'offsets',
        topics: wanted,
        groups: [{ groupId: 'offsets', topics: wanted }],
      })
      const found = (fetchVersion >= 8 ? answer.groups[0] : answer)?.topics[0]?.partitions ?? []
      assert.deepEqual(
        found.map(({ committedOffset, metadata, errorCode }) => [committedOffset, metadata, errorCode]),
        [
          [version, `m${version}`, ErrorCode.NONE],
          [-1, '', ErrorCode.NONE],
        ],
      )
    }
  }
  const all = await client.send(OffsetFetch, 8, {
    groups: [
      { groupId: 'offsets', topics: null },
      { groupId: 'nobody', topics: null },
    ],
  })
  assert.deepEqual(
    all.groups.map(({ topics, errorCode }) => [topics.length, errorCode]),
    [
      [1, 0],
      [0, 0],
    ],
  )
})

test('an unknown topic id is told in commits and fetches by id', async () => {
  const unknown = 'AAAAAAAAAAAAAAAAAAAAAQ'
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
  const committed = await client.send(OffsetCommit, 10, {
    groupId: 'offsets',
    topics: [{ topicId: unknown, partitions }],
  })
  assert.equal(committed.topics[0]?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  const groups = [{ groupId: 'offsets', topics: [{ topicId: unknown, partitionIndexes: [0] }] }]
  const fetched = await client.send(OffsetFetch, 10, { groups })
  assert.equal(fetched.groups[0]?.topics[0]?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
})

test('offsets go when they are deleted, and with their topic', async () => {
  await client.send(CreateTopics, 7, { topics: [{ name: 'gone', numPartitions: 1, replicationFactor: 1 }] })
  const commit = (name: string, partitionIndex: number) =>
    client.send(OffsetCommit, 7, {
      groupId: 'cleaned',
      topics: [{ name, partitions: [{ partitionIndex, committedOffset: 1, committedMetadata: '' }] }],
    })
  await commit('t', 0)
  await commit('t', 1)
  await commit('gone', 0)
  const wanted = [{ name: 't', partitions: [{ partitionIndex: 0 }] }]
  const deleted = await client.send(OffsetDelete, 0, { groupId: 'cleaned', topics: wanted })
  assert.deepEqual([deleted.errorCode, deleted.topics[0]?.partitions[0]?.errorCode], [ErrorCode.NONE, ErrorCode.NONE])
  assert.equal(
    (await client.send(OffsetDelete, 0, { groupId: 'nobody', topics: wanted })).errorCode,
    ErrorCode.GROUP_ID_NOT_FOUND,
  )
  await client.send(DeleteTopics, 4, { topicNames: ['gone'] })
  const left = await client.send(OffsetFetch, 7, { groupId: 'cleaned', topics: null })
  assert.deepEqual(
    left.topics.map(({ name, partitions }) => [name, partitions.map(({ partitionIndex }) => partitionIndex)]),
    [['t', [1]]],
  )
})

test('a member goes on after a restart of the broker as if nothing had happened', async () => {
  const { memberId, generationId } = await join('durable', 5)
  const assignments = [{ memberId, assignment: bytes('work') }]
  await client.send(SyncGroup, 3, { groupId: 'durable', generationId, memberId, assignments })
  client.close()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  assert.equal(
    (await client.send(Heartbeat, 3, { groupId: 'durable', generationId, memberId })).errorCode,
    ErrorCode.NONE,
  )
  const again = await client.send(SyncGroup, 3, { groupId: 'durable', generationId, memberId, assignments: [] })
  assert.equal(Buffer.from(again.assignment).toString(), 'work')
})
