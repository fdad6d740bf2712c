import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  Admin,
  type Cluster,
  Consumer,
  type ConsumerOptions,
  createCluster,
  Producer,
  type RebalanceListener,
  type TopicPartition,
} from '../../src/client/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { bytes, collect, PollLoop, text, until } from './support/until.ts'

let broker: TestBroker
let cluster: Cluster
let admin: Admin
let producer: Producer
let topics = 0

before(async () => {
  broker = await startTestBroker()
  cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  admin = new Admin(cluster)
  producer = new Producer(cluster, { lingerMs: 1 })
})

after(async () => {
  await producer.close()
  await cluster.close()
  await broker.close()
})

/** Broker and members share a process: a pause of it that is longer than a session ends them all. */
const quick: ConsumerOptions = { autoOffsetReset: 'earliest', heartbeatIntervalMs: 50, sessionTimeoutMs: 10_000 }

async function newTopic(partitions: number): Promise<string> {
  const name = `grouped-${topics++}`
  await admin.createTopics([{ name, partitions }])
  return name
}

async function fill(topic: string, partitions: number, from: number, to: number): Promise<void> {
  const sends: Promise<unknown>[] = []
  for (let i = from; i < to; i++) {
    sends.push(producer.send({ topic, partition: i % partitions, key: null, value: bytes(`${i}`) }))
  }
  await Promise.all(sends)
}

interface Member {
  consumer: Consumer
  loop: PollLoop
  events: string[]
}

function member(
  groupId: string,
  topic: string | RegExp,
  options: ConsumerOptions = {},
  listener: RebalanceListener = {},
  client = cluster,
): Member {
  const consumer = new Consumer(client, { ...quick, groupId, ...options })
  const events: string[] = []
  const note = (what: string, partitions: TopicPartition[]): void => {
    events.push(`${what} ${partitions.map(({ partition }) => partition).join(' ')}`.trim())
  }
  consumer.subscribe(typeof topic === 'string' ? { topics: [topic] } : { pattern: topic }, {
    onAssigned: async (partitions) => {
      note('assigned', partitions)
      await listener.onAssigned?.(partitions)
    },
    onRevoked: async (partitions) => {
      note('revoked', partitions)
      await listener.onRevoked?.(partitions)
    },
    onLost: (partitions) => note('lost', partitions),
  })
  return { consumer, loop: new PollLoop(consumer), events }
}

async function stop(...members: Member[]): Promise<void> {
  for (const { loop, consumer } of members) {
    await loop.stop()
    await consumer.close()
  }
}

const held = ({ consumer }: Member): number[] =>
  consumer
    .assignment()
    .map(({ partition }) => partition)
    .toSorted((a, b) => a - b)
const values = (...members: Member[]): number[] =>
  members.flatMap(({ loop }) => loop.records.map(({ value }) => Number(text(value)))).toSorted((a, b) => a - b)
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

test('two members share the partitions, and the one that stays takes over those of the one that leaves', async () => {
  const topic = await newTopic(4)
  const commit = { onRevoked: () => a.consumer.commit() }
  const a = member('leave', topic, {}, commit)
  await until('a has all', () => held(a).length === 4)
  await fill(topic, 4, 0, 100)
  await until('a read all', () => a.loop.records.length === 100)
  const b = member('leave', topic)
  await until('they share', () => held(a).length === 2 && held(b).length === 2)
  assert.deepEqual(
    [...held(a), ...held(b)].toSorted((x, y) => x - y),
    [0, 1, 2, 3],
  )
  await fill(topic, 4, 100, 200)
  await until('both read all', () => a.loop.records.length + b.loop.records.length === 200)
  assert.deepEqual(values(a, b), range(0, 200))
  await b.consumer.commit()
  await stop(b)
  await until('a has all again', () => held(a).length === 4)
  await fill(topic, 4, 200, 240)
  await until('a read the rest', () => a.loop.records.length + b.loop.records.length === 240)
  assert.deepEqual(values(a, b), range(0, 240))
  assert.deepEqual(a.events.slice(0, 2), ['assigned 0 1 2 3', 'revoked 0 1 2 3'])
  await stop(a)
})

test('a member that dies without a word is replaced after its session', async () => {
  const topic = await newTopic(2)
  const own = createCluster({ bootstrapServers: [broker.bootstrap] })
  const [a, b] = [member('death', topic), member('death', topic, { sessionTimeoutMs: 1000 }, {}, own)]
  await until('they share', () => held(a).length === 1 && held(b).length === 1)
  await fill(topic, 2, 0, 10)
  await until('both read', () => a.loop.records.length + b.loop.records.length === 10)
  await b.consumer.commit()
  const begun = performance.now()
  await own.close()
  await until('a has all', () => held(a).length === 2)
  assert.ok(performance.now() - begun < 5000)
  await fill(topic, 2, 10, 20)
  await until('a reads on where b had committed', () => values(a, b).at(-1) === 19)
  await stop(a, b)
})

test('a new consumer of the group goes on at the committed offset', async () => {
  const topic = await newTopic(1)
  await fill(topic, 1, 0, 10)
  const first = member('resume', topic)
  await until('all read', () => first.loop.records.length === 10)
  await first.consumer.commit([{ topic, partition: 0, offset: 6 }])
  await stop(first)
  const second = member('resume', topic)
  await until('the rest read', () => second.loop.records.length >= 4)
  assert.deepEqual(values(second), range(6, 10))
  await stop(second)
})

test('cooperative members give up only what moves', async () => {
  const topic = await newTopic(4)
  const options: ConsumerOptions = { partitionAssignmentStrategy: ['cooperative-sticky'] }
  const a = member('cooperative', topic, options)
  await until('a has all', () => held(a).length === 4)
  const b = member('cooperative', topic, options)
  await until('they share', () => held(a).length === 2 && held(b).length === 2)
  assert.equal(a.events[0], 'assigned 0 1 2 3')
  const revoked = a.events.filter((event) => event.startsWith('revoked'))
  assert.deepEqual(revoked, [`revoked ${held(b).join(' ')}`])
  await stop(b)
  await until('a has all again', () => held(a).length === 4)
  assert.equal(a.events.filter((event) => event.startsWith('revoked')).length, 1)
  await stop(a)
})

test('round robin deals the partitions of a topic out in turn', async () => {
  const topic = await newTopic(4)
  const options: ConsumerOptions = { partitionAssignmentStrategy: ['roundrobin'] }
  const [a, b] = [member('turns', topic, options), member('turns', topic, options)]
  await until('they share', () => held(a).length === 2 && held(b).length === 2)
  assert.deepEqual(
    [held(a), held(b)].toSorted(([x = 0], [y = 0]) => x - y),
    [
      [0, 2],
      [1, 3],
    ],
  )
  await stop(a, b)
})

test('a pattern takes up topics that are created later', async () => {
  const client = createCluster({ bootstrapServers: [broker.bootstrap], metadataMaxAgeMs: 100 })
  const prefix = `pattern-${topics++}`
  await admin.createTopics([{ name: `${prefix}-a` }, { name: `other-${prefix}` }])
  const a = member('pattern', new RegExp(`^${prefix}-.*`), {}, {}, client)
  const names = (): string[] => a.consumer.assignment().map(({ topic }) => topic)
  await until('the first topic is there', () => names().length === 1)
  await admin.createTopics([{ name: `${prefix}-b` }])
  await until('the second one too', () => names().length === 2)
  assert.deepEqual(names().toSorted(), [`${prefix}-a`, `${prefix}-b`])
  await producer.send({ topic: `${prefix}-b`, key: null, value: bytes('1') })
  await until('its record came', () => a.loop.records.length === 1)
  await stop(a)
  await client.close()
})

test('partitions that are added are shared out', async () => {
  const client = createCluster({ bootstrapServers: [broker.bootstrap], metadataMaxAgeMs: 100 })
  const topic = await newTopic(1)
  const a = member('growing', topic, {}, {}, client)
  await until('one partition', () => held(a).length === 1)
  await admin.createPartitions([{ name: topic, count: 3 }])
  await until('three partitions', () => held(a).length === 3)
  await stop(a)
  await client.close()
})

test('a consumer that does not poll leaves its group, and the next poll joins anew', async () => {
  const topic = await newTopic(2)
  await fill(topic, 2, 0, 2)
  const a = member('slow', topic, { maxPollIntervalMs: 700 })
  await until('a has all', () => held(a).length === 2)
  await a.loop.stop()
  const b = member('slow', topic)
  await until('b has all, once a is out', () => held(b).length === 2)
  await assert.rejects(a.consumer.commit([{ topic, partition: 0, offset: 1 }]), { code: ErrorCode.UNKNOWN_MEMBER_ID })
  const again = new PollLoop(a.consumer)
  await until('they share', () => held(a).length === 1 && held(b).length === 1)
  assert.ok(a.events.includes('lost 0 1'))
  await again.stop()
  await a.consumer.close()
  await stop(b)
})

test('a member that was removed learns it, and joins anew', async () => {
  const topic = await newTopic(2)
  const a = member('removed', topic)
  await until('a has all', () => held(a).length === 2)
  await admin.removeMembers('removed', [{ memberId: a.consumer.groupMetadata.memberId }])
  await until('it was lost and assigned again', () => a.events.length >= 3)
  assert.deepEqual(a.events, ['assigned 0 1', 'lost 0 1', 'assigned 0 1'])
  await stop(a)
})

test('static members that come back in time have their partitions without a rebalance', async () => {
  const topic = await newTopic(2)
  const start = (groupInstanceId: string): Member => member('static', topic, { groupInstanceId })
  const one = start('one')
  await until('one has all', () => held(one).length === 2)
  // In this rebalance the first one joins a second time: its subscription tells of the generation before.
  const two = start('two')
  await until('they share', () => held(one).length === 1 && held(two).length === 1)
  const before = [held(one), held(two)]
  const { generation } = one.consumer.groupMetadata
  await stop(two)
  const twoAgain = start('two')
  await until('the second one is back', () => held(twoAgain).length === 1)
  await stop(one)
  const oneAgain = start('one')
  await until('the first one is back', () => held(oneAgain).length === 1)
  assert.deepEqual([held(oneAgain), held(twoAgain)], before)
  assert.deepEqual(
    [oneAgain, twoAgain].map(({ consumer }) => consumer.groupMetadata.generation),
    [generation, generation],
  )
  await stop(oneAgain, twoAgain)
})

test('a static leader that comes back shares out partitions that are added', async (t) => {
  const client = createCluster({ bootstrapServers: [broker.bootstrap], metadataMaxAgeMs: 100 })
  t.after(() => client.close())
  const topic = await newTopic(1)
  const start = (): Member => {
    const only = member('leading', topic, { groupInstanceId: 'only' }, {}, client)
    t.after(() => stop(only))
    return only
  }
  const first = start()
  await until('one partition', () => held(first).length === 1)
  await stop(first)
  const again = start()
  await until('it is back', () => held(again).length === 1)
  assert.equal(again.consumer.groupMetadata.generation, 1)
  await admin.createPartitions([{ name: topic, count: 3 }])
  await until('three partitions', () => held(again).length === 3)
})

test('a static member that comes back for another topic takes nothing of the one that it left', async (t) => {
  const [topic, other] = [await newTopic(2), await newTopic(1)]
  const taken: TopicPartition[] = []
  const start = (groupInstanceId: string, of: string, listener: RebalanceListener = {}): Member => {
    const started = member('elsewhere', of, { groupInstanceId }, listener)
    t.after(() => stop(started))
    return started
  }
  const one = start('one', topic)
  await until('one has all', () => held(one).length === 2)
  const two = start('two', topic)
  await until('they share', () => held(one).length === 1 && held(two).length === 1)
  await stop(two)
  const twoAgain = start('two', other, { onAssigned: (partitions) => void taken.push(...partitions) })
  await until('each has its topic', () => held(one).length === 2 && held(twoAgain).length === 1)
  assert.deepEqual(taken, [{ topic: other, partition: 0 }])
})

test('committing in onRevoked hands over without a record twice or missing', async () => {
  const topic = await newTopic(3)
  const all: Member[] = []
  const start = (): void => {
    const m: Member = member('handover', topic, {}, { onRevoked: () => m.consumer.commit() })
    all.push(m)
  }
  start()
  for (let round = 0; round < 3; round++) {
    start()
    await fill(topic, 3, round * 300, round * 300 + 300)
    await until('a rebalance is over', () => all.every((m) => held(m).length >= (all.length > 3 ? 0 : 1)))
  }
  await fill(topic, 3, 900, 1000)
  await until('all read', () => values(...all).length >= 1000)
  assert.deepEqual(values(...all), range(0, 1000))
  await stop(...all)
})

test('an error of a listener comes out of poll', async () => {
  const topic = await newTopic(1)
  const consumer = new Consumer(cluster, { ...quick, groupId: 'failing' })
  consumer.subscribe(
    { topics: [topic] },
    {
      onAssigned: () => {
        throw new Error('the listener failed')
      },
    },
  )
  await assert.rejects(consumer.poll(10000), /the listener failed/)
  await fill(topic, 1, 0, 1)
  assert.equal((await collect(consumer, 1)).length, 1)
  await consumer.close()
})

test('what cannot work in a group is said at once', async () => {
  const without = new Consumer(cluster)
  assert.throws(() => without.subscribe({ topics: ['a'] }), /^ClientConfigError: group\.id/)
  await without.close()
  assert.throws(() => new Consumer(cluster, { heartbeatIntervalMs: 5, sessionTimeoutMs: 5 }), /heartbeat\.interval\.ms/)
  const consumer = new Consumer(cluster, { ...quick, groupId: 'tolerance', sessionTimeoutMs: 99_000_000 })
  consumer.subscribe({ topics: ['a'] })
  await assert.rejects(consumer.poll(10000), { code: ErrorCode.INVALID_SESSION_TIMEOUT })
  await consumer.close()
})

test('closing is quick when the broker is gone', async () => {
  const own = await startTestBroker()
  const client = createCluster({ bootstrapServers: [own.bootstrap] })
  await new Admin(client).createTopics([{ name: 't', partitions: 1 }])
  const a = member('gone', 't', {}, {}, client)
  await until('a has it', () => held(a).length === 1)
  await own.close()
  const begun = performance.now()
  await stop(a)
  await client.close()
  assert.ok(performance.now() - begun < 3000, `${performance.now() - begun} ms`)
})
