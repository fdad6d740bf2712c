import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { withDeadline } from '../../../src/base/deadline.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import { eventually } from '../../support/task-runner.ts'

const framework = (verb: string): string =>
  `The Connect framework-managed offsets for this connector have been ${verb} successfully. ` +
  `However, if this connector manages offsets externally, they will need to be manually ${verb} in the system that the connector uses.`
const external = (verb: string): string => `The offsets for this connector have been ${verb} successfully`

const sorted = (offsets: Record<string, number>): string =>
  JSON.stringify(Object.entries(offsets).toSorted(([a], [b]) => a.localeCompare(b)))

/** Kafka's OffsetsApiIntegrationTest, with a second broker for connectors whose clients are overridden to it. */
describe('OffsetsApiIntegrationTest', () => {
  let cluster: ConnectCluster
  let kafka: Kafka
  let otherBroker: TestBroker
  let otherKafka: Kafka

  before(async () => {
    otherBroker = await startTestBroker()
    otherKafka = new Kafka({ brokers: [otherBroker.bootstrap], logLevel: logLevel.NOTHING })
    cluster = await ConnectCluster.start(3)
    kafka = new Kafka({ brokers: [cluster.broker.bootstrap], logLevel: logLevel.NOTHING })
  })

  after(async () => {
    await cluster?.close()
    await otherBroker?.close()
  })

  async function withAdmin<T>(of: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = of.admin()
    await admin.connect()
    try {
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }

  const topicsOf = (of: Kafka): Promise<string[]> => withAdmin(of, (admin) => admin.listTopics())
  const groupsOf = (of: Kafka): Promise<string[]> =>
    withAdmin(of, async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId))
  const overrides = (...clients: string[]): Record<string, string> =>
    Object.fromEntries(clients.map((client) => [`${client}.override.bootstrap.servers`, otherBroker.bootstrap]))

  async function produce(topic: string, partitions: number, records: number, to = kafka): Promise<void> {
    await withAdmin(to, (admin) => admin.createTopics({ topics: [{ topic, numPartitions: partitions }] }))
    const producer = to.producer()
    await producer.connect()
    const messages = Array.from({ length: partitions * records }, (_, i) => ({
      value: String(i),
      partition: i % partitions,
    }))
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  /** Waits until these are the offsets, by partition (of sinks) or task. */
  async function untilOffsets(name: string, expected: Record<string, number>): Promise<void> {
    let last: Record<string, number> = {}
    const wanted = sorted(expected)
    await eventually(
      async () => {
        const offsets = await cluster.offsets(name)
        last = Object.fromEntries(
          offsets.map(({ partition, offset }) => [
            String(partition['kafka_partition'] ?? partition['task.id']),
            Number(offset['kafka_offset'] ?? offset['saved']),
          ]),
        )
        return sorted(last) === wanted
      },
      `the offsets of ${name}`,
      15_000,
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(last)} instead of ${wanted}`, { cause: error })
    })
  }

  /** What the call answers once the tasks have left their consumer group. */
  async function change(method: 'PATCH' | 'DELETE', name: string, offsets?: unknown): Promise<string> {
    return eventually(
      async () => {
        const { status, body } = await cluster.call(
          method,
          `/connectors/${name}/offsets`,
          offsets === undefined ? undefined : { offsets },
        )
        const { message } = body as { message: string }
        if (status === 500 && message.includes('this operation can be safely retried')) return null
        assert.equal(status, 200, message)
        return message
      },
      'a change of offsets',
      15_000,
    )
  }

  async function stop(name: string): Promise<void> {
    await cluster.expect(204, 'PUT', `/connectors/${name}/stop`)
    await cluster.until(name, 'STOPPED', 0)
  }

  async function resume(name: string, tasks: number): Promise<void> {
    await cluster.expect(202, 'PUT', `/connectors/${name}/resume`)
    await cluster.until(name, 'RUNNING', tasks)
  }

  const sink = (topic: string, given: Record<string, string> = {}): Record<string, string> => ({
    'connector.class': 'MonitorableSink',
    'tasks.max': '2',
    topics: topic,
    ...given,
  })
  const source = (given: Record<string, string> = {}): Record<string, string> => ({
    'connector.class': 'MonitorableSource',
    'tasks.max': '2',
    topic: 'offsets-source',
    'max.messages': '10',
    ...given,
  })
  const at = (topic: string, partition: unknown, offset: unknown): unknown => ({
    partition: { kafka_topic: topic, kafka_partition: partition },
    offset: offset === null ? null : { kafka_offset: offset },
  })

  test('testGetNonExistentConnectorOffsets, testAlterOffsetsNonExistentConnector: 404', async () => {
    await cluster.expect(404, 'GET', '/connectors/nobody/offsets')
    await cluster.expect(404, 'PATCH', '/connectors/nobody/offsets', {
      offsets: [{ partition: { a: 1 }, offset: { b: 1 } }],
    })
    await cluster.expect(404, 'DELETE', '/connectors/nobody/offsets')
  })

  test('testAlterOffsetsNonStoppedConnector: 400 while it runs and while it is paused', async () => {
    await cluster.configure('moving', source())
    await cluster.until('moving', 'RUNNING', 2)
    const request = { offsets: [{ partition: { 'task.id': 'moving-0' }, offset: { saved: 5 } }] }
    for (const pause of [false, true]) {
      if (pause) {
        await cluster.expect(202, 'PUT', '/connectors/moving/pause')
        await cluster.until('moving', 'PAUSED', 2)
      }
      for (const [method, body] of [
        ['PATCH', request],
        ['DELETE', undefined],
      ] as const) {
        const { message } = (await cluster.expect(400, method, '/connectors/moving/offsets', body)) as {
          message: string
        }
        assert.match(
          message,
          /must be in the STOPPED state.*'PUT' request to the '\/connectors\/moving\/stop' endpoint/,
        )
      }
    }
    await cluster.expect(204, 'DELETE', '/connectors/moving')
  })

  for (const [suffix, group, isElsewhere] of [
    ['', null, false],
    ['OverriddenConsumerGroupId', 'a-group-of-its-own', false],
    ['DifferentKafkaClusterTargeted', null, true],
  ] as const) {
    test(`testGetSinkConnectorOffsets${suffix}, testAlterSinkConnectorOffsets${suffix}, testResetSinkConnectorOffsets${suffix}: by the consumer group`, async () => {
      const topic = `sink-offsets${suffix}`
      const name = `sink${suffix}`
      const given = {
        ...(group === null ? {} : { 'consumer.override.group.id': group }),
        ...(isElsewhere ? overrides('consumer', 'admin') : {}),
      }
      const there = isElsewhere ? otherKafka : kafka
      await produce(topic, 3, 10, there)
      await cluster.configure(name, sink(topic, given))
      await untilOffsets(name, { 0: 10, 1: 10, 2: 10 })
      await produce(topic, 3, 10, there)
      await untilOffsets(name, { 0: 20, 1: 20, 2: 20 })
      assert.equal((await groupsOf(there)).includes(group ?? `connect-${name}`), true)
      if (group !== null) assert.equal((await groupsOf(there)).includes(`connect-${name}`), false)
      if (isElsewhere) assert.equal((await groupsOf(kafka)).includes(`connect-${name}`), false)

      await stop(name)
      const entries = [at(topic, 0, null), at(topic, 1, 5), at(topic, '2', '5')]
      assert.equal(await change('PATCH', name, entries), framework('altered'))
      await untilOffsets(name, { 1: 5, 2: 5 })
      await cluster.configure(name, sink(topic, { ...given, 'alter.offsets.result': 'true' }))
      assert.equal(await change('PATCH', name, [at(topic, 1, 3), at(topic, 2, 3)]), external('altered'))
      await untilOffsets(name, { 1: 3, 2: 3 })
      await resume(name, 2)
      await untilOffsets(name, { 0: 20, 1: 20, 2: 20 })

      await stop(name)
      for (let i = 0; i < 2; i++) assert.equal(await change('DELETE', name), external('reset'))
      assert.deepEqual(await cluster.offsets(name), [])
      await resume(name, 2)
      await untilOffsets(name, { 0: 20, 1: 20, 2: 20 })
      await cluster.expect(204, 'DELETE', `/connectors/${name}`)
    })
  }

  for (const [suffix, topic, isElsewhere] of [
    ['', null, false],
    ['CustomOffsetsTopic', 'my-offsets', false],
    ['DifferentKafkaClusterTargeted', null, true],
  ] as const) {
    test(`testGetSourceConnectorOffsets${suffix}, testAlterSourceConnectorOffsets${suffix}, testResetSourceConnectorOffsets${suffix}: by the offsets topic`, async () => {
      const name = `source${suffix}`
      const given = {
        ...(topic === null ? {} : { 'offsets.storage.topic': topic }),
        ...(isElsewhere ? { topic: name, ...overrides('producer', 'admin') } : {}),
      }
      const both = (saved: number): Record<string, number> => ({ [`${name}-0`]: saved, [`${name}-1`]: saved })
      const entries = (saved: number): unknown[] =>
        [0, 1].map((task) => ({ partition: { 'task.id': `${name}-${task}` }, offset: { saved } }))
      await cluster.configure(name, source(given))
      await untilOffsets(name, both(10))
      await cluster.configure(name, source({ ...given, 'max.messages': '20' }))
      await untilOffsets(name, both(20))

      await stop(name)
      assert.equal(await change('PATCH', name, entries(5)), framework('altered'))
      await untilOffsets(name, both(5))
      await cluster.configure(name, source({ ...given, 'alter.offsets.result': 'true', 'max.messages': '20' }))
      assert.equal(await change('PATCH', name, entries(7)), external('altered'))
      await untilOffsets(name, both(7))
      await resume(name, 2)
      await untilOffsets(name, both(20))

      await stop(name)
      for (let i = 0; i < 2; i++) assert.equal(await change('DELETE', name), external('reset'))
      assert.deepEqual(await cluster.offsets(name), [])
      await resume(name, 2)
      await untilOffsets(name, both(20))
      if (topic !== null) assert.equal((await topicsOf(kafka)).includes(topic), true)
      if (isElsewhere) {
        assert.equal((await topicsOf(otherKafka)).includes(name), true)
        assert.equal((await topicsOf(kafka)).includes(name), false)
      }
      await cluster.expect(204, 'DELETE', `/connectors/${name}`)
    })
  }

  test("a source's own offsets topic is on the cluster of its clients, made there, and copied to the worker's topic", async () => {
    const name = 'source-elsewhere'
    const both = { [`${name}-0`]: 10, [`${name}-1`]: 10 }
    const plain = source({ topic: name, ...overrides('producer', 'consumer', 'admin') })
    const own = { ...plain, 'offsets.storage.topic': 'own-offsets' }
    await cluster.configure(name, own)
    await untilOffsets(name, both)
    assert.equal((await topicsOf(otherKafka)).includes('own-offsets'), true)
    assert.equal((await topicsOf(kafka)).includes('own-offsets'), false)
    await stop(name)

    // Without a topic of its own, what the worker's topic has.
    await cluster.configure(name, plain)
    await untilOffsets(name, both)
    await cluster.configure(name, own)
    const entry = { partition: { 'task.id': `${name}-0` }, offset: { saved: 5 } }
    assert.equal(await change('PATCH', name, [entry]), framework('altered'))
    await untilOffsets(name, { ...both, [`${name}-0`]: 5 })
    await cluster.configure(name, plain)
    await untilOffsets(name, { ...both, [`${name}-0`]: 5 })
    assert.equal(await change('PATCH', name, [{ ...entry, offset: { saved: 3 } }]), framework('altered'))
    await cluster.configure(name, own)
    await untilOffsets(name, { ...both, [`${name}-0`]: 5 })

    // A new topic of its own begins with what the worker's has.
    await cluster.configure(name, { ...own, 'offsets.storage.topic': 'new-offsets' })
    await untilOffsets(name, { ...both, [`${name}-0`]: 3 })
    await cluster.configure(name, own)
    assert.equal(await change('DELETE', name), framework('reset'))
    assert.deepEqual(await cluster.offsets(name), [])
    await cluster.configure(name, plain)
    assert.deepEqual(await cluster.offsets(name), [], 'gone from both')
    await cluster.configure(name, own)
    await resume(name, 2)
    await untilOffsets(name, both)
    await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  })

  test('testAlterSourceConnectorOffsetsInvalidRequestBody: 400, or 500 for what cannot be read', async () => {
    await cluster.configure('strict-source', source())
    await cluster.until('strict-source', 'RUNNING', 2)
    await stop('strict-source')
    const missing = /Partitions \/ offsets need to be provided for an alter offsets request/
    const cases: [string, number, RegExp][] = [
      ['[]', 500, /Cannot deserialize value/],
      ['{}', 400, missing],
      ['{"key": []}', 500, /Unrecognized field/],
      ['{"offsets": []}', 400, missing],
      ['{"offsets": {}}', 500, /Cannot deserialize value/],
      ['{"offsets": [123]}', 500, /Cannot construct instance/],
      ['{"offsets": [{"key": "val"}]}', 500, /Unrecognized field/],
      // No JSON either, which comes first here; Jackson, which reads bit by bit, finds the list first.
      ['{"offsets": [{"partition": []]}]}', 500, /not valid JSON/],
      ['{"offsets": [{"partition": []}]}', 500, /Cannot deserialize value/],
    ]
    const url = new URL('connectors/strict-source/offsets', cluster.workers[0]?.urls[0])
    for (const [body, status, fragment] of cases) {
      const answer = await fetch(url, { method: 'PATCH', body, headers: { 'content-type': 'application/json' } })
      assert.equal(answer.status, status, body)
      assert.match(((await answer.json()) as { message: string }).message, fragment)
    }
    await cluster.expect(204, 'DELETE', '/connectors/strict-source')
  })

  test('testAlterSinkConnectorOffsetsInvalidRequestBody: 400 with what is wrong', async () => {
    await cluster.configure('strict-sink', sink('strict'))
    await stop('strict-sink')
    const cases: [unknown, RegExp][] = [
      [{}, /Partitions \/ offsets need to be provided for an alter offsets request/],
      [{ offsets: [] }, /Partitions \/ offsets need to be provided for an alter offsets request/],
      [{ offsets: [{}] }, /The partition for a sink connector offset cannot be null or missing/],
      [{ offsets: [{ partition: null }] }, /The partition for a sink connector offset cannot be null or missing/],
      [{ offsets: [{ partition: {} }] }, /must contain the keys 'kafka_topic' and 'kafka_partition'/],
      [{ offsets: [at('t', 'not a number', 1)] }, /Partition values for sink connectors need to be integers/],
      [
        { offsets: [{ partition: { kafka_topic: 't', kafka_partition: 1 }, offset: {} }] },
        /The offset for a sink connector should either be null or contain the key 'kafka_offset'/,
      ],
      [{ offsets: [at('t', 1, 'not a number')] }, /Offset values for sink connectors need to be integers/],
      [{ offsets: [at('t', null, 1)] }, /Kafka partitions must be valid numbers and may not be null/],
    ]
    for (const [body, fragment] of cases) {
      const answer = (await cluster.expect(400, 'PATCH', '/connectors/strict-sink/offsets', body)) as {
        message: string
      }
      assert.match(answer.message, fragment)
    }
    await cluster.expect(204, 'DELETE', '/connectors/strict-sink')
  })

  test('testAlterSinkConnectorOffsetsZombieSinkTasks, testResetSinkConnectorOffsetsZombieSinkTasks: 500 that says so', async (t) => {
    await produce('zombies', 1, 1)
    await cluster.configure('zombie', sink('zombies', { 'tasks.max': '1' }))
    await cluster.until('zombie', 'RUNNING', 1)
    await stop('zombie')
    // A member that does not leave, as a task would be that hangs somewhere.
    const consumer = kafka.consumer({ groupId: 'connect-zombie', sessionTimeout: 30_000 })
    t.after(() => consumer.disconnect())
    await consumer.connect()
    await consumer.subscribe({ topic: 'zombies' })
    const joined = new Promise<void>((resolve) => consumer.on('consumer.group_join', () => resolve()))
    await consumer.run({ eachMessage: async () => {} })
    await withDeadline(joined, 20_000, 'Joining the group')
    for (const [method, body, verb] of [
      ['PATCH', { offsets: [at('zombies', 0, 0)] }, 'alter'],
      ['DELETE', undefined, 'reset'],
    ] as const) {
      const { message } = (await cluster.expect(500, method, '/connectors/zombie/offsets', body)) as { message: string }
      assert.match(message, /zombie sink task/)
      assert.match(message, new RegExp(`Failed to ${verb} consumer group offsets for connector zombie`))
      assert.match(message, /If the connector is in a stopped state, this operation can be safely retried/)
    }
    await consumer.disconnect()
    await cluster.expect(204, 'DELETE', '/connectors/zombie')
  })
})
