import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import {
  CreateTopics,
  DeleteTopics,
  Fetch,
  InitProducerId,
  ListOffsets,
  Metadata,
  Produce,
} from '../../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { batchOf, recordsIn } from '../../support/test-batches.ts'
import { WireClient } from '../../support/wire-client.ts'

let broker: TestBroker
let client: WireClient
let topic = ''
let topicId = ''
let count = 0

before(async () => {
  broker = await startTestBroker()
})
after(() => broker.close())
beforeEach(async () => {
  client?.close()
  client = await WireClient.connect(broker.port)
  topic = `t${++count}`
  topicId = await createTopic(topic)
})
after(() => client.close())

async function createTopic(name: string, configs: Record<string, string> = {}): Promise<string> {
  const entries = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
  const created = await client.send(CreateTopics, 7, {
    topics: [{ name, numPartitions: 2, replicationFactor: 1, configs: entries }],
  })
  assert.equal(created.topics[0]?.errorCode, ErrorCode.NONE)
  return created.topics[0]?.topicId ?? ''
}

function produceBody(records: Uint8Array | null, options: { acks?: number; name?: string; partition?: number } = {}) {
  const { acks = -1, name = topic, partition = 0 } = options
  return {
    acks,
    timeoutMs: 1000,
    topicData: [{ name, topicId, partitionData: [{ index: partition, records }] }],
  }
}

async function produce(
  records: Uint8Array | null,
  options: Parameters<typeof produceBody>[1] & { version?: number } = {},
) {
  const { responses } = await client.send(Produce, options.version ?? 9, produceBody(records, options))
  const answer = responses[0]?.partitionResponses[0]
  assert.ok(answer !== undefined)
  return answer
}

interface FetchOptions {
  version?: number
  offset?: number
  maxWaitMs?: number
  minBytes?: number
  maxBytes?: number
  partitionMaxBytes?: number
  isolationLevel?: number
  partitions?: number[]
}

function fetchBody({ offset = 0, maxWaitMs = 0, minBytes = 1, maxBytes = 1e6, ...options }: FetchOptions = {}) {
  const { partitionMaxBytes = 1e6, isolationLevel = 0, partitions = [0] } = options
  return {
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    topics: [
      {
        topic,
        topicId,
        partitions: partitions.map((partition) => ({ partition, fetchOffset: offset, partitionMaxBytes })),
      },
    ],
  }
}

async function fetchPartitions(options: FetchOptions = {}) {
  const { responses } = await client.send(Fetch, options.version ?? 12, fetchBody(options))
  return responses[0]?.partitions ?? []
}

async function fetchOne(options: FetchOptions = {}) {
  const [answer] = await fetchPartitions(options)
  assert.ok(answer !== undefined)
  return answer
}

const values = (bytes: Uint8Array | null): (string | null)[] => recordsIn(bytes).map(({ value }) => value)

test('what was produced is fetched, in every version of both', async () => {
  let offset = 0
  for (let version = 3; version <= 13; version++) {
    const answer = await produce(batchOf([{ value: `v${version}` }, { value: 'x' }]), { version })
    assert.equal(answer.errorCode, ErrorCode.NONE, `Produce ${version}: ${answer.errorMessage}`)
    assert.equal(answer.baseOffset, offset)
    assert.equal(answer.logAppendTimeMs, -1)
    offset += 2
  }
  for (let version = 4; version <= 18; version++) {
    const answer = await fetchOne({ version, offset: 2 })
    assert.equal(answer.errorCode, ErrorCode.NONE, `Fetch ${version}`)
    assert.equal(answer.highWatermark, offset)
    assert.equal(answer.lastStableOffset, offset)
    assert.equal(answer.abortedTransactions, null, 'null for read_uncommitted')
    assert.deepEqual(values(answer.records).slice(0, 3), ['v4', 'x', 'v5'])
  }
})

test('a fetch inside a batch gets the whole batch, at the end nothing, and beyond it an error', async () => {
  await produce(batchOf([{ value: 'a' }, { value: 'b' }]))
  assert.deepEqual(values((await fetchOne({ offset: 1 })).records), ['a', 'b'])
  const end = await fetchOne({ offset: 2 })
  assert.equal(end.errorCode, ErrorCode.NONE)
  assert.equal(end.records?.length, 0)
  const beyond = await fetchOne({ offset: 3 })
  assert.equal(beyond.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(beyond.highWatermark, 2)
})

test('an answer that a slow client has not taken yet stays as it is while the same is read for others', async () => {
  const sizes = { maxBytes: 16e6, partitionMaxBytes: 16e6 }
  for (let i = 0; i < 12; i++) await produce(batchOf([{ value: `${i}`.repeat(900_000 / (i < 10 ? 1 : 2)) }]))
  for (let i = 0; i < 12; i++)
    await produce(batchOf([{ value: 'xyz'[i % 3]?.repeat(900_000) ?? '' }]), { partition: 1 })
  const expected = Buffer.from((await fetchOne(sizes)).records ?? [])
  assert.ok(expected.length > 10e6)
  const slow = await WireClient.connect(broker.port)
  try {
    slow.socket.pause()
    const id = slow.post(Fetch, 12, fetchBody(sizes))
    for (let i = 0; i < 5; i++) {
      const [other] = await fetchPartitions({ ...sizes, partitions: [1] })
      assert.deepEqual(new Set(values(other?.records ?? null).map((value) => value?.[0])), new Set(['x', 'y', 'z']))
    }
    slow.socket.resume()
    const { responses } = await slow.answer(Fetch, 12, id)
    assert.ok(expected.equals(responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)))
  } finally {
    slow.close()
  }
})

test('read_committed gets an empty list of aborted transactions, not null', async () => {
  await produce(batchOf([{ value: 'a' }]))
  assert.deepEqual((await fetchOne({ isolationLevel: 1 })).abortedTransactions, [])
})

test('the first batch comes whole however small the limits are, the second partition then waits its turn', async () => {
  const big = 'x'.repeat(5000)
  await produce(batchOf([{ value: big }]))
  await produce(batchOf([{ value: big }]), { partition: 1 })
  const [first, second] = await fetchPartitions({ maxBytes: 100, partitionMaxBytes: 100, partitions: [0, 1] })
  assert.deepEqual(values(first?.records ?? null), [big])
  assert.equal(second?.records?.length, 0)
  const [one, two] = await fetchPartitions({ maxBytes: 1e6, partitions: [0, 1] })
  assert.deepEqual([values(one?.records ?? null), values(two?.records ?? null)], [[big], [big]])
})

test('a fetch that waits is woken by an append', async () => {
  const started = performance.now()
  const waiting = fetchOne({ maxWaitMs: 8000 })
  const producer = await WireClient.connect(broker.port)
  await producer.send(Produce, 9, produceBody(batchOf([{ value: 'late' }])))
  assert.deepEqual(values((await waiting).records), ['late'])
  assert.ok(performance.now() - started < 5000)
  producer.close()
})

test('a fetch waits for min_bytes, and answers what there is when its time is up', async () => {
  const batch = batchOf([{ value: 'x'.repeat(100) }])
  const size = batch.length
  await produce(batch)
  const waiting = fetchOne({ maxWaitMs: 8000, minBytes: 3 * size })
  const producer = await WireClient.connect(broker.port)
  for (let i = 0; i < 2; i++) await producer.send(Produce, 9, produceBody(batchOf([{ value: 'x'.repeat(100) }])))
  assert.equal(recordsIn((await waiting).records).length, 3)
  const started = performance.now()
  const timedOut = await fetchOne({ maxWaitMs: 100, minBytes: 1e6 })
  assert.ok(performance.now() - started >= 95)
  assert.equal(recordsIn(timedOut.records).length, 3)
  producer.close()
})

test('unknown topics, ids and partitions are told so, one by one', async () => {
  const wrongPartition = await produce(batchOf([{ value: 'a' }]), { partition: 9 })
  assert.equal(wrongPartition.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const wrongName = await produce(batchOf([{ value: 'a' }]), { name: 'none' })
  assert.equal(wrongName.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal((await fetchOne({ partitions: [9] })).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'
  assert.equal((await produce(batchOf([{ value: 'a' }]), { version: 13 })).errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  assert.equal((await fetchOne({ version: 13 })).errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
})

test('a session that was never opened is not found; asking for one gets id 0', async () => {
  const opened = await client.send(Fetch, 12, { ...fetchBody(), sessionId: 0, sessionEpoch: 0 })
  assert.equal(opened.sessionId, 0)
  const unknown = await client.send(Fetch, 12, { ...fetchBody(), sessionId: 5, sessionEpoch: 3 })
  assert.equal(unknown.errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
})

test('a newer leader epoch than ours is refused', async () => {
  const body = fetchBody()
  const partitions = body.topics[0]?.partitions.map((partition) => ({ ...partition, currentLeaderEpoch: 5 })) ?? []
  const { responses } = await client.send(Fetch, 12, { ...body, topics: [{ topic, partitions }] })
  assert.equal(responses[0]?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_LEADER_EPOCH)
})

test('broken requests are refused without harm to the log', async () => {
  const whole = batchOf([{ value: 'a' }])
  const damaged = Uint8Array.from(whole)
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1
  const oldMagic = Uint8Array.from(whole)
  oldMagic[16] = 1
  const noCodec = Uint8Array.from(whole)
  noCodec[22] = 7
  const cases: [Uint8Array | null, number][] = [
    [null, ErrorCode.INVALID_RECORD],
    [new Uint8Array(0), ErrorCode.INVALID_RECORD],
    [whole.subarray(0, 70 - 12), ErrorCode.INVALID_RECORD],
    [damaged, ErrorCode.CORRUPT_MESSAGE],
    [oldMagic, ErrorCode.INVALID_RECORD],
    [noCodec, ErrorCode.CORRUPT_MESSAGE],
    [Buffer.concat([batchOf([{ value: 'a' }]), batchOf([{ value: 'b' }])]), ErrorCode.INVALID_RECORD],
    [batchOf([{ value: 'x'.repeat(1100000) }]), ErrorCode.MESSAGE_TOO_LARGE],
  ]
  for (const [records, code] of cases) {
    const { errorCode, baseOffset, errorMessage } = await produce(records)
    assert.equal(errorCode, code, errorMessage ?? '')
    assert.equal(baseOffset, -1)
  }
  assert.equal((await produce(batchOf([{ value: 'a' }]), { acks: 2 })).errorCode, ErrorCode.INVALID_REQUIRED_ACKS)
  assert.equal(
    (await produce(batchOf([{ value: 'a' }], {}, { compression: 'zstd' }), { version: 6 })).errorCode,
    ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
  )
  assert.equal((await fetchOne()).highWatermark, 0)
})

test('zstd records are not given to clients that are too old for them', async () => {
  await produce(batchOf([{ value: 'a' }], {}, { compression: 'zstd' }))
  assert.equal((await fetchOne({ version: 9 })).errorCode, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
  assert.deepEqual(values((await fetchOne({ version: 10 })).records), ['a'])
})

test('a record without a key is refused by a compacted topic, and named', async () => {
  topic = `compacted${count}`
  topicId = await createTopic(topic, { 'cleanup.policy': 'compact' })
  const answer = await produce(batchOf([{ key: 'k', value: 'a' }, { value: 'b' }]))
  assert.equal(answer.errorCode, ErrorCode.INVALID_RECORD)
  assert.deepEqual(
    answer.recordErrors.map(({ batchIndex }) => batchIndex),
    [1],
  )
})

test('clients cannot write to the internal topic', async () => {
  const answer = await produce(batchOf([{ key: 'k', value: 'v' }]), { name: '__consumer_offsets' })
  assert.equal(answer.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
})

test('acks=0 is not answered, and a failure closes the connection', async () => {
  client.post(Produce, 9, produceBody(batchOf([{ value: 'a' }]), { acks: 0 }))
  const metadata = await client.send(Metadata, 9, { topics: [] })
  assert.equal(metadata.brokers.length, 1, 'the next answer is that of the next request')
  assert.deepEqual(values((await fetchOne()).records), ['a'])
  client.post(Produce, 9, produceBody(batchOf([{ value: 'a' }]), { acks: 0, partition: 77 }))
  await client.closed()
})

test('an idempotent producer that repeats itself gets the old offset, and a gap is refused', async () => {
  const { producerId, producerEpoch } = await client.send(InitProducerId, 4, {
    transactionalId: null,
    transactionTimeoutMs: 0,
  })
  const stamped = (baseSequence: number): Uint8Array =>
    batchOf([{ value: `s${baseSequence}` }], { producerId, producerEpoch, baseSequence })
  assert.equal((await produce(stamped(0))).baseOffset, 0)
  assert.equal((await produce(stamped(1))).baseOffset, 1)
  const repeated = await produce(stamped(0))
  assert.equal(repeated.errorCode, ErrorCode.NONE)
  assert.equal(repeated.baseOffset, 0)
  assert.equal((await produce(stamped(5))).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.deepEqual(values((await fetchOne()).records), ['s0', 's1'])
})

test('producer ids never repeat, and a transactional id is refused with the reason', async () => {
  const ids = new Set<number>()
  for (let i = 0; i < 5; i++)
    ids.add((await client.send(InitProducerId, 1, { transactionalId: null, transactionTimeoutMs: 0 })).producerId)
  client.close()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  for (let i = 0; i < 5; i++)
    ids.add((await client.send(InitProducerId, 1, { transactionalId: null, transactionTimeoutMs: 0 })).producerId)
  assert.equal(ids.size, 10)
  const refused = await client.send(InitProducerId, 4, { transactionalId: 'tx', transactionTimeoutMs: 1000 })
  assert.equal(refused.errorCode, ErrorCode.INVALID_REQUEST)
})

test('offsets are found by time, inside batches too; none is -1 without an error', async () => {
  await produce(
    batchOf([
      { value: 'a', timestamp: 1000 },
      { value: 'b', timestamp: 2000 },
      { value: 'c', timestamp: 1500 },
    ]),
  )
  const lookUp = async (timestamp: number, version = 9) => {
    const partitions = [{ partitionIndex: 0, timestamp }]
    const { topics } = await client.send(ListOffsets, version, { replicaId: -1, topics: [{ name: topic, partitions }] })
    const answer = topics[0]?.partitions[0]
    return [answer?.errorCode, answer?.offset, answer?.timestamp]
  }
  assert.deepEqual(await lookUp(-1), [ErrorCode.NONE, 3, -1])
  assert.deepEqual(await lookUp(-2), [ErrorCode.NONE, 0, -1])
  assert.deepEqual(await lookUp(-3), [ErrorCode.NONE, 1, 2000])
  assert.deepEqual(await lookUp(-4), [ErrorCode.NONE, 0, -1])
  assert.deepEqual(await lookUp(-5), [ErrorCode.NONE, -1, -1])
  assert.deepEqual(await lookUp(1001), [ErrorCode.NONE, 1, 2000])
  assert.deepEqual(await lookUp(2001), [ErrorCode.NONE, -1, -1])
  assert.deepEqual(await lookUp(-3, 6), [ErrorCode.UNSUPPORTED_VERSION, -1, -1])
  assert.deepEqual(await lookUp(-9), [ErrorCode.UNSUPPORTED_VERSION, -1, -1])
  const twice = [
    { partitionIndex: 0, timestamp: -1 },
    { partitionIndex: 0, timestamp: -2 },
  ]
  const { topics } = await client.send(ListOffsets, 5, { replicaId: -1, topics: [{ name: topic, partitions: twice }] })
  assert.deepEqual(
    topics[0]?.partitions.map(({ errorCode }) => errorCode),
    Array(2).fill(ErrorCode.INVALID_REQUEST),
  )
})

test('a fetch that waits learns at once that its topic is deleted', async () => {
  const started = performance.now()
  const waiting = fetchOne({ maxWaitMs: 8000 })
  const admin = await WireClient.connect(broker.port)
  await admin.send(DeleteTopics, 4, { topicNames: [topic] })
  assert.equal((await waiting).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.ok(performance.now() - started < 5000)
  admin.close()
})
