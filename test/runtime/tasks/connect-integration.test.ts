import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Admin, type Cluster, createCluster, Producer } from '../../../src/client/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { jsonLines } from '../../support/task-ground.ts'
import { eventually } from '../../support/task-runner.ts'

// Kafka Connect's ExampleConnectIntegrationTest, SourceConnectorsIntegrationTest and one of ConnectWorkerIntegrationTest.

const STRING = 'org.apache.kafka.connect.storage.StringConverter'
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const asJson = { 'value.converter': JSON_CONVERTER, 'value.converter.schemas.enable': 'false' }

let broker: TestBroker
let worker: TestWorker
let cluster: Cluster
let admin: Admin
let folder: string

before(async () => {
  broker = await startTestBroker({ 'auto.create.topics.enable': 'false' })
  worker = await startTestWorker(broker.bootstrap)
  cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  admin = new Admin(cluster)
  folder = await mkdtemp(join(tmpdir(), 'millrace-integration-'))
})

after(async () => {
  await worker.stop()
  await cluster.close()
  await broker.close()
  await rm(folder, { recursive: true, force: true })
})

async function create(name: string, config: Record<string, string>, on = worker): Promise<void> {
  const { status, body } = await on.call('PUT', `/connectors/${name}/config`, config)
  assert.equal(status, 201, JSON.stringify(body))
}

async function runningTasks(name: string, count: number, on = worker): Promise<void> {
  const isRunning = async (): Promise<boolean> => {
    const { status, body } = await on.call('GET', `/connectors/${name}/status`)
    if (status !== 200) return false
    const { connector, tasks } = body as { connector: { state: string }; tasks: { state: string }[] }
    const running = tasks.filter(({ state }) => state === 'RUNNING')
    return connector.state === 'RUNNING' && running.length === count
  }
  await eventually(isRunning, `${name} running with ${count} tasks`, 20_000)
}

async function errorCount(config: Record<string, string>): Promise<number> {
  const plugin = config['connector.class'] ?? ''
  const { status, body } = await worker.call('PUT', `/connector-plugins/${plugin}/config/validate`, config)
  assert.equal(status, 200, JSON.stringify(body))
  return (body as { error_count: number }).error_count
}

async function partitionsOf(topic: string): Promise<number | null> {
  const [described] = await admin.describeTopics([topic])
  return described?.topic?.partitions.length ?? null
}

/** Records in all partitions of a topic. */
async function sizeOf(topic: string): Promise<number> {
  const count = (await partitionsOf(topic)) ?? 0
  const queries = Array.from({ length: count }, (_, partition) => ({ topic, partition, at: 'latest' as const }))
  const ends = await admin.listOffsets(queries)
  return ends.reduce((sum, { offset }) => sum + offset, 0)
}

test('ExampleConnectIntegrationTest.testSinkConnector: three tasks share three partitions, all is delivered and committed', async () => {
  await admin.createTopics([{ name: 'test-topic', partitions: 3 }])
  const out = join(folder, 'sink.jsonl')
  const config = {
    'connector.class': 'test.CollectingSink',
    'tasks.max': '3',
    topics: 'test-topic',
    out,
    'consumer.override.heartbeat.interval.ms': '100',
    'key.converter': STRING,
    'value.converter': STRING,
  }
  assert.equal(await errorCount(config), 1)
  assert.equal(await errorCount({ ...config, name: 'simple-sink' }), 0)
  await create('simple-sink', config)
  await runningTasks('simple-sink', 3)
  const events = () => jsonLines<{ event: string; task: number; partitions?: number[]; records?: unknown[] }>(out)
  const held = (): number[][] => {
    const byTask = new Map<number, Set<number>>()
    for (const { event, task, partitions = [] } of events()) {
      const set = byTask.get(task) ?? new Set<number>()
      byTask.set(task, set)
      for (const partition of partitions) {
        if (event === 'open') set.add(partition)
        if (event === 'close') set.delete(partition)
      }
    }
    return [...byTask.values()].map((set) => [...set])
  }
  await eventually(
    () => held().length === 3 && held().every(({ length }) => length === 1),
    'a partition for each task',
    20_000,
  )
  const producer = new Producer(cluster)
  await Promise.all(
    Array.from({ length: 2000 }, (_, i) =>
      producer.send({ topic: 'test-topic', partition: i % 3, key: null, value: Buffer.from(`value-${i}`) }),
    ),
  )
  await producer.close()
  const taken = (): number => events().reduce((sum, { records = [] }) => sum + records.length, 0)
  await eventually(() => taken() === 2000, 'taking 2000 records', 20_000)
  const committed = async (): Promise<boolean> =>
    (await admin.listGroupOffsets('connect-simple-sink')).reduce((sum, { offset }) => sum + offset, 0) === 2000
  await eventually(committed, 'committing 2000 records', 20_000)
  assert.equal((await worker.call('DELETE', '/connectors/simple-sink')).status, 204)
})

test('ExampleConnectIntegrationTest.testSourceConnector: the topic is created, records are produced and committed', async () => {
  const config = {
    'connector.class': 'test.CountingSource',
    'tasks.max': '3',
    topic: 'simple-source-topic',
    count: '1000',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
    ...asJson,
  }
  assert.equal(await errorCount(config), 1)
  assert.equal(await errorCount({ ...config, name: 'simple-source' }), 0)
  await create('simple-source', config)
  await runningTasks('simple-source', 3)
  await eventually(async () => (await sizeOf('simple-source-topic')) === 3000, 'producing', 20_000)
  const committed = async (): Promise<boolean> => {
    const { body } = await worker.call('GET', '/connectors/simple-source/offsets')
    const { offsets = [] } = body as { offsets?: { offset: { n: number } }[] }
    return offsets.length === 3 && offsets.every(({ offset }) => offset.n === 999)
  }
  await eventually(committed, 'committing', 20_000)
  assert.equal((await worker.call('DELETE', '/connectors/simple-source')).status, 204)
})

const groups = (topic: string): Record<string, string> => ({
  'connector.class': 'test.CountingSource',
  topic,
  count: '5',
  'topic.creation.groups': 'foo, bar',
  'topic.creation.default.replication.factor': '1',
  'topic.creation.default.partitions': '1',
  'topic.creation.foo.include': `${topic}`,
  'topic.creation.foo.exclude': 'bar-topic',
  'topic.creation.foo.partitions': '9',
  ...asJson,
})

test('SourceConnectorsIntegrationTest.testTopicsAreCreatedWhenTopicCreationIsEnabled: by the group that includes the topic', async () => {
  assert.equal(await errorCount({ ...groups('foo-topic'), name: 'foo' }), 0)
  await create('foo', groups('foo-topic'))
  await runningTasks('foo', 1)
  await eventually(async () => (await partitionsOf('foo-topic')) === 9, 'creating the topic with 9 partitions')
  assert.equal((await worker.call('DELETE', '/connectors/foo')).status, 204)
})

/** A worker of its own for one test, which stops it. */
function ownWorker(name: string, bootstrap: string, given: Record<string, string>): Promise<TestWorker> {
  return startTestWorker(bootstrap, {
    'group.id': name,
    'config.storage.topic': `${name}-configs`,
    'offset.storage.topic': `${name}-offsets`,
    'status.storage.topic': `${name}-status`,
    ...given,
  })
}

test('SourceConnectorsIntegrationTest.testSwitchingToTopicCreationEnabled: tasks wait for a topic that nobody may create', async () => {
  await admin.createTopics([{ name: 'bar-topic', partitions: 1 }])
  const without = await ownWorker('switching', broker.bootstrap, { 'topic.creation.enable': 'false' })
  try {
    await create('late', groups('late-topic'), without)
    await create('bar', { ...groups('bar-topic'), topic: 'bar-topic' }, without)
    await runningTasks('late', 1, without)
    await runningTasks('bar', 1, without)
    await eventually(async () => (await sizeOf('bar-topic')) === 5, 'producing to the topic that is there')
    assert.equal(await partitionsOf('late-topic'), null)
    await runningTasks('late', 1, without)
  } finally {
    await without.stop()
  }
  const enabled = await ownWorker('switching', broker.bootstrap, {})
  try {
    await runningTasks('late', 1, enabled)
    await eventually(async () => (await partitionsOf('late-topic')) === 9, 'creating the topic', 20_000)
    assert.equal(await partitionsOf('bar-topic'), 1)
  } finally {
    await enabled.stop()
  }
})

test('SourceConnectorsIntegrationTest.testTopicsAreCreatedWhenAutoCreateTopicsIsEnabledAtTheBroker: with the defaults of the broker', async () => {
  const creating = await startTestBroker({ 'auto.create.topics.enable': 'true', 'num.partitions': '2' })
  const own = await ownWorker('automatic', creating.bootstrap, { 'topic.creation.enable': 'false' })
  const other = createCluster({ bootstrapServers: [creating.bootstrap] })
  try {
    await create('auto', groups('auto-topic'), own)
    await runningTasks('auto', 1, own)
    const created = async (): Promise<boolean> => {
      const [described] = await new Admin(other).describeTopics(['auto-topic'])
      return described?.topic?.partitions.length === 2
    }
    await eventually(created, 'creating the topic', 20_000)
  } finally {
    await other.close()
    await own.stop()
    await creating.close()
  }
})

test('ConnectWorkerIntegrationTest.testSourceTaskNotBlockedOnShutdownWithNonExistentTopic', async () => {
  const events = join(folder, 'nowhere.events')
  await create('nowhere', {
    'connector.class': 'test.MonitorableSourceConnector',
    'tasks.max': '2',
    topic: 'no-such-topic',
    'events.to': events,
  })
  await runningTasks('nowhere', 2)
  const began = performance.now()
  assert.equal((await worker.call('DELETE', '/connectors/nowhere')).status, 204)
  const isGone = async (): Promise<boolean> => (await worker.call('GET', '/connectors/nowhere/status')).status === 404
  await eventually(isGone, 'the connector and its tasks gone', 10_000)
  const stopped = (): boolean => {
    const lines = readFileSync(events, 'utf8').split('\n')
    return ['nowhere', 'nowhere-0', 'nowhere-1'].every((name) => lines.includes(`stop ${name}`))
  }
  await eventually(stopped, 'the stop of the connector and its tasks', 10_000)
  assert.ok(performance.now() - began < 20_000)
  assert.equal(await partitionsOf('no-such-topic'), null)
})
