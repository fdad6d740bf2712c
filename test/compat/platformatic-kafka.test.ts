import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  Admin,
  Consumer,
  type Message,
  MessagesStreamModes,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { withDeadline } from '../../src/base/deadline.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { storedCodecs } from '../support/stored-codecs.ts'

const TIMEOUT_MS = 30000
type TextMessage = Message<string, string, string, string>

describe('@platformatic/kafka against our broker', () => {
  let broker: TestBroker
  before(async () => {
    broker = await startTestBroker()
  })
  after(() => broker.close())

  async function createTopic(topic: string, partitions = 4): Promise<void> {
    const admin = new Admin({ clientId: 'plt', bootstrapBrokers: [broker.bootstrap] })
    await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
    await admin.close()
  }

  async function send(
    topic: string,
    values: string[],
    options: { idempotent?: boolean; compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' } = {},
  ): Promise<void> {
    const producer = new Producer({
      clientId: 'plt',
      bootstrapBrokers: [broker.bootstrap],
      serializers: stringSerializers,
      idempotent: options.idempotent ?? false,
      compression: options.compression ?? 'none',
    })
    await producer.send({
      messages: values.map((value) => ({ topic, key: value, value, headers: { source: 'test' } })),
    })
    await producer.close()
  }

  function consumer(groupId: string): Consumer<string, string, string, string> {
    return new Consumer({
      clientId: 'plt',
      groupId,
      bootstrapBrokers: [broker.bootstrap],
      deserializers: stringDeserializers,
      sessionTimeout: 10000,
      rebalanceTimeout: 10000,
      heartbeatInterval: 200,
      maxWaitTime: 200,
      autocommit: false,
    })
  }

  /** Reads `count` records over all members together and commits each; then closes the members. */
  async function collect(members: readonly Consumer<string, string, string, string>[], topic: string, count: number) {
    const seen: TextMessage[] = []
    const streams = await Promise.all(
      members.map((member) =>
        member.consume({ topics: [topic], mode: MessagesStreamModes.COMMITTED, fallbackMode: 'earliest' }),
      ),
    )
    const all = new Promise<void>((resolve, reject) => {
      let committed = 0
      // Comes also of a member that closes while it joins again because another one has left; that is none of ours.
      for (const member of members) member.on('error', reject)
      for (const stream of streams) {
        stream.on('error', reject)
        stream.on('data', (message: TextMessage) => {
          seen.push(message)
          Promise.resolve(message.commit()).then(() => {
            if (++committed === count) resolve()
          }, reject)
        })
      }
    })
    await withDeadline(all, TIMEOUT_MS, `Consuming ${count} records`)
    for (const stream of streams) await stream.close()
    for (const member of members) await member.close()
    return seen
  }

  const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`)

  for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    test(`sends and reads batches compressed with ${compression}`, async () => {
      await createTopic(`made-${compression}`, 1)
      await send(`made-${compression}`, numbers(0, 50), { compression })
      const seen = await collect([consumer(`reader-${compression}`)], `made-${compression}`, 50)
      assert.deepEqual(
        seen.map(({ key, value }) => [key, value]),
        numbers(0, 50).map((value) => [value, value]),
      )
      assert.equal(seen[0]?.headers.get('source'), 'test')
      assert.deepEqual(await storedCodecs(broker.port, `made-${compression}`, 0), [compression])
    })
  }

  test('produces idempotently', async () => {
    await createTopic('idempotent', 1)
    await send('idempotent', numbers(0, 20), { idempotent: true })
    const seen = await collect([consumer('idempotent-reader')], 'idempotent', 20)
    assert.deepEqual(
      seen.map(({ value }) => value),
      numbers(0, 20),
    )
  })

  test('shares a topic in a group of two, commits, and goes on after a restart of the broker where it stopped', async () => {
    await createTopic('orders')
    const members = [consumer('pair'), consumer('pair')]
    const shares = new Map<unknown, number>()
    const balanced = new Promise<void>((resolve) => {
      for (const member of members) {
        member.on('consumer:group:join', ({ assignments }) => {
          shares.set(member, assignments?.find(({ topic }) => topic === 'orders')?.partitions.length ?? 0)
          if (shares.size === 2 && [...shares.values()].every((count) => count === 2)) resolve()
        })
      }
    })
    const collected = collect(members, 'orders', 100)
    await withDeadline(balanced, TIMEOUT_MS, 'Balancing the group')
    await send('orders', numbers(0, 100))
    const first = (await collected).map(({ value }) => value)
    assert.deepEqual([...first].sort(), numbers(0, 100).sort())

    await broker.restart()
    await send('orders', numbers(100, 120))
    const resumed = (await collect([consumer('pair')], 'orders', 20)).map(({ value }) => value)
    assert.deepEqual([...resumed].sort(), numbers(100, 120).sort(), 'nothing twice, nothing lost')
  })

  test('administers topics, groups and configs', async () => {
    const admin = new Admin({ clientId: 'plt', bootstrapBrokers: [broker.bootstrap] })
    try {
      await admin.createTopics({ topics: ['admin'], partitions: 2, replicas: 1 })
      assert.ok((await admin.listTopics()).includes('admin'))
      const groups = await admin.describeGroups({ groups: ['pair'] })
      assert.equal(groups.get('pair')?.state, 'Empty')
      assert.ok((await admin.listGroups()).has('pair'))
      await admin.deleteGroups({ groups: ['pair'] })
      assert.equal((await admin.listGroups()).has('pair'), false)
      await admin.deleteTopics({ topics: ['admin'] })
      assert.equal((await admin.listTopics()).includes('admin'), false)
    } finally {
      await admin.close()
    }
  })
})
