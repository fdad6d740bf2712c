import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssignerProtocol, type Assigner, Kafka, logLevel } from 'kafkajs'
import { withDeadline } from '../../src/base/deadline.ts'
import { Admin, Consumer, createCluster, Producer } from '../../src/client/index.ts'
import { startTestBroker } from '../support/broker.ts'
import { bytes, PollLoop, text, until } from './support/until.ts'

/** kafkajs joins under names of its own; this one has Kafka's, and the same rule as ours. */
const roundRobin: Assigner = {
  name: 'roundrobin',
  version: 1,
  protocol: ({ topics }) => ({
    name: 'roundrobin',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
  }),
  assign: async ({ members, topics }) => {
    const ids = members.map(({ memberId }) => memberId).toSorted((a, b) => (a < b ? -1 : 1))
    return ids.map((memberId, index) => {
      const partitions = [0, 1, 2, 3].filter((partition) => partition % ids.length === index)
      const assignment = Object.fromEntries(topics.map((topic) => [topic, partitions]))
      const memberAssignment = AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment,
        userData: Buffer.alloc(0),
      })
      return { memberId, memberAssignment }
    })
  },
}

for (const leads of ['kafkajs', 'this client']) {
  test(`a group of this client and kafkajs shares the partitions when ${leads} leads`, {
    timeout: 60000,
  }, async (t) => {
    // Hooks run in the order in which they were added, but the broker has to go last.
    const closers: (() => Promise<void>)[] = []
    t.after(async () => {
      // One that hangs or fails must not keep the others, and with them the process, open.
      for (const close of closers.toReversed()) await withDeadline(close(), 10_000, 'Closing').catch(() => undefined)
    })
    const broker = await startTestBroker()
    closers.push(() => broker.close())
    const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
    closers.push(() => cluster.close())
    await new Admin(cluster).createTopics([{ name: 't', partitions: 4 }])
    const seen: number[] = []
    const startTheirs = async (): Promise<void> => {
      const kafka = new Kafka({ brokers: [broker.bootstrap], clientId: 'kafkajs', logLevel: logLevel.NOTHING })
      const settings = { heartbeatInterval: 100, sessionTimeout: 6000, partitionAssigners: [() => roundRobin] }
      const theirs = kafka.consumer({ groupId: 'mixed', ...settings })
      closers.push(() => theirs.disconnect())
      await theirs.connect()
      await theirs.subscribe({ topic: 't', fromBeginning: true })
      await theirs.run({
        eachMessage: async ({ message }) => {
          seen.push(Number(message.value?.toString()))
        },
      })
    }
    const quick = { autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, sessionTimeoutMs: 6000 } as const
    const ours = new Consumer(cluster, { groupId: 'mixed', ...quick, partitionAssignmentStrategy: ['roundrobin'] })
    closers.push(() => ours.close())
    ours.subscribe({ topics: ['t'] })
    if (leads === 'kafkajs') await startTheirs()
    const loop = new PollLoop(ours)
    closers.push(() => loop.stop())
    if (leads !== 'kafkajs') {
      await until('ours is in', () => ours.assignment().length === 4)
      await startTheirs()
    }
    await until('they share', () => ours.assignment().length === 2)
    const producer = new Producer(cluster)
    const sends = Array.from({ length: 40 }, (_, i) =>
      producer.send({ topic: 't', partition: i % 4, key: null, value: bytes(`${i}`) }),
    )
    await Promise.all(sends)
    await producer.close()
    await until('together they read all', () => seen.length + loop.records.length === 40)
    const read = [...seen, ...loop.records.map(({ value }) => Number(text(value)))]
    assert.deepEqual(
      read.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i),
    )
    assert.equal(seen.length, 20)
  })
}
