import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin, Consumer, createCluster, Producer } from '../../src/client/index.ts'
import { compressionTypes } from '../../src/protocol/records/index.ts'
import { startApacheKafka } from '../support/apache-kafka.ts'
import { kafkaLibs, kafkaLibsReason } from '../support/kafka-libs.ts'
import { bytes, collect, PollLoop, text, until } from './support/until.ts'

const libs = await kafkaLibs()
const skip = libs === null && kafkaLibsReason()

test('against Apache Kafka: topics, all codecs, groups, commits and offsets', { skip, timeout: 120000 }, async (t) => {
  const kafka = await startApacheKafka(libs ?? '')
  t.after(() => kafka.stop())
  const cluster = createCluster({ bootstrapServers: [kafka.bootstrap] })
  t.after(() => cluster.close())
  const admin = new Admin(cluster)
  const [created] = await admin.createTopics([{ name: 't', partitions: 2, configs: { 'retention.ms': '1000000' } }])
  assert.deepEqual([created?.error, created?.partitions], [null, 2])
  // Brokers learn of a topic from the controller's log, perhaps after its maker was told of it.
  await until('the broker knows the topic and its setting', async () => {
    const [described] = await admin.describeConfigs([{ type: 'topic', name: 't', keys: ['retention.ms'] }])
    return described?.entries[0]?.value === '1000000'
  })

  for (const [round, compressionType] of compressionTypes.entries()) {
    const producer = new Producer(cluster, { compressionType })
    const sends = [0, 1, 2, 3].map((i) =>
      producer.send({ topic: 't', partition: i % 2, key: null, value: bytes(`${round * 4 + i}`) }),
    )
    const sent = await Promise.all(sends)
    assert.deepEqual(
      sent.map(({ offset }) => offset),
      [0, 0, 1, 1].map((offset) => round * 2 + offset),
    )
    await producer.close()
  }
  const total = compressionTypes.length * 4

  const join = (): Consumer => {
    const quick = { autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, sessionTimeoutMs: 6000 } as const
    const consumer = new Consumer(cluster, {
      ...quick,
      groupId: 'g',
      partitionAssignmentStrategy: ['cooperative-sticky'],
    })
    consumer.subscribe({ topics: ['t'] })
    return consumer
  }
  const a = join()
  const records = await collect(a, total)
  assert.deepEqual(
    records.map(({ value }) => Number(text(value))).toSorted((x, y) => x - y),
    Array.from({ length: total }, (_, i) => i),
  )
  await a.commit()
  const loopA = new PollLoop(a)
  const b = join()
  const loopB = new PollLoop(b)
  await until('they share', () => a.assignment().length === 1 && b.assignment().length === 1)
  await loopA.stop()
  await a.close()
  await until('b has all', () => b.assignment().length === 2)
  await loopB.stop()
  await b.close()
  assert.equal(loopB.records.length, 0, 'b went on at the committed offsets')
  const offsets = await admin.listGroupOffsets('g')
  assert.deepEqual(
    offsets.map(({ offset }) => offset),
    [total / 2, total / 2],
  )
  await admin.deleteRecords([{ topic: 't', partition: 0, beforeOffset: 3 }])
  const [start] = await admin.listOffsets([{ topic: 't', partition: 0, at: 'earliest' }])
  assert.equal(start?.offset, 3)
})
