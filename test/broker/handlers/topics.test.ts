import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  DescribeCluster,
  DescribeTopicPartitions,
  Metadata,
  type RequestInput,
  type ResponseOf,
} from '../../../src/protocol/messages/index.ts'
import { ZERO_UUID } from '../../../src/protocol/primitives/uuid.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { WireClient } from '../../support/wire-client.ts'

let broker: TestBroker
let client: WireClient
before(async () => {
  broker = await startTestBroker({ 'num.partitions': '2', 'node.id': '7' })
  client = await WireClient.connect(broker.port)
})
after(async () => {
  client.close()
  await broker.close()
})

type NewTopic = NonNullable<RequestInput<typeof CreateTopics>['topics']>[number]

async function create(topic: NewTopic, options: { version?: number; validateOnly?: boolean } = {}) {
  const body = {
    topics: [{ numPartitions: -1, replicationFactor: -1, ...topic }],
    validateOnly: options.validateOnly ?? false,
  }
  const { topics } = await client.send(CreateTopics, options.version ?? 7, body)
  return topics[0] as (typeof topics)[number]
}

async function describe(name: string) {
  const { topics } = await client.send(Metadata, 12, { topics: [{ name }], allowAutoTopicCreation: false })
  return topics[0] as (typeof topics)[number]
}

test('a topic is made with the default number of partitions, and its id and configs are told', async () => {
  const created = await create({ name: 'plain', configs: [{ name: 'retention.ms', value: '1000' }] })
  assert.equal(created.errorCode, ErrorCode.NONE)
  assert.equal(created.numPartitions, 2)
  assert.equal(created.replicationFactor, 1)
  assert.notEqual(created.topicId, ZERO_UUID)
  assert.equal(created.configs?.find(({ name }) => name === 'retention.ms')?.value, '1000')
  assert.ok((created.configs?.length ?? 0) > 25)
  const found = await describe('plain')
  assert.equal(found.topicId, created.topicId)
  assert.deepEqual(
    found.partitions.map(({ partitionIndex, leaderId, replicaNodes, isrNodes, leaderEpoch }) => [
      partitionIndex,
      leaderId,
      replicaNodes,
      isrNodes,
      leaderEpoch,
    ]),
    [
      [0, 7, [7], [7], 0],
      [1, 7, [7], [7], 0],
    ],
  )
})

test('what cannot be made is refused with the right error', async () => {
  await create({ name: 'a.b' })
  const cases: [NewTopic, number][] = [
    [{ name: 'a.b' }, ErrorCode.TOPIC_ALREADY_EXISTS],
    [{ name: 'a_b' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: '' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: '..' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: 'sp ace' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: '../../etc/x' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: 'x'.repeat(250) }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: '__transaction_state' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    [{ name: 'n', numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
    [{ name: 'n', numPartitions: 2147483647 }, ErrorCode.INVALID_PARTITIONS],
    [{ name: 'n', replicationFactor: 0 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    [{ name: 'n', replicationFactor: 3 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    [{ name: 'n', configs: [{ name: 'no.such', value: '1' }] }, ErrorCode.INVALID_CONFIG],
    [{ name: 'n', configs: [{ name: 'retention.ms', value: 'soon' }] }, ErrorCode.INVALID_CONFIG],
    [{ name: 'n', configs: [{ name: 'retention.ms', value: null }] }, ErrorCode.INVALID_CONFIG],
    [{ name: 'n', assignments: [{ partitionIndex: 0, brokerIds: [8] }] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [{ name: 'n', assignments: [{ partitionIndex: 1, brokerIds: [7] }] }, ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [{ name: 'n', numPartitions: 1, assignments: [{ partitionIndex: 0, brokerIds: [7] }] }, ErrorCode.INVALID_REQUEST],
  ]
  for (const [topic, code] of cases) {
    const { errorCode, errorMessage } = await create(topic)
    assert.equal(errorCode, code, `${JSON.stringify(topic)}: ${errorMessage}`)
    assert.ok((errorMessage ?? '').length > 10)
  }
  assert.equal((await describe('n')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('validate_only and a name given twice make nothing', async () => {
  assert.equal((await create({ name: 'only' }, { validateOnly: true })).errorCode, ErrorCode.NONE)
  const twice = { name: 'only', numPartitions: 1, replicationFactor: 1 }
  const { topics } = await client.send(CreateTopics, 5, { topics: [twice, twice] })
  assert.deepEqual(
    topics.map(({ errorCode }) => errorCode),
    [ErrorCode.INVALID_REQUEST],
  )
  assert.equal((await describe('only')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('Metadata tells all topics for null, none for an empty list, and in version 0 all for an empty list', async () => {
  const all = (await client.send(Metadata, 1, { topics: null })).topics.map(({ name }) => name)
  assert.ok(all.includes('plain') && all.includes('__consumer_offsets'))
  const none = await client.send(Metadata, 9, { topics: [] })
  assert.deepEqual(none.topics, [])
  assert.equal(none.clusterId, broker.clusterId)
  assert.equal(none.clusterId?.length, 22)
  assert.equal(none.controllerId, 7)
  assert.deepEqual(
    none.brokers.map(({ nodeId, host, port }) => [nodeId, host, port]),
    [[7, '127.0.0.1', broker.port]],
  )
  const old = (await client.send(Metadata, 0, { topics: [] })).topics.map(({ name }) => name)
  assert.deepEqual(old, all)
})

test('Metadata makes a topic that is asked for, unless the client forbids it or the name is bad', async () => {
  const refused = await client.send(Metadata, 4, { topics: [{ name: 'made' }], allowAutoTopicCreation: false })
  assert.equal(refused.topics[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const wanted = [{ name: 'made' }, { name: 'bad name' }]
  const { topics } = await client.send(Metadata, 4, { topics: wanted, allowAutoTopicCreation: true })
  assert.deepEqual(
    topics.map(({ errorCode, partitions }) => [errorCode, partitions.length]),
    [
      [ErrorCode.NONE, 2],
      [ErrorCode.INVALID_TOPIC_EXCEPTION, 0],
    ],
  )
})

test('many clients that ask for the same new topic at once get one topic', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => WireClient.connect(broker.port)))
  const answers = await Promise.all(clients.map((each) => each.send(Metadata, 12, { topics: [{ name: 'race' }] })))
  const ids = new Set(answers.map(({ topics }) => topics[0]?.topicId))
  assert.equal(ids.size, 1)
  assert.ok(answers.every(({ topics }) => topics[0]?.errorCode === ErrorCode.NONE))
  for (const each of clients) each.close()
})

test('who is told that a topic exists, since another client is just making it, can use it', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, () => WireClient.connect(broker.port)))
  const body = { topics: [{ name: 'contended', numPartitions: 20, replicationFactor: 1 }] }
  const codes = await Promise.all(
    clients.map(async (each) => {
      const { topics } = await each.send(CreateTopics, 7, body)
      const found = await each.send(Metadata, 12, {
        topics: [{ name: 'contended' }],
        allowAutoTopicCreation: false,
      })
      return [topics[0]?.errorCode, found.topics[0]?.errorCode, found.topics[0]?.partitions.length]
    }),
  )
  for (const each of clients) each.close()
  const others = Array.from({ length: 3 }, () => [ErrorCode.TOPIC_ALREADY_EXISTS, ErrorCode.NONE, 20])
  assert.deepEqual(
    codes.toSorted(([a = 0], [b = 0]) => a - b),
    [[ErrorCode.NONE, ErrorCode.NONE, 20], ...others],
  )
})

test('topics are found by id, and unknown ids are told so', async () => {
  const { topicId } = await describe('plain')
  const unknown = 'AAAAAAAAAAAAAAAAAAAAAQ'
  const { topics } = await client.send(Metadata, 12, {
    topics: [
      { topicId, name: null },
      { topicId: unknown, name: null },
    ],
  })
  assert.deepEqual(
    topics.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['plain', ErrorCode.NONE],
      [null, ErrorCode.UNKNOWN_TOPIC_ID],
    ],
  )
})

test('a deleted topic is gone at once, and comes back with another id', async () => {
  const first = await create({ name: 'short-lived' })
  const { responses } = await client.send(DeleteTopics, 4, {
    topicNames: ['short-lived', 'never-was', '__consumer_offsets'],
  })
  assert.deepEqual(
    responses.map(({ errorCode }) => errorCode),
    [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.INVALID_TOPIC_EXCEPTION],
  )
  assert.equal((await describe('short-lived')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const second = await create({ name: 'short-lived' })
  assert.equal(second.errorCode, ErrorCode.NONE)
  assert.notEqual(second.topicId, first.topicId)
  const byId = [
    { name: null, topicId: second.topicId },
    { name: 'plain', topicId: second.topicId },
  ]
  const again = await client.send(DeleteTopics, 6, { topics: byId })
  assert.deepEqual(
    again.responses.map(({ errorCode }) => errorCode),
    [ErrorCode.NONE, ErrorCode.INVALID_REQUEST],
  )
})

test('partitions are added, never taken away', async () => {
  await create({ name: 'grows', numPartitions: 1 })
  const grow = async (count: number, assignments: { brokerIds: number[] }[] | null = null): Promise<number> => {
    const { results } = await client.send(CreatePartitions, 3, { topics: [{ name: 'grows', count, assignments }] })
    return results[0]?.errorCode ?? -1
  }
  assert.equal(await grow(3), ErrorCode.NONE)
  assert.equal(await grow(3), ErrorCode.INVALID_PARTITIONS)
  assert.equal(await grow(4, []), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  assert.equal(await grow(4, [{ brokerIds: [7] }]), ErrorCode.NONE)
  assert.equal((await describe('grows')).partitions.length, 4)
})

test('topics, their ids, partitions and settings survive a restart', async () => {
  const before = await client.send(Metadata, 12, { topics: null })
  client.close()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  assert.deepEqual((await client.send(Metadata, 12, { topics: null })).topics, before.topics)
})

test('DescribeCluster tells the broker and the cluster id, and knows no controllers', async () => {
  const cluster = await client.send(DescribeCluster, 1, { endpointType: 1 })
  assert.equal(cluster.clusterId, broker.clusterId)
  assert.deepEqual(
    cluster.brokers.map(({ brokerId, port }) => [brokerId, port]),
    [[7, broker.port]],
  )
  assert.equal(
    (await client.send(DescribeCluster, 1, { endpointType: 2 })).errorCode,
    ErrorCode.MISMATCHED_ENDPOINT_TYPE,
  )
  assert.equal(
    (await client.send(DescribeCluster, 1, { endpointType: 9 })).errorCode,
    ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
  )
})

test('DescribeTopicPartitions pages through partitions by its cursor', async () => {
  await create({ name: 'paged-a', numPartitions: 3 })
  await create({ name: 'paged-b', numPartitions: 3 })
  const topics = [{ name: 'paged-b' }, { name: 'paged-a' }, { name: 'paged-x' }]
  const seen: string[] = []
  let cursor = null as { topicName: string; partitionIndex: number } | null
  for (let page = 0; page < 10; page++) {
    const answer: ResponseOf<typeof DescribeTopicPartitions> = await client.send(DescribeTopicPartitions, 0, {
      topics,
      responsePartitionLimit: 2,
      cursor,
    })
    for (const { name, errorCode, partitions } of answer.topics) {
      if (errorCode !== ErrorCode.NONE) seen.push(`${name}: ${errorCode}`)
      for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`)
    }
    cursor = answer.nextCursor
    if (cursor === null) break
  }
  const expected = ['paged-a-0', 'paged-a-1', 'paged-a-2', 'paged-b-0', 'paged-b-1', 'paged-b-2', 'paged-x: 3']
  assert.deepEqual(seen, expected)
})

test('topics whose names mean something to JavaScript survive a restart, and are deleted like others', async () => {
  const names = ['__proto__', 'constructor', 'toString']
  for (const name of names) assert.equal((await create({ name })).errorCode, ErrorCode.NONE)
  const ids = await Promise.all(names.map(async (name) => (await describe(name)).topicId))
  client.close()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  for (const [at, name] of names.entries()) assert.equal((await describe(name)).topicId, ids[at], name)
  const { responses } = await client.send(DeleteTopics, 6, {
    topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
  })
  assert.deepEqual(
    responses.map(({ errorCode }) => errorCode),
    [0, 0, 0],
  )
})

test('a request for more partitions in all than one request may have is refused as a whole', async () => {
  const topics = ['part-a', 'part-b'].map((name) => ({ name, numPartitions: 5001, replicationFactor: 1 }))
  const answer = await client.send(CreateTopics, 7, { topics })
  assert.deepEqual(
    answer.topics.map(({ errorCode }) => errorCode),
    [ErrorCode.POLICY_VIOLATION, ErrorCode.POLICY_VIOLATION],
  )
  assert.equal((await describe('part-a')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const assignments = Array.from({ length: 10001 }, (_, partitionIndex) => ({ partitionIndex, brokerIds: [7] }))
  assert.equal((await create({ name: 'assigned', assignments })).errorCode, ErrorCode.INVALID_PARTITIONS)
})
