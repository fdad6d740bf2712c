import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { Admin, createCluster, Consumer, type Cluster } from '../../../src/client/index.ts'
import { recordsOf } from '../../../src/client/consumer/fetched-records.ts'
import { TaskHost } from '../../../src/runtime/threads/task-host.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { eventually, RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

let broker: TestBroker
let cluster: Cluster
const hosts: TaskHost[] = []

before(async () => {
  broker = await startTestBroker()
  cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  await new Admin(cluster).createTopics([
    { name: 'test-offsets', partitions: 3, configs: { 'cleanup.policy': 'compact' } },
  ])
})

after(async () => {
  await Promise.all(hosts.map((each) => each.close()))
  await cluster.close()
  await broker.close()
})

function host(given: Record<string, string> = {}): { host: TaskHost; listener: RecordingListener } {
  const listener = new RecordingListener()
  const made = new TaskHost({ config: testWorkerConfig(broker.bootstrap, given), listener, logger: silentLogger })
  hosts.push(made)
  return { host: made, listener }
}

async function readAll(topic: string): Promise<{ key: string | null; value: string | null; partition: number }[]> {
  const consumer = new Consumer(cluster, { autoOffsetReset: 'earliest' })
  const count = await cluster.partitionCount(topic)
  const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  consumer.assign(partitions)
  const ends = await consumer.endOffsets(partitions)
  const left = () => [...ends.values()].reduce((sum, end) => sum + end, 0)
  const records: { key: string | null; value: string | null; partition: number }[] = []
  const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())
  while (records.length < left()) {
    for (const fetched of await consumer.poll(100)) {
      for (const record of recordsOf(fetched))
        records.push({ key: text(record.key), value: text(record.value), partition: record.partition })
    }
  }
  await consumer.close()
  return records
}

const numbers = (records: { value: string | null }[]): number[] =>
  records.map(({ value }) => (JSON.parse(value ?? '') as { n: number }).n).sort((a, b) => a - b)
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

for (const mode of ['records', 'rows']) {
  test(`a source task's ${mode} arrive in order, are counted, and it resumes behind its last offset`, async () => {
    const topic = `counted-${mode}`
    const props = { 'connector.class': 'test.CountingSource', name: mode, topic, mode, count: '1000', 'per.poll': '70' }
    const id = { connector: mode, task: 0 }
    const first = host()
    await first.host.startTask(id, props, { ...props, part: '0' }, 'STARTED')
    await eventually(() => first.host.counters()[0]?.recordsWritten === 1000, 'writing 1000 records')
    assert.deepEqual(first.host.counters()[0], {
      connector: mode,
      task: 0,
      recordsPolled: 1000,
      recordsWritten: 1000,
      recordsRead: 0,
      recordsSent: 0,
    })
    await first.host.close()
    assert.deepEqual(first.listener.states(`${mode}-0`), ['RUNNING'])
    assert.deepEqual(first.listener.usedTopics(), [`${mode}-0 ${topic}`])

    const second = host()
    await second.host.startTask(id, { ...props, count: '1500' }, { ...props, count: '1500', part: '0' }, 'STARTED')
    await eventually(() => second.host.counters()[0]?.recordsWritten === 500, 'writing 500 more')
    await second.host.close()
    const records = await readAll(topic)
    assert.deepEqual(
      records.map(({ value }) => value),
      upTo(1500).map((n) => `{"n":${n}}`),
    )
    const offsets = await readAll('test-offsets')
    const own = offsets.filter(({ key }) => key === `["${mode}",{"part":"0"}]`)
    assert.equal(own.at(-1)?.value, '{"n":1499}')
  })
}

test('topics are created by the rules of topic.creation', async () => {
  const { host: tasks } = host()
  const props = {
    'connector.class': 'CountingSource',
    name: 'maker',
    topic: 'made-wide',
    mode: 'rows',
    keyed: 'true',
    count: '200',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
    'topic.creation.groups': 'wide',
    'topic.creation.wide.include': 'made-.*',
    'topic.creation.wide.partitions': '4',
    'topic.creation.wide.retention.ms': '12345',
  }
  await tasks.startTask({ connector: 'maker', task: 0 }, props, props, 'STARTED')
  await eventually(() => tasks.counters()[0]?.recordsWritten === 200, 'writing')
  await tasks.close()
  const records = await readAll('made-wide')
  assert.deepEqual(numbers(records), upTo(200))
  assert.deepEqual(
    [...new Set(records.map(({ partition }) => partition))].toSorted((a, b) => a - b),
    [0, 1, 2, 3],
  )
  const [described] = await new Admin(cluster).describeConfigs([{ type: 'topic', name: 'made-wide' }])
  assert.equal(described?.entries.find(({ name }) => name === 'retention.ms')?.value, '12345')
})

test('a paused task does not poll, and goes on when it is resumed', async () => {
  const { host: tasks, listener } = host()
  const props = { 'connector.class': 'test.CountingSource', name: 'pausing', topic: 'pausing', count: '10' }
  await tasks.startTask({ connector: 'pausing', task: 0 }, props, props, 'PAUSED')
  assert.deepEqual(listener.states('pausing-0'), ['PAUSED'])
  assert.equal(tasks.counters()[0]?.recordsPolled, 0)
  await tasks.setTargetState('pausing', 'STARTED')
  await eventually(() => tasks.counters()[0]?.recordsWritten === 10, 'writing after the pause')
  await tasks.setTargetState('pausing', 'PAUSED')
  await eventually(() => listener.states('pausing-0').join() === 'PAUSED,RUNNING,PAUSED', 'pausing again')
  await tasks.close()
})

test('a configuration that the converter or a transform refuses fails the task with its message', async () => {
  const { host: tasks, listener } = host()
  const props = {
    'connector.class': 'test.CountingSource',
    name: 'wrong',
    topic: 'wrong',
    transforms: 'a',
    'transforms.a.type': 'NoSuchThing',
  }
  await assert.rejects(tasks.startTask({ connector: 'wrong', task: 0 }, props, props, 'STARTED'), /NoSuchThing/)
  assert.match(
    listener.last('wrong-0')?.trace ?? '',
    /Failed to find any class that implements Transformation and which name matches NoSuchThing/,
  )
  await tasks.close()
})

test('client settings that the worker does not let override fail the task', async () => {
  const { host: tasks, listener } = host({ 'connector.client.config.override.policy': 'None' })
  const props = {
    'connector.class': 'test.CountingSource',
    name: 'own',
    topic: 'own',
    'producer.override.linger.ms': '3',
  }
  await assert.rejects(tasks.startTask({ connector: 'own', task: 0 }, props, props, 'STARTED'))
  assert.match(listener.last('own-0')?.trace ?? '', /producer\.override\.linger\.ms/)
  await tasks.close()
})

test('batches keep to the max.message.bytes of their topic', async () => {
  await new Admin(cluster).createTopics([{ name: 'narrow', partitions: 1, configs: { 'max.message.bytes': '2000' } }])
  for (const mode of ['records', 'rows']) {
    const { host: tasks, listener } = host()
    const props = {
      'connector.class': 'test.CountingSource',
      name: `narrow-${mode}`,
      topic: 'narrow',
      mode,
      count: '2000',
      'per.poll': '1000',
    }
    const id = { connector: `narrow-${mode}`, task: 0 }
    await tasks.startTask(id, props, props, 'STARTED')
    await eventually(
      () => tasks.counters()[0]?.recordsWritten === 2000 || listener.last(`narrow-${mode}-0`)?.state === 'FAILED',
      'writing',
    )
    await tasks.close()
    assert.deepEqual(listener.states(`narrow-${mode}-0`), ['RUNNING'])
  }
  assert.equal((await readAll('narrow')).length, 4000)
})

test('a record larger than its topic takes fails the task, or is given up when all errors are tolerated', async () => {
  await new Admin(cluster).createTopics([{ name: 'tiny', partitions: 1, configs: { 'max.message.bytes': '70' } }])
  const props = { 'connector.class': 'test.CountingSource', name: 'large', topic: 'tiny', count: '3' }
  const strict = host()
  await strict.host.startTask({ connector: 'large', task: 0 }, props, props, 'STARTED')
  const { trace } = await strict.listener.until('large-0', 'FAILED')
  assert.match(
    trace ?? '',
    /Unrecoverable exception from producer send callback: records could not be sent to topic tiny, partition 0/,
  )
  await strict.host.close()
  const lenient = host()
  const tolerant = { ...props, 'errors.tolerance': 'all' }
  await lenient.host.startTask({ connector: 'large', task: 0 }, tolerant, { ...tolerant, part: 'lenient' }, 'STARTED')
  const committed = async (): Promise<boolean> =>
    (await readAll('test-offsets')).some(
      ({ key, value }) => key === '["large",{"part":"lenient"}]' && value === '{"n":2}',
    )
  await eventually(committed, 'committing past what was given up')
  await lenient.host.close()
  assert.deepEqual(lenient.listener.states('large-0'), ['RUNNING'])
})

test('a connector with an offsets topic of its own writes there and to the worker, and falls back to the worker when reading', async () => {
  await new Admin(cluster).createTopics([
    { name: 'own-offsets', partitions: 1, configs: { 'cleanup.policy': 'compact' } },
  ])
  const props = { 'connector.class': 'test.CountingSource', name: 'layered', topic: 'layered', count: '10' }
  const id = { connector: 'layered', task: 0 }
  const writesUpTo = async (given: Record<string, string>, expected: number): Promise<void> => {
    const { host: tasks } = host()
    await tasks.startTask(id, { ...props, ...given }, { ...props, ...given }, 'STARTED')
    await eventually(() => tasks.counters()[0]?.recordsWritten === expected, `writing ${expected}`)
    await tasks.close()
  }
  await writesUpTo({}, 10)
  await writesUpTo({ count: '15', 'offsets.storage.topic': 'own-offsets' }, 5)
  await writesUpTo({ count: '20', 'offsets.storage.topic': 'own-offsets' }, 5)
  assert.deepEqual(numbers(await readAll('layered')), upTo(20))
  const last = async (topic: string): Promise<string | null | undefined> =>
    (await readAll(topic)).filter(({ key }) => key === '["layered",{"part":"0"}]').at(-1)?.value
  assert.equal(await last('own-offsets'), '{"n":19}')
  assert.equal(await last('test-offsets'), '{"n":19}')
})
