import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import type { ConnectorStateInfo } from '../../../src/runtime/index.ts'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import type { TestWorker } from '../../support/connect-worker.ts'
import { readTopic } from '../../support/read-topic.ts'
import { recordingPino } from '../../support/recording-pino.ts'
import { eventually } from '../../support/task-runner.ts'

// Kafka's system test connect_distributed_test. Its brokers and workers are processes; these workers are in this one.

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connect-distributed-'))
})

after(() => rm(folder, { recursive: true, force: true }))

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(join(folder, file), 'utf8').catch(() => '')
  // Tasks write in other threads: what stands behind the last line end is half a line.
  return text.split('\n').slice(0, -1)
}

/** Waits until every worker shows the connector and its tasks in a state. */
async function untilEverywhere(cluster: ConnectCluster, name: string, state: string): Promise<void> {
  await eventually(
    async () => {
      const answers = await Promise.all(
        cluster.workers.map((worker) => worker.call('GET', `/connectors/${name}/status`)),
      )
      return answers.every(({ status, body }) => {
        if (status !== 200) return false
        const { connector, tasks } = body as ConnectorStateInfo
        return tasks.length > 0 && [connector, ...tasks].every((part) => part.state === state)
      })
    },
    `${name} being ${state} on all workers`,
    30_000,
  )
}

for (const protocol of ['sessioned', 'compatible', 'eager']) {
  describe(`connect_distributed_test with connect.protocol=${protocol}`, () => {
    let cluster: ConnectCluster

    before(async () => {
      cluster = await ConnectCluster.start(2, { 'connect.protocol': protocol })
    })

    after(() => cluster?.close())

    const mock = (kind: string, mode: string): Record<string, string> => ({
      'connector.class': `Mock${kind}Connector`,
      'tasks.max': '1',
      ...(kind === 'Sink' ? { topics: 'mock' } : {}),
      mock_mode: mode,
      delay_ms: '2000',
    })
    const until = (name: string, what: string, test: (status: ConnectorStateInfo) => boolean): Promise<unknown> =>
      eventually(
        async () => {
          const status = await cluster.status(name)
          return status !== null && test(status)
        },
        `${name}: ${what}`,
        20_000,
      )

    for (const [title, query] of [
      ['test_restart_failed_connector', ''],
      ['test_restart_connector_and_tasks_failed_connector', '?onlyFailed=true&includeTasks=false'],
    ] as const) {
      test(`${title}: a connector that failed runs again`, async () => {
        const name = title.replaceAll('_', '-')
        await cluster.configure(name, mock('Sink', 'connector-failure'))
        await until(name, 'FAILED', ({ connector }) => connector.state === 'FAILED')
        await cluster.expect(query === '' ? 204 : 202, 'POST', `/connectors/${name}/restart${query}`)
        await until(name, 'RUNNING', ({ connector }) => connector.state === 'RUNNING')
        await cluster.expect(204, 'DELETE', `/connectors/${name}`)
      })
    }

    for (const [title, kind, path, status] of [
      ['test_restart_failed_task', 'Source', '/tasks/0/restart', 204],
      ['test_restart_failed_task', 'Sink', '/tasks/0/restart', 204],
      ['test_restart_connector_and_tasks_failed_task', 'Sink', '/restart?onlyFailed=false&includeTasks=true', 202],
    ] as const) {
      test(`${title}: the task of a ${kind.toLowerCase()} that failed runs again`, async () => {
        const name = `${title.replaceAll('_', '-')}-${kind.toLowerCase()}`
        await cluster.configure(name, mock(kind, 'task-failure'))
        await until(name, 'FAILED', ({ tasks }) => tasks[0]?.state === 'FAILED')
        await cluster.expect(status, 'POST', `/connectors/${name}${path}`)
        await until(name, 'RUNNING', ({ tasks }) => tasks[0]?.state === 'RUNNING')
        await cluster.expect(204, 'DELETE', `/connectors/${name}`)
      })
    }
  })
}

describe('connect_distributed_test with three workers', () => {
  let cluster: ConnectCluster
  let kafka: Kafka

  before(async () => {
    // A stop is clean when there is time for it, and nobody takes a busy worker for one that is gone.
    cluster = await ConnectCluster.start(3, {
      'task.shutdown.graceful.timeout.ms': '30000',
      'offset.flush.timeout.ms': '30000',
      'session.timeout.ms': '30000',
      'rebalance.timeout.ms': '60000',
      'task.threads': '1',
    })
    kafka = new Kafka({ brokers: [cluster.broker.bootstrap], logLevel: logLevel.NOTHING })
  })

  after(() => cluster?.close())

  const source = (topic: string, given: Record<string, string> = {}): Record<string, string> => ({
    'connector.class': 'MonitorableSource',
    'tasks.max': '1',
    topic,
    throughput: '100',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
    ...given,
  })
  async function endOf(topic: string): Promise<number> {
    const admin = kafka.admin()
    await admin.connect()
    try {
      const offsets = await admin.fetchTopicOffsets(topic).catch(() => [])
      return offsets.reduce((sum, { high }) => sum + Number(high), 0)
    } finally {
      await admin.disconnect()
    }
  }
  /** Time enough for a source or sink that moves to show that it does: another connector moves 100 records. */
  async function whileAnotherMoves(name: string): Promise<void> {
    await cluster.configure(name, source(name, { 'max.messages': '100' }))
    await eventually(async () => (await endOf(name)) === 100, '100 records of another connector', 20_000)
    await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  }
  const pause = async (name: string): Promise<void> => {
    await cluster.expect(202, 'PUT', `/connectors/${name}/pause`)
    await untilEverywhere(cluster, name, 'PAUSED')
  }
  const resume = async (name: string): Promise<void> => {
    await cluster.expect(202, 'PUT', `/connectors/${name}/resume`)
    await untilEverywhere(cluster, name, 'RUNNING')
  }
  /** Stops each worker and starts another in its place, one after the other; `each` is called after each of them. */
  async function roll(each: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await cluster.removeWorker(cluster.workers[0])
      await cluster.addWorker()
      await each()
    }
  }

  test('test_pause_and_resume_source: PAUSED on all workers, it makes no records until it is resumed', async () => {
    await cluster.configure('paused-source', source('paused-source'))
    await untilEverywhere(cluster, 'paused-source', 'RUNNING')
    await pause('paused-source')
    // What was on its way when it paused gets there.
    await whileAnotherMoves('settling-source')
    const end = await endOf('paused-source')
    await whileAnotherMoves('beside-source')
    assert.equal(await endOf('paused-source'), end)
    await resume('paused-source')
    await eventually(async () => (await endOf('paused-source')) > end, 'progress', 20_000)
    await cluster.expect(204, 'DELETE', '/connectors/paused-source')
  })

  test('test_pause_and_resume_sink: PAUSED on all workers, it takes no records until it is resumed', async () => {
    await cluster.configure('feed', source('feed'))
    const sink = { 'connector.class': 'MonitorableSink', topics: 'feed', 'records.to': join(folder, 'paused-sink') }
    await cluster.configure('paused-sink', sink)
    await untilEverywhere(cluster, 'paused-sink', 'RUNNING')
    await eventually(async () => (await linesOf('paused-sink')).length > 0, 'records', 20_000)
    await pause('paused-sink')
    const taken = (await linesOf('paused-sink')).length
    await whileAnotherMoves('beside-sink')
    assert.equal((await linesOf('paused-sink')).length, taken)
    await resume('paused-sink')
    await eventually(async () => (await linesOf('paused-sink')).length > taken, 'progress', 20_000)
    for (const name of ['feed', 'paused-sink']) await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  })

  test('test_pause_state_persistent: still PAUSED on all workers after the whole cluster was down', async () => {
    await cluster.configure('long-paused', source('long-paused'))
    await untilEverywhere(cluster, 'long-paused', 'RUNNING')
    await pause('long-paused')
    while (cluster.workers.length > 0) await cluster.removeWorker()
    for (let i = 0; i < 3; i++) await cluster.addWorker()
    await untilEverywhere(cluster, 'long-paused', 'PAUSED')
    await cluster.expect(204, 'DELETE', '/connectors/long-paused')
  })

  test('test_file_source_and_sink: what is written to a file is in the other one, before and after a rolling restart', async () => {
    const json = { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' }
    const [input, output] = [join(folder, 'input'), join(folder, 'output')]
    const first = Array.from({ length: 5 }, (_, i) => `before ${i}`)
    const second = Array.from({ length: 5 }, (_, i) => `after ${i}`)
    await appendFile(input, `${first.join('\n')}\n`)
    await cluster.configure('file-source', {
      'connector.class': 'FileStreamSource',
      file: input,
      topic: 'lines',
      ...json,
    })
    await cluster.configure('file-sink', {
      'connector.class': 'FileStreamSink',
      file: output,
      topics: 'lines',
      ...json,
    })
    const arrived = (lines: string[]): Promise<unknown> =>
      eventually(async () => new Set(await linesOf('output')).size === lines.length, 'all lines', 30_000)
    await arrived(first)
    await roll()
    await appendFile(input, `${second.join('\n')}\n`)
    await arrived([...first, ...second])
    assert.deepEqual(new Set(await linesOf('output')), new Set([...first, ...second]))
    for (const name of ['file-source', 'file-sink']) await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  })

  test('test_bounce: three rolling restarts lose nothing and, being clean, double nothing', async () => {
    const given = { 'tasks.max': '3', throughput: '200', 'events.to': join(folder, 'bounced-events') }
    await cluster.configure('bounced', source('bounced', given))
    /** It is STOPPED as soon as the leader knows; each task notes its stop when its last record is stored. */
    const haveStopped = async (): Promise<boolean> => {
      const events = await linesOf('bounced-events')
      return [0, 1, 2].every((task) => events.findLast((event) => event.endsWith(`-${task}`))?.startsWith('stop '))
    }
    const sink = { 'connector.class': 'MonitorableSink', 'tasks.max': '3', topics: 'bounced' }
    await cluster.configure('bounced-sink', { ...sink, 'records.to': join(folder, 'bounced') })
    await cluster.until('bounced', 'RUNNING', 3)
    const running = async (): Promise<void> => {
      await cluster.until('bounced', 'RUNNING', 3)
      await cluster.until('bounced-sink', 'RUNNING', 3)
    }
    for (let round = 0; round < 3; round++) await roll(running)
    await eventually(async () => (await endOf('bounced')) > 1000, '1000 records', 30_000)
    await cluster.expect(204, 'PUT', '/connectors/bounced/stop')
    await cluster.until('bounced', 'STOPPED', 0)
    await eventually(haveStopped, 'the stop of all tasks', 30_000)
    const count = await endOf('bounced')
    const records = await readTopic(cluster.broker.bootstrap, 'bounced', count)
    const byTask = Map.groupBy(records, ({ value }) => value?.slice(0, value.lastIndexOf('-')) ?? '')
    assert.deepEqual(
      [...byTask.keys()].toSorted(),
      [0, 1, 2].map((task) => `value-bounced-${task}`),
    )
    for (const [task, values] of byTask) {
      const numbers = values.map(({ value }) => Number(value?.slice(value.lastIndexOf('-') + 1)))
      assert.deepEqual(
        numbers.toSorted((a, b) => a - b),
        numbers.map((_, i) => i + 1),
        task,
      )
    }
    await eventually(async () => (await linesOf('bounced')).length >= count, 'all of them at the sink', 30_000)
    const sunk = (await linesOf('bounced')).map((line) => line.split(' ')[2])
    assert.equal(new Set(sunk).size, count)
    assert.equal(sunk.length, count)
    for (const name of ['bounced', 'bounced-sink']) await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  })
})

test('test_dynamic_logging: levels of a worker, of the cluster, and none of them after a restart', async (t) => {
  const cluster = await ConnectCluster.start(0)
  t.after(() => cluster.close())
  const add = (): Promise<TestWorker> => cluster.addWorker({}, { logger: recordingPino().logger })
  const [one, two, three] = [await add(), await add(), await add()] as const
  interface Level {
    level: string
    last_modified: number | null
  }
  const name = 'org.apache.kafka.connect.runtime.distributed.DistributedHerder'
  const levels = (of = name): Promise<Level[]> =>
    Promise.all(cluster.workers.map(async (worker) => (await worker.call('GET', `/admin/loggers/${of}`)).body as Level))
  const set = async (worker: TestWorker, level: string, scope: string, status = 200, of = name): Promise<unknown> => {
    const answer = await worker.call('PUT', `/admin/loggers/${of}?scope=${scope}`, { level })
    assert.equal(answer.status, status)
    return answer.body
  }
  for (const worker of cluster.workers) {
    const all = (await worker.call('GET', '/admin/loggers')).body as Record<string, Level>
    assert.ok(Object.keys(all).includes(name))
    assert.deepEqual(new Set(Object.values(all).map(({ last_modified }) => last_modified)), new Set([null]))
  }
  const fresh = await levels()
  const before = fresh[0]?.level as string

  const changed = (await set(two, 'DEBUG', 'worker')) as string[]
  assert.ok(changed.every((logger) => logger.startsWith(name)))
  const [first, second, third] = await levels()
  assert.deepEqual([first?.level, second?.level, third?.level], [before, 'DEBUG', before])
  assert.ok((second?.last_modified ?? 0) > Date.now() - 60_000)
  await set(two, 'DEBUG', 'worker')
  assert.deepEqual((await levels())[1], second, 'as it was')

  assert.equal(await set(three, 'WARN', 'cluster', 204), undefined)
  await eventually(async () => (await levels()).every(({ level }) => level === 'WARN'), 'WARN everywhere', 10_000)
  const all = await levels()
  assert.ok(all.every(({ last_modified }) => last_modified !== null))
  await set(one, 'WARN', 'cluster', 204)
  // Whoever obeys this one has read the one before.
  const other = 'org.apache.kafka.connect.runtime.Worker'
  await set(one, 'ERROR', 'cluster', 204, other)
  await eventually(
    async () => (await levels(other)).every(({ level }) => level === 'ERROR'),
    'ERROR everywhere',
    10_000,
  )
  assert.deepEqual(await levels(), all, 'as it was')

  for (const worker of [one, two, three]) await cluster.removeWorker(worker)
  for (let i = 0; i < 3; i++) await add()
  assert.deepEqual(await levels(), fresh)
})

test('the log of a worker tells what is asked of its connectors and what becomes of them', async (t) => {
  const cluster = await ConnectCluster.start(0)
  t.after(() => cluster.close())
  const { logger, lines } = recordingPino()
  const worker = await cluster.addWorker({}, { logger })
  const told = (): string[] => lines.filter(({ connector }) => connector === 'told').map(({ msg }) => msg)
  const until = (msg: string): Promise<unknown> => eventually(() => told().includes(msg), msg, 10_000)
  const config = { 'connector.class': 'VerifiableSource', topic: 'told', throughput: '1' }
  await worker.call('PUT', '/connectors/told/config', config)
  await until('Task told-0 is RUNNING')
  await worker.call('PUT', '/connectors/told/pause')
  await until('Task told-0 is PAUSED')
  await worker.call('DELETE', '/connectors/told')
  await until('Connector told was removed')
  for (const msg of [
    'Connector told was created',
    'Connector told is RUNNING',
    'Connector told has 1 task(s)',
    'Connector told is to be PAUSED',
    'Connector told is PAUSED',
  ]) {
    assert.ok(told().includes(msg), msg)
  }
})

test('a configuration above the usual megabyte is taken when max.request.size and the topic allow it', async (t) => {
  const sizes = { 'max.request.size': '5000000', 'config.storage.max.message.bytes': '5000000' }
  const cluster = await ConnectCluster.start(1, sizes)
  t.after(() => cluster.close())
  const config = {
    'connector.class': 'FileStreamSource',
    file: join(folder, 'none'),
    topic: 'large',
    note: 'x'.repeat(2_000_000),
  }
  await cluster.configure('large', config)
  await untilEverywhere(cluster, 'large', 'RUNNING')
  const { status, body } = await (cluster.workers[0] as TestWorker).call('PUT', '/connectors/huge/config', {
    ...config,
    note: 'x'.repeat(6_000_000),
  })
  assert.equal(status, 500)
  assert.match((body as { message: string }).message, /more than max\.request\.size=5000000/)
})
