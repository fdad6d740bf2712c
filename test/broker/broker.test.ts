import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { silentLogger } from '../../src/base/logger.ts'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import {
  CreateTopics,
  DescribeCluster,
  FindCoordinator,
  Metadata,
  OffsetCommit,
  OffsetFetch,
} from '../../src/protocol/messages/index.ts'
import { startTestBroker } from '../support/broker.ts'
import { eventually } from '../support/task-runner.ts'
import { WireClient } from '../support/wire-client.ts'

let folder = ''
let broker: Broker | null = null
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
})
afterEach(async () => {
  await broker?.close()
  broker = null
  await rm(folder, { recursive: true, force: true })
})

async function start(settings: Record<string, string> = {}, logger = silentLogger): Promise<Broker> {
  broker = await startBroker({ listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': folder, ...settings }, logger)
  return broker
}

async function stop(): Promise<void> {
  await broker?.close()
  broker = null
}

async function withClient<T>(work: (client: WireClient) => Promise<T>, listener = 0): Promise<T> {
  const client = await WireClient.connect(broker?.listeners[listener]?.port ?? 0)
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

test('each listener tells its clients its own address, the advertised one if there is one', async () => {
  await start({
    listeners: 'INSIDE://127.0.0.1:0,OUTSIDE://127.0.0.1:0',
    'listener.security.protocol.map': 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
    'advertised.listeners': 'OUTSIDE://kafka.example:29092',
  })
  const addressesOf = (listener: number) =>
    withClient(async (client) => {
      const metadata = await client.send(Metadata, 9, { topics: [] })
      const cluster = await client.send(DescribeCluster, 0, {})
      const coordinator = await client.send(FindCoordinator, 3, { key: 'g' })
      return [metadata.brokers[0], cluster.brokers[0], coordinator].map((each) => `${each?.host}:${each?.port}`)
    }, listener)
  const inside = `127.0.0.1:${broker?.listeners[0]?.port}`
  assert.deepEqual(await addressesOf(0), [inside, inside, inside])
  assert.deepEqual(await addressesOf(1), Array(3).fill('kafka.example:29092'))
})

test('when one of two listeners cannot be bound, neither stays', async () => {
  await start()
  const taken = broker?.listeners[0]?.port ?? 0
  const other = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
  const listeners = `A://127.0.0.1:0,B://127.0.0.1:${taken}`
  const settings = { listeners, 'listener.security.protocol.map': 'A:PLAINTEXT,B:PLAINTEXT', 'log.dirs': other }
  await assert.rejects(startBroker(settings, silentLogger), { name: 'ListenError' })
  // The folder was let go of too.
  const again = await startBroker({ listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': other }, silentLogger)
  await again.close()
  await rm(other, { recursive: true })
})

test('unknown settings and those without effect are warned about once each', async () => {
  const warnings: unknown[] = []
  const logger = Object.assign(Object.create(silentLogger), { warn: (fields: unknown) => warnings.push(fields) })
  await start({ 'no.such.setting': 'x', 'num.io.threads': '4', 'auto.create.topics.enable': 'false' }, logger)
  assert.deepEqual(warnings, [{ settings: ['no.such.setting'] }, { settings: ['num.io.threads'] }])
})

test('auto.create.topics.enable=false keeps unknown topics unknown', async () => {
  await start({ 'auto.create.topics.enable': 'false' })
  const { topics } = await withClient((client) => client.send(Metadata, 9, { topics: [{ name: 'wanted' }] }))
  assert.equal(topics[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('the 50 partitions of __consumer_offsets take no files until a group needs one', async () => {
  await start()
  const folders = async () => (await readdir(folder)).filter((name) => name.startsWith('__consumer_offsets'))
  assert.deepEqual(await folders(), [])
  await withClient(async (client) => {
    await client.send(Metadata, 9, { topics: [{ name: 't' }] })
    const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }]
    await client.send(OffsetCommit, 7, { groupId: 'g', topics: [{ name: 't', partitions }] })
  })
  assert.equal((await folders()).length, 1)
})

test('topics and groups are found again from the logs when cluster-metadata.json is lost', async () => {
  await start()
  const id = await withClient(async (client) => {
    const { topics } = await client.send(CreateTopics, 7, {
      topics: [{ name: 't', numPartitions: 3, replicationFactor: 1 }],
    })
    const partitions = [{ partitionIndex: 2, committedOffset: 9, committedMetadata: '' }]
    await client.send(OffsetCommit, 7, { groupId: 'g', topics: [{ name: 't', partitions }] })
    return topics[0]?.topicId
  })
  await stop()
  await rm(join(folder, 'cluster-metadata.json'))
  await start()
  await withClient(async (client) => {
    const { topics } = await client.send(Metadata, 12, { topics: [{ name: 't' }, { name: '__consumer_offsets' }] })
    assert.deepEqual(
      topics.map(({ partitions }) => partitions.length),
      [3, 50],
    )
    assert.equal(topics[0]?.topicId, id)
    const offsets = await client.send(OffsetFetch, 7, { groupId: 'g', topics: null })
    assert.equal(offsets.topics[0]?.partitions[0]?.committedOffset, 9)
  })
})

test('a damaged cluster-metadata.json is told with its path, and left alone', async () => {
  await start()
  await stop()
  const path = join(folder, 'cluster-metadata.json')
  await writeFile(path, '{"version":1,')
  await assert.rejects(
    start(),
    (error) => error instanceof Error && error.name === 'StorageError' && error.message.includes(path),
  )
  assert.equal(await readFile(path, 'utf8'), '{"version":1,')
})

test('a deletion that a crash cut short is finished at the next start', async () => {
  await start()
  await withClient((client) =>
    client.send(CreateTopics, 7, { topics: [{ name: 'doomed', numPartitions: 1, replicationFactor: 1 }] }),
  )
  await stop()
  const path = join(folder, 'cluster-metadata.json')
  const metadata = JSON.parse(await readFile(path, 'utf8')) as {
    topics: Record<string, { id: string }>
    deleting: Record<string, string>
  }
  metadata.deleting['doomed'] = metadata.topics['doomed']?.id ?? ''
  delete metadata.topics['doomed']
  await writeFile(path, JSON.stringify(metadata))
  await start()
  const { topics } = await withClient((client) => client.send(Metadata, 4, { topics: null }))
  assert.equal(
    topics.some(({ name }) => name === 'doomed'),
    false,
  )
  await stop()
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('doomed')),
    [],
  )
})

test('a topic of which a crash made only some partitions is completed at the next start', async () => {
  await start()
  await withClient((client) =>
    client.send(CreateTopics, 7, { topics: [{ name: 't', numPartitions: 3, replicationFactor: 1 }] }),
  )
  await stop()
  await rm(join(folder, 't-1'), { recursive: true })
  await mkdir(join(folder, 'not-a-partition'), { recursive: true })
  await start()
  assert.deepEqual((await readdir(folder)).filter((name) => /^t-\d$/.test(name)).sort(), ['t-0', 't-1', 't-2'])
})

test('log.cleaner.backoff.ms says how often compacted topics are cleaned, and log.cleaner.enable whether they are', async (t) => {
  const settings = { 'log.cleaner.backoff.ms': '10', 'log.cleaner.min.cleanable.ratio': '0' }
  const brokers = [
    await startTestBroker(settings),
    await startTestBroker({ ...settings, 'log.cleaner.enable': 'false' }),
  ]
  t.after(() => Promise.all(brokers.map((each) => each.close())))
  const [cleaned, kept] = await Promise.all(
    brokers.map(async ({ bootstrap, dataFolder }) => {
      const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
      const admin = kafka.admin()
      const producer = kafka.producer()
      await Promise.all([admin.connect(), producer.connect()])
      const configEntries = [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'segment.ms', value: '1000' },
      ]
      await admin.createTopics({ topics: [{ topic: 'compacted', configEntries }] })
      for (let i = 1; i <= 10; i++) {
        const timestamp = String(Date.now() - 100_000 + i * 5000)
        await producer.send({ topic: 'compacted', messages: [{ key: 'same', value: String(i), timestamp }] })
      }
      await Promise.all([admin.disconnect(), producer.disconnect()])
      return async () => (await readdir(join(dataFolder, 'compacted-0'))).filter((name) => name.endsWith('.log')).length
    }),
  )
  await eventually(async () => ((await cleaned?.()) ?? 0) <= 2, 'the cleaning')
  assert.equal(await kept?.(), 10)
})
