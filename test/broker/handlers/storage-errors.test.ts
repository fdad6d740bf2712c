import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StorageError } from '../../../src/broker/log/errors.ts'
import { LogManager } from '../../../src/broker/log/log-manager.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { CreateTopics, Metadata, OffsetCommit } from '../../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { WireClient } from '../../support/wire-client.ts'

let broker: TestBroker
let client: WireClient
before(async () => {
  broker = await startTestBroker()
  client = await WireClient.connect(broker.port)
})
after(async () => {
  client.close()
  await broker.close()
})

const create = async (name: string) => {
  const { topics } = await client.send(CreateTopics, 7, { topics: [{ name, numPartitions: 1, replicationFactor: 1 }] })
  return topics[0]
}

const commit = async () => {
  const partitions = [{ partitionIndex: 0, committedOffset: 1 }]
  const body = { groupId: 'g', generationIdOrMemberEpoch: -1, topics: [{ name: 'there', partitions }] }
  return (await client.send(OffsetCommit, 8, body)).topics[0]?.partitions[0]?.errorCode
}

test('what fails because the disk is full is refused with an error that clients try again, and works once there is room', async (t) => {
  assert.equal((await create('there'))?.errorCode, ErrorCode.NONE)
  const full = () =>
    Promise.reject(new StorageError('Partition folder cannot be opened: ENOSPC: no space left on device'))
  const broken = ['create', 'createPartition'] as const
  const mocks = broken.map((method) => t.mock.method(LogManager.prototype, method, full))
  const refused = await create('no-room')
  assert.equal(refused?.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.match(refused?.errorMessage ?? '', /ENOSPC/)
  assert.equal(await commit(), ErrorCode.KAFKA_STORAGE_ERROR)
  for (const { mock } of mocks) mock.restore()
  const { topics } = await client.send(Metadata, 9, { topics: [{ name: 'no-room' }], allowAutoTopicCreation: false })
  assert.equal(topics[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'nothing is half made')
  assert.equal((await create('no-room'))?.errorCode, ErrorCode.NONE)
  assert.equal(await commit(), ErrorCode.NONE)
})
