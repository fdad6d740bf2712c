import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import {
  CreateTopics,
  DeleteRecords,
  DescribeLogDirs,
  DescribeProducers,
  Fetch,
  ListOffsets,
  OffsetForLeaderEpoch,
  Produce,
} from '../../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { batchOf, recordsIn } from '../../support/test-batches.ts'
import { WireClient } from '../../support/wire-client.ts'

let broker: TestBroker
let client: WireClient
before(async () => {
  broker = await startTestBroker()
  client = await WireClient.connect(broker.port)
  const compacted = {
    name: 'compacted',
    numPartitions: 1,
    replicationFactor: 1,
    configs: [{ name: 'cleanup.policy', value: 'compact' }],
  }
  await client.send(CreateTopics, 7, { topics: [{ name: 't', numPartitions: 2, replicationFactor: 1 }, compacted] })
  const stamp = { producerId: 4000, producerEpoch: 2, baseSequence: 0 }
  const records = batchOf([{ value: 'a' }, { value: 'b' }, { value: 'c' }], stamp)
  await client.send(Produce, 9, {
    acks: -1,
    timeoutMs: 100,
    topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
  })
})
after(async () => {
  client.close()
  await broker.close()
})

test('DescribeProducers tells who has written to a partition', async () => {
  const { topics } = await client.send(DescribeProducers, 0, { topics: [{ name: 't', partitionIndexes: [0, 1, 9] }] })
  const [first, second, third] = topics[0]?.partitions ?? []
  const [producer] = first?.activeProducers ?? []
  assert.deepEqual(
    [producer?.producerId, producer?.producerEpoch, producer?.lastSequence, producer?.currentTxnStartOffset],
    [4000, 2, 2, -1],
  )
  assert.deepEqual(second?.activeProducers, [])
  assert.equal(third?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('OffsetForLeaderEpoch knows one epoch, which ends where the log does', async () => {
  const ask = async (leaderEpoch: number, currentLeaderEpoch = -1) => {
    const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }]
    const { topics } = await client.send(OffsetForLeaderEpoch, 4, { topics: [{ topic: 't', partitions }] })
    const answer = topics[0]?.partitions[0]
    return [answer?.errorCode, answer?.leaderEpoch, answer?.endOffset]
  }
  assert.deepEqual(await ask(0), [ErrorCode.NONE, 0, 3])
  assert.deepEqual(await ask(1), [ErrorCode.NONE, -1, -1])
  assert.deepEqual(await ask(0, 4), [ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1])
})

test('DescribeLogDirs tells sizes, and only of what was asked for', async () => {
  const { results } = await client.send(DescribeLogDirs, 4, { topics: null })
  assert.equal(results.length, 1)
  assert.equal(results[0]?.logDir, broker.dataFolder)
  assert.ok((results[0]?.totalBytes ?? 0) > 0)
  const sizes = results[0]?.topics
    .find(({ name }) => name === 't')
    ?.partitions.map(({ partitionSize }) => partitionSize > 0)
  assert.deepEqual(sizes, [true, false])
  const some = await client.send(DescribeLogDirs, 4, { topics: [{ topic: 't', partitions: [1] }] })
  assert.deepEqual(
    some.results[0]?.topics.map(({ name, partitions }) => [
      name,
      partitions.map(({ partitionIndex }) => partitionIndex),
    ]),
    [['t', [1]]],
  )
})

test('DeleteRecords moves the start of a log, into a batch too, and survives a restart', async () => {
  const remove = async (name: string, offset: number, partitionIndex = 0) => {
    const { topics } = await client.send(DeleteRecords, 2, {
      topics: [{ name, partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 100,
    })
    return [topics[0]?.partitions[0]?.errorCode, topics[0]?.partitions[0]?.lowWatermark]
  }
  assert.deepEqual(await remove('t', 2), [ErrorCode.NONE, 2])
  assert.deepEqual(await remove('t', 1), [ErrorCode.NONE, 2], 'below the start: no change')
  assert.deepEqual(await remove('t', 4), [ErrorCode.OFFSET_OUT_OF_RANGE, -1])
  assert.deepEqual(await remove('t', -2), [ErrorCode.OFFSET_OUT_OF_RANGE, -1])
  assert.deepEqual(await remove('t', 0, 7), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1])
  assert.deepEqual(await remove('compacted', -1), [ErrorCode.POLICY_VIOLATION, -1])
  assert.deepEqual(await remove('__consumer_offsets', -1), [ErrorCode.INVALID_TOPIC_EXCEPTION, -1])
  client.close()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  const { topics } = await client.send(ListOffsets, 5, {
    replicaId: -1,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
  })
  assert.equal(topics[0]?.partitions[0]?.offset, 2)
  const fetchAt = async (fetchOffset: number) => {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1e6 }]
    const { responses } = await client.send(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: 't', partitions }],
    })
    return responses[0]?.partitions[0]
  }
  assert.equal((await fetchAt(1))?.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(recordsIn((await fetchAt(2))?.records ?? null).length, 3, 'the batch comes whole')
  assert.deepEqual(await remove('t', -1), [ErrorCode.NONE, 3])
})
