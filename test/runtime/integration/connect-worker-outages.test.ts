import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { withDeadline } from '../../../src/base/deadline.ts'
import { Consumer, createCluster, recordsOf } from '../../../src/client/index.ts'
import { ConnectCluster, monitorableSource as source } from '../../support/connect-cluster.ts'
import { eventually } from '../../support/task-runner.ts'

// Those of Kafka's ConnectWorkerIntegrationTest in which the brokers or the internal topics are not as they should be.

const UNHEALTHY = 'Worker was unable to handle this request and may be unable to handle other requests.'

async function start(
  t: TestContext,
  workers: number,
  props: Record<string, string>,
  brokerProps: Record<string, string> = {},
): Promise<ConnectCluster> {
  const cluster = await ConnectCluster.start(workers, props, { 'auto.create.topics.enable': 'false', ...brokerProps })
  t.after(() => cluster.close())
  return cluster
}

const kafkaOf = (cluster: ConnectCluster): Kafka =>
  new Kafka({ brokers: [cluster.broker.bootstrap], logLevel: logLevel.NOTHING })

/** What each worker says of its health, which may take a second. */
function healths(cluster: ConnectCluster): Promise<{ status: number; message: string }[]> {
  return cluster.withRequestTimeout(1000, () =>
    Promise.all(
      cluster.workers.map(async (worker) => {
        const { status, body } = await worker.call('GET', '/health')
        return { status, message: (body as { message: string }).message }
      }),
    ),
  )
}

test('testBrokerCoordinator: without brokers no worker is healthy and nothing runs; with them all is as it was', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'broker-coordinator-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const cluster = await start(t, 3, { 'scheduled.rebalance.max.delay.ms': '5000', 'offset.flush.timeout.ms': '1000' })
  const events = join(folder, 'events')
  const count = async (what: string): Promise<number> =>
    (await readFile(events, 'utf8')).split('\n').filter((line) => line === what).length
  const everything = ['coordinated', ...[0, 1, 2, 3].map((task) => `coordinated-${task}`)]
  const every = async (what: string, times: number): Promise<boolean> =>
    (await Promise.all(everything.map((name) => count(`${what} ${name}`)))).every((found) => found >= times)

  await cluster.configure('coordinated', source({ 'events.to': events }))
  await cluster.until('coordinated', 'RUNNING', 4)
  await cluster.broker.shutDown()
  await eventually(
    async () =>
      (await healths(cluster)).every(({ status, message }) => status === 500 && message.startsWith(UNHEALTHY)),
    'no worker being healthy',
    30_000,
  )
  await eventually(() => every('stop', 1), 'the end of the connector and its tasks', 30_000)
  const starts = await count('start coordinated')
  await cluster.broker.restart()
  await eventually(
    async () => (await healths(cluster)).every(({ status }) => status === 200),
    'all workers being healthy',
    60_000,
  )
  await eventually(async () => (await count('start coordinated')) > starts, 'another start', 30_000)
  const { connector, tasks } = await cluster.until('coordinated', 'RUNNING', 4)
  const urls = cluster.workers.map(({ advertisedUrl }) => new URL(advertisedUrl).host)
  for (const { worker_id } of [connector, ...tasks]) assert.ok(urls.includes(worker_id))
})

test('testRequestTimeouts: a request that is given up says what the worker is doing, and so does its health', async (t) => {
  const topic = 'test-request-timeout-configs'
  const cluster = await start(t, 1, { 'config.storage.topic': topic })
  const path = '/connectors/slow/config'

  /** The request is given up in this stage; until then it may succeed, but not fail in another way. */
  async function expectTimeout(stage: string, method: string, at: string, body?: unknown, mostMs = 0): Promise<void> {
    const began = performance.now()
    await cluster.withRequestTimeout(1000, async () => {
      for (;;) {
        const answer = await cluster.call(method, at, body)
        if (answer.status < 300 && performance.now() - began < mostMs) continue
        assert.equal(answer.status, 500)
        const { message } = answer.body as { message: string }
        assert.ok(message.startsWith(`Request timed out. The worker is currently ${stage}, which began at `), message)
        break
      }
      for (const { status, message } of await healths(cluster)) {
        assert.equal(status, 500)
        assert.ok(message.startsWith(`${UNHEALTHY} The worker is currently ${stage}, which began at `), message)
      }
    })
  }

  await cluster.configure('slow', source())
  await cluster.until('slow', 'RUNNING', 4)
  await cluster.broker.shutDown()
  const flushing = 'flushing updates to the status topic'
  // A request before the worker knows would begin to write its configuration; then its tasks stop.
  await eventually(
    async () => (await healths(cluster))[0]?.message.includes(flushing),
    'the worker having noticed',
    30_000,
  )
  await expectTimeout(flushing, 'PUT', path, source({ 'tasks.max': '5' }))
  await cluster.broker.restart()
  await eventually(
    async () => (await cluster.call('PUT', path, source({ 'tasks.max': '5' }))).status === 200,
    'a new configuration',
    60_000,
  )
  await cluster.until('slow', 'RUNNING', 5)

  const admin = kafkaOf(cluster).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [topic] })
  await admin.disconnect()
  const writing = 'writing a config for connector slow to the config topic'
  await expectTimeout(writing, 'PUT', path, source(), 30_000)
  await expectTimeout(writing, 'DELETE', '/connectors/slow')
  // It would wait for half a minute for that to be written.
  await withDeadline(cluster.removeWorker(), 20_000, 'The stop')
})

test('a worker that is told to stop while it stops its work for want of brokers does so', async (t) => {
  const cluster = await start(t, 1, { 'offset.flush.timeout.ms': '1000' })
  await cluster.configure('doomed', source())
  await cluster.until('doomed', 'RUNNING', 4)
  const admin = kafkaOf(cluster).admin()
  await admin.connect()
  // From then on there is always something on its way, without which tasks would stop at once.
  await eventually(async () => {
    const offsets = await admin.fetchTopicOffsets('test-topic').catch(() => [])
    return offsets.some(({ high }) => Number(high) > 0)
  }, 'the first records')
  await admin.disconnect()
  await cluster.broker.shutDown()
  const [worker] = cluster.workers
  await eventually(
    () => worker?.herder.stage()?.description === 'stopping revoked connectors and tasks',
    'the worker noticing',
    30_000,
  )
  await withDeadline(cluster.removeWorker(), 30_000, 'The stop')
})

test('testCompactedDeletedOlderConnectorConfig: tasks of a deleted connector that compaction left over do not come back', async (t) => {
  const configTopic = 'kafka-16838-configs'
  const cluster = await start(
    t,
    1,
    {
      'config.storage.topic': configTopic,
      'config.storage.segment.ms': '100',
      'config.storage.delete.retention.ms': '1',
      'offset.flush.interval.ms': '100',
    },
    {
      'log.cleaner.backoff.ms': '100',
      'log.cleaner.delete.retention.ms': '1',
      'log.cleaner.max.compaction.lag.ms': '1',
      'log.cleaner.min.cleanable.ratio': '0',
      'log.cleaner.min.compaction.lag.ms': '1',
    },
  )
  const client = createCluster({ bootstrapServers: [cluster.broker.bootstrap] })
  t.after(() => client.close())
  const producer = kafkaOf(cluster).producer()
  await producer.connect()
  t.after(() => producer.disconnect())

  /** Keys of what is left in the config topic. */
  async function keysLeft(): Promise<string[]> {
    const partition = { topic: configTopic, partition: 0 }
    const consumer = new Consumer(client, { autoOffsetReset: 'earliest', fetchMaxWaitMs: 50 })
    try {
      consumer.assign([partition])
      const end = [...(await consumer.endOffsets([partition])).values()][0] ?? 0
      const keys: string[] = []
      for (let next = 0; next < end; ) {
        for (const fetched of await consumer.poll(500)) {
          for (const { key } of recordsOf(fetched)) keys.push(Buffer.from(key ?? []).toString())
          next = fetched.nextOffset
        }
      }
      return keys
    } finally {
      await consumer.close()
    }
  }
  async function endOf(topic: string): Promise<number> {
    const consumer = new Consumer(client, {})
    const ends = await consumer.endOffsets([{ topic, partition: 0 }])
    await consumer.close()
    return [...ends.values()][0] ?? 0
  }

  await cluster.configure('again', source({ topic: 'connector-topic' }))
  await cluster.until('again', 'RUNNING', 4)
  await eventually(async () => (await cluster.offsets('again')).length === 4, 'offsets of all tasks', 20_000)
  await cluster.expect(204, 'DELETE', '/connectors/again')
  await cluster.removeWorker()
  let garbage = 0
  await eventually(
    async () => {
      // What is written last is not compacted.
      await producer.send({ topic: configTopic, messages: [{ key: `garbage-key-${++garbage}`, value: null }] })
      return !(await keysLeft()).includes('connector-again')
    },
    'the compaction of the connector',
    30_000,
  )
  const left = await keysLeft()
  for (const key of ['commit-again', 'task-again-0']) assert.ok(left.includes(key), `${key} in ${left.join()}`)

  await cluster.addWorker()
  assert.deepEqual(await cluster.expect(200, 'GET', '/connectors'), [])
  const end = await endOf('connector-topic')
  assert.ok(end > 0)
  await cluster.configure('again', source({ topic: 'other-topic' }))
  await cluster.until('again', 'RUNNING', 4)
  await eventually(async () => (await endOf('other-topic').catch(() => 0)) >= 8, 'records in the other topic', 20_000)
  assert.equal(await endOf('connector-topic'), end)
})
