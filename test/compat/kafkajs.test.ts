import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CompressionTypes, type Consumer, Kafka, logLevel, Partitioners } from 'kafkajs'
import { withDeadline } from '../../src/base/deadline.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { storedCodecs } from '../support/stored-codecs.ts'

const TIMEOUT_MS = 30000

describe('kafkajs against our broker', () => {
  let broker: TestBroker
  let kafka: Kafka
  before(async () => {
    broker = await startTestBroker()
    kafka = new Kafka({
      brokers: [broker.bootstrap],
      clientId: 'kjs',
      logLevel: logLevel.NOTHING,
      retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 500 },
    })
  })
  after(() => broker.close())

  async function createTopic(topic: string, numPartitions = 4): Promise<void> {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic, numPartitions }] })
    await admin.disconnect()
  }

  async function send(
    topic: string,
    values: string[],
    options: { idempotent?: boolean; compression?: CompressionTypes } = {},
  ) {
    const producer = kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent: options.idempotent ?? false,
      ...(options.idempotent ? { maxInFlightRequests: 1 } : {}),
    })
    await producer.connect()
    const compression = options.compression ?? CompressionTypes.None
    const messages = values.map((value) => ({ key: value, value, headers: { source: 'test' } }))
    const results = await producer.send({ topic, acks: -1, compression, messages })
    await producer.disconnect()
    return results
  }

  /** Consumes until `count` different records were seen by all consumers together; commits as kafkajs does by itself. */
  function collect(consumers: readonly Consumer[], count: number): Promise<string[]> {
    const seen: string[] = []
    const all = new Promise<string[]>((resolve, reject) => {
      for (const consumer of consumers) {
        consumer
          .run({
            async eachMessage({ message }) {
              seen.push(message.value?.toString() ?? '')
              // What comes twice, as it may after a restart of the broker, does not stand for what is still to come.
              if (new Set(seen).size === count) resolve(seen)
            },
          })
          .catch(reject)
      }
    })
    return withDeadline(all, TIMEOUT_MS, `Consuming ${count} records`)
  }

  async function member(groupId: string, topic: string, sessionTimeout = 10000): Promise<Consumer> {
    const consumer = kafka.consumer({ groupId, sessionTimeout, heartbeatInterval: 200, rebalanceTimeout: 10000 })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    return consumer
  }

  const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`)

  test('produces with acks=all, idempotently too, and compressed with gzip', async () => {
    await createTopic('made', 1)
    await send('made', numbers(0, 10))
    await send('made', numbers(10, 20), { idempotent: true })
    await send('made', numbers(20, 30), { compression: CompressionTypes.GZIP })
    const consumer = await member('reader', 'made')
    assert.deepEqual(await collect([consumer], 30), numbers(0, 30))
    await consumer.disconnect()
    assert.deepEqual(await storedCodecs(broker.port, 'made', 0), ['none', 'gzip'])
  })

  test('shares a topic in a group of two, commits, and goes on after a restart of the broker where it stopped', async () => {
    await createTopic('orders')
    const consumers = [await member('pair', 'orders'), await member('pair', 'orders')]
    const assignments = new Map<Consumer, number>()
    const balanced = new Promise<void>((resolve) => {
      for (const consumer of consumers) {
        consumer.on('consumer.group_join', ({ payload }) => {
          assignments.set(consumer, payload.memberAssignment['orders']?.length ?? 0)
          if (assignments.size === 2 && [...assignments.values()].every((count) => count === 2)) resolve()
        })
      }
    })
    const collected = collect(consumers, 100)
    await withDeadline(balanced, TIMEOUT_MS, 'Balancing the group')
    await send('orders', numbers(0, 100))
    assert.deepEqual([...(await collected)].sort(), numbers(0, 100).sort())
    for (const consumer of consumers) await consumer.disconnect()

    await broker.restart()
    await send('orders', numbers(100, 120))
    const resumed = await member('pair', 'orders')
    assert.deepEqual(
      [...(await collect([resumed], 20))].sort(),
      numbers(100, 120).sort(),
      'nothing twice, nothing lost',
    )
    await resumed.disconnect()
  })

  test('a consumer that is running finds its way back after a restart of the broker', async () => {
    await createTopic('steady', 1)
    const consumer = await member('steady-group', 'steady', 1000)
    const collected = collect([consumer], 20)
    await send('steady', numbers(0, 10))
    await broker.restart()
    await send('steady', numbers(10, 20))
    assert.deepEqual([...new Set(await collected)].sort(), numbers(0, 20).sort())
    await consumer.disconnect()
  })

  test('administers topics, configs, offsets and groups', async () => {
    const admin = kafka.admin()
    await admin.connect()
    try {
      await createTopic('admin', 2)
      await send('admin', numbers(0, 4))
      assert.ok((await admin.listTopics()).includes('admin'))
      await admin.createPartitions({ topicPartitions: [{ topic: 'admin', count: 3 }] })
      const metadata = await admin.fetchTopicMetadata({ topics: ['admin'] })
      assert.equal(metadata.topics[0]?.partitions.length, 3)
      const configs = await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: 2, name: 'admin' }] })
      const retention = configs.resources[0]?.configEntries.find(({ configName }) => configName === 'retention.ms')
      assert.equal(retention?.configValue, '604800000')
      await admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: 2, name: 'admin', configEntries: [{ name: 'retention.ms', value: '5000' }] }],
      })
      await admin.setOffsets({ groupId: 'by-admin', topic: 'admin', partitions: [{ partition: 0, offset: '1' }] })
      const offsets = await admin.fetchOffsets({ groupId: 'by-admin', topics: ['admin'] })
      assert.equal(offsets[0]?.partitions.find(({ partition }) => partition === 0)?.offset, '1')
      const described = await admin.describeGroups(['pair'])
      assert.equal(described.groups[0]?.state, 'Empty')
      assert.ok((await admin.listGroups()).groups.some(({ groupId }) => groupId === 'by-admin'))
      await admin.deleteGroups(['by-admin'])
      const ends = await admin.fetchTopicOffsets('admin')
      await admin.deleteTopicRecords({
        topic: 'admin',
        partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
      })
      assert.ok((await admin.fetchTopicOffsets('admin')).every(({ low, high }) => low === high))
      await admin.deleteTopics({ topics: ['admin'] })
      assert.equal((await admin.listTopics()).includes('admin'), false)
      assert.equal((await admin.describeCluster()).clusterId, broker.clusterId)
    } finally {
      await admin.disconnect()
    }
  })
})
