import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { ConnectCluster, monitorableSource as source } from '../../support/connect-cluster.ts'
import { readTopic } from '../../support/read-topic.ts'
import { eventually } from '../../support/task-runner.ts'

/** Kafka's ConnectWorkerIntegrationTest, against workers in this process. */
describe('ConnectWorkerIntegrationTest', () => {
  let cluster: ConnectCluster
  let folder: string

  const remove = async (name: string): Promise<void> => {
    await cluster.expect(204, 'DELETE', `/connectors/${name}`)
    await cluster.untilGone(name)
  }
  const kafka = (): Kafka => new Kafka({ brokers: [cluster.broker.bootstrap], logLevel: logLevel.NOTHING })
  const produce = async (topic: string, values: string[]): Promise<void> => {
    const producer = kafka().producer()
    await producer.connect()
    await producer.send({ topic, messages: values.map((value) => ({ value, partition: 0 })) })
    await producer.disconnect()
  }
  const lines = async (file: string): Promise<string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connect-worker-'))
    cluster = await ConnectCluster.start(3, {
      'config.providers': 'file',
      'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    })
  })

  after(async () => {
    await cluster?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('testAddAndRemoveWorker: all tasks run after a worker came, and after it went', async () => {
    await cluster.configure('grow', source())
    await cluster.until('grow', 'RUNNING', 4)
    const added = await cluster.addWorker()
    await cluster.until('grow', 'RUNNING', 4)
    await cluster.removeWorker(added)
    const gone = new URL(added.advertisedUrl).host
    await eventually(
      async () => {
        const status = await cluster.status('grow')
        const all = status === null ? [] : [status.connector, ...status.tasks]
        return all.length === 5 && all.every(({ state, worker_id }) => state === 'RUNNING' && worker_id !== gone)
      },
      'everything running on the workers that are left',
      20_000,
    )
    await remove('grow')
  })

  test('testRestartFailedTask: a task without brokers fails, and runs after its correction and a restart', async () => {
    const wrong = { 'producer.override.bootstrap.servers': 'nobrokerrunningatthisaddress' }
    await cluster.configure('broken', source({ 'tasks.max': '1', ...wrong }))
    await cluster.until('broken', 'RUNNING', 1, 'FAILED')
    await cluster.configure('broken', source({ 'tasks.max': '1' }))
    await cluster.expect(204, 'POST', '/connectors/broken/tasks/0/restart')
    await cluster.until('broken', 'RUNNING', 1)
    await remove('broken')
  })

  test('testTaskStatuses: as many tasks run as tasks.max says, after each change of it', async () => {
    for (const tasks of [1, 5, 3]) {
      await cluster.configure('counted', source({ 'tasks.max': String(tasks) }))
      await cluster.until('counted', 'RUNNING', tasks)
    }
    await remove('counted')
  })

  test('testPauseStopResume: every way between the states, each call twice', async () => {
    const call = async (what: string): Promise<void> => {
      const status = what === 'stop' ? 204 : 202
      for (let i = 0; i < 2; i++) await cluster.expect(status, 'PUT', `/connectors/moved/${what}`)
    }
    const tasksShown = async (): Promise<number> => {
      const info = (await cluster.expect(200, 'GET', '/connectors/moved')) as { tasks: unknown[] }
      const tasks = (await cluster.expect(200, 'GET', '/connectors/moved/tasks')) as unknown[]
      assert.equal(info.tasks.length, tasks.length)
      return tasks.length
    }
    await cluster.configure('moved', source())
    await cluster.until('moved', 'RUNNING', 4)
    await call('stop')
    await cluster.until('moved', 'STOPPED', 0)
    assert.equal(await tasksShown(), 0)
    await call('resume')
    await cluster.until('moved', 'RUNNING', 4)
    await call('pause')
    await cluster.until('moved', 'PAUSED', 4)
    await call('stop')
    await cluster.until('moved', 'STOPPED', 0)
    await call('pause')
    await cluster.until('moved', 'PAUSED', 0)
    assert.equal(await tasksShown(), 0)
    await call('resume')
    await cluster.until('moved', 'RUNNING', 4)
    assert.equal(await tasksShown(), 4)
    await remove('moved')
  })

  test('testStoppedState: a connector that fails when it starts or stops can be stopped, corrected and resumed', async () => {
    await cluster.configure('faulty', source({ 'connector.start.inject.error': 'true' }))
    await cluster.until('faulty', 'FAILED', 0)
    await cluster.expect(204, 'PUT', '/connectors/faulty/stop')
    await cluster.until('faulty', 'STOPPED', 0)
    await cluster.configure('faulty', source())
    await cluster.until('faulty', 'STOPPED', 0)
    await cluster.expect(202, 'PUT', '/connectors/faulty/resume')
    await cluster.until('faulty', 'RUNNING', 4)
    await cluster.configure('faulty', source({ 'connector.stop.inject.error': 'true' }))
    await cluster.until('faulty', 'RUNNING', 4)
    await cluster.expect(204, 'PUT', '/connectors/faulty/stop')
    await cluster.until('faulty', 'STOPPED', 0)
    await cluster.expect(202, 'PUT', '/connectors/faulty/resume')
    await cluster.until('faulty', 'RUNNING', 4)
    await cluster.expect(204, 'PUT', '/connectors/faulty/stop')
    await cluster.until('faulty', 'STOPPED', 0)
    await remove('faulty')
  })

  test('testCreateConnectorWithPausedInitialState: it has no tasks until it is resumed', async () => {
    await cluster.expect(201, 'POST', '/connectors', { name: 'later', config: source(), initial_state: 'PAUSED' })
    await cluster.until('later', 'PAUSED', 0)
    await cluster.expect(202, 'PUT', '/connectors/later/resume')
    await cluster.until('later', 'RUNNING', 4)
    await remove('later')
  })

  test('testCreateSourceConnectorWithStoppedInitialStateAndModifyOffsets: it begins where it was told to', async () => {
    const config = source({ 'tasks.max': '1', 'max.messages': '10', topic: 'moved-source', throughput: '-1' })
    await cluster.expect(201, 'POST', '/connectors', { name: 'from5', config, initial_state: 'STOPPED' })
    await cluster.until('from5', 'STOPPED', 0)
    const answer = await cluster.expect(200, 'PATCH', '/connectors/from5/offsets', {
      offsets: [{ partition: { 'task.id': 'from5-0' }, offset: { saved: 5 } }],
    })
    assert.match((answer as { message: string }).message, /^The Connect framework-managed offsets/)
    await cluster.expect(202, 'PUT', '/connectors/from5/resume')
    const records = await readTopic(cluster.broker.bootstrap, 'moved-source', 5)
    assert.deepEqual(
      records.map(({ value }) => value),
      [6, 7, 8, 9, 10].map((n) => `value-from5-0-${n}`),
    )
    await remove('from5')
  })

  test('testCreateSinkConnectorWithStoppedInitialStateAndModifyOffsets: it begins where it was told to', async () => {
    await kafka()
      .admin()
      .createTopics({ topics: [{ topic: 'moved-sink', numPartitions: 1 }] })
    await produce(
      'moved-sink',
      Array.from({ length: 10 }, (_, i) => `message-${i}`),
    )
    const out = join(folder, 'moved-sink')
    const config = { 'connector.class': 'MonitorableSink', topics: 'moved-sink', 'records.to': out }
    await cluster.expect(201, 'POST', '/connectors', { name: 'sink5', config, initial_state: 'STOPPED' })
    await cluster.until('sink5', 'STOPPED', 0)
    await cluster.expect(200, 'PATCH', '/connectors/sink5/offsets', {
      offsets: [{ partition: { kafka_topic: 'moved-sink', kafka_partition: 0 }, offset: { kafka_offset: 5 } }],
    })
    await cluster.expect(202, 'PUT', '/connectors/sink5/resume')
    await eventually(async () => (await lines(out)).length >= 5, 'five records', 20_000)
    assert.deepEqual(
      await lines(out),
      [5, 6, 7, 8, 9].map((n) => `moved-sink 0 ${n} message-${n}`),
    )
    await cluster.until('sink5', 'RUNNING', 1)
    await remove('sink5')
  })

  test('testDeleteConnectorCreatedWithPausedOrStoppedInitialState: it goes as any other', async () => {
    for (const state of ['PAUSED', 'STOPPED']) {
      const name = `never-${state.toLowerCase()}`
      await cluster.expect(201, 'POST', '/connectors', { name, config: source(), initial_state: state })
      await cluster.until(name, state, 0)
      await remove(name)
    }
  })

  test('testPatchConnectorConfig: one key changed, one added, one removed', async () => {
    await kafka()
      .admin()
      .createTopics({ topics: [{ topic: 'patched', numPartitions: 1 }] })
    const config = { 'connector.class': 'MonitorableSink', topics: 'patched', 'tasks.max': '2', stay: 'x', go: 'y' }
    await cluster.configure('patch', config)
    await cluster.until('patch', 'RUNNING', 2)
    await cluster.expect(200, 'PATCH', '/connectors/patch/config', { 'tasks.max': '3', new: 'z', go: null })
    await cluster.until('patch', 'RUNNING', 3)
    assert.deepEqual(await cluster.expect(200, 'GET', '/connectors/patch/config'), {
      'connector.class': 'MonitorableSink',
      topics: 'patched',
      'tasks.max': '3',
      stay: 'x',
      new: 'z',
      name: 'patch',
    })
    await remove('patch')
  })

  test('testReconfigureConnectorWithFailingTaskConfigs: it runs with new tasks as soon as it can say what they are', async () => {
    const secrets = join(folder, 'secrets.properties')
    await writeFile(secrets, 'throughput=10\n')
    await cluster.configure('secret', source({ 'tasks.max': '1', throughput: `\${file:${secrets}:throughput}` }))
    await cluster.until('secret', 'RUNNING', 1)
    await rm(secrets)
    await cluster.configure('secret', source({ 'tasks.max': '1', topic: 'after-secrets' }))
    assert.equal((await readTopic(cluster.broker.bootstrap, 'after-secrets', 1)).length, 1)
    await cluster.configure('secret', source({ 'tasks.max': '2', 'task.configs.inject.error': 'true' }))
    await cluster.until('secret', 'RUNNING', 1)
    await cluster.configure('secret', source({ 'tasks.max': '2' }))
    await cluster.until('secret', 'RUNNING', 2)
    await remove('secret')
  })

  test('testRuntimePropertyReconfiguration: tasks restart for a new converter though their configurations are equal', async () => {
    await kafka()
      .admin()
      .createTopics({ topics: [{ topic: 'not-json', numPartitions: 1 }] })
    await produce('not-json', ['This is not JSON'])
    const config = { 'connector.class': 'EmptyTaskConfigs', topics: 'not-json', 'tasks.max': '1' }
    const json = { ...config, 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' }
    await cluster.configure('equal', json)
    await cluster.until('equal', 'RUNNING', 1, 'FAILED')
    assert.deepEqual(await cluster.offsets('equal'), [])
    await cluster.configure('equal', {
      ...config,
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    })
    await cluster.until('equal', 'RUNNING', 1)
    await eventually(
      async () => (await cluster.offsets('equal'))[0]?.offset['kafka_offset'] === 1,
      'the commit',
      10_000,
    )
    await remove('equal')
  })

  test('testPluginAliases: simple class names do for connectors, converters, transforms and predicates', async () => {
    const plugins = {
      'key.converter': 'StringConverter',
      'value.converter': 'StringConverter',
      'header.converter': 'SimpleHeaderConverter',
      transforms: 'filter',
      'transforms.filter.type': 'Filter',
      'transforms.filter.predicate': 'tombstone',
      predicates: 'tombstone',
      'predicates.tombstone.type': 'RecordIsTombstone',
    }
    await cluster.configure('alias-source', source({ topic: 'aliases', ...plugins }))
    await cluster.until('alias-source', 'RUNNING', 4)
    // Blanks around a class or a topic do not count.
    const sink = { 'connector.class': ' MonitorableSinkConnector ', topics: ' aliases ', 'tasks.max': '4', ...plugins }
    await cluster.configure('alias-sink', sink)
    await cluster.until('alias-sink', 'RUNNING', 4)
    await remove('alias-source')
    await remove('alias-sink')
  })

  test('testTasksMaxEnforcement: too many tasks fail the connector, and task sets from before fail at their start', async () => {
    const tooMany = /The connector enforced has generated 2 tasks, which is greater than 1, the maximum number of tasks/
    await cluster.configure('enforced', source({ 'tasks.max': '1', 'num.tasks': '2' }))
    const failed = await cluster.until('enforced', 'FAILED', 0)
    assert.match(failed.connector.trace ?? '', tooMany)
    while (cluster.workers.length > 0) await cluster.removeWorker()
    const producer = kafka().producer()
    await producer.connect()
    const task = JSON.stringify({ properties: { 'task.class': 'test.MonitorableSourceTask' } })
    await producer.send({
      topic: 'connect-configs',
      messages: [
        { key: 'task-enforced-0', value: task },
        { key: 'task-enforced-1', value: task },
        { key: 'commit-enforced', value: JSON.stringify({ tasks: 2 }) },
      ],
    })
    await producer.disconnect()
    for (let i = 0; i < 3; i++) await cluster.addWorker()
    const forced = await cluster.until('enforced', 'FAILED', 2)
    for (const { trace } of forced.tasks) assert.match(trace ?? '', tooMany)
    for (const tasks of [2, 3]) {
      await cluster.configure(
        'enforced',
        source({ 'tasks.max': '1', 'num.tasks': String(tasks), 'tasks.max.enforce': 'false' }),
      )
      await cluster.until('enforced', 'RUNNING', tasks)
    }
    await cluster.configure('enforced', source({ 'tasks.max': '1', 'num.tasks': '1' }))
    await cluster.until('enforced', 'RUNNING', 1)
    await cluster.configure('enforced', source({ 'tasks.max': '1', 'num.tasks': '2' }))
    await cluster.until('enforced', 'FAILED', 1, 'RUNNING')
    await cluster.expect(204, 'POST', '/connectors/enforced/tasks/0/restart')
    await cluster.until('enforced', 'FAILED', 1, 'RUNNING')
    await remove('enforced')
  })
})
