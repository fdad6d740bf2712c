import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../bench/rig/connect-rest.ts'
import { readTopics } from '../../bench/torture/read-topic.ts'
import { startTestMillrace } from '../support/millrace.ts'
import { testPlugins } from '../support/task-runner.ts'

const LIMIT_MS = 15_000
const NEIGHBOURS = ['one', 'two', 'three']
const BATCH = 10

// With the default settings of threads: they are found hanging after ten seconds, and there are as many as cores.
test('a task that spins for ever is FAILED within 15 s, and none of those beside it loses a record', async (t) => {
  const millrace = await startTestMillrace({
    'plugin.path': testPlugins,
    'offset.flush.interval.ms': '60000',
    // A task that starts again has to wait until the group has forgotten its predecessor.
    'consumer.session.timeout.ms': '6000',
    'consumer.heartbeat.interval.ms': '1000',
  })
  t.after(() => millrace.stop())
  const { rest, folder, bootstrapServer } = millrace
  const lines = async (file: string): Promise<string[]> =>
    (await readFile(join(folder, file), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
  for (const name of NEIGHBOURS) {
    const source = {
      'connector.class': 'MonitorableSource',
      'tasks.max': '1',
      topic: name,
      throughput: '300',
      'messages.per.poll': String(BATCH),
      'events.to': join(folder, `source-${name}.events`),
      'topic.creation.default.partitions': '1',
      'topic.creation.default.replication.factor': '1',
      'value.converter': 'StringConverter',
    }
    const sink = {
      'connector.class': 'MonitorableSink',
      'tasks.max': '1',
      topics: name,
      'records.to': join(folder, `sink-${name}.records`),
      'events.to': join(folder, `sink-${name}.events`),
      'value.converter': 'StringConverter',
      'key.converter': 'ByteArrayConverter',
    }
    await rest.createConnector({ name: `source-${name}`, config: source })
    await millrace.reach(`source-${name}`, 'RUNNING', 1)
    await rest.createConnector({ name: `sink-${name}`, config: sink })
    await millrace.reach(`sink-${name}`, 'RUNNING', 1)
  }
  for (const name of NEIGHBOURS) {
    await until(`records at sink-${name}`, 20_000, async () =>
      (await lines(`sink-${name}.records`)).length > BATCH ? true : null,
    )
  }

  const begunAt = performance.now()
  const spinning = {
    'connector.class': 'MisbehavingSource',
    'tasks.max': '1',
    topic: 'never',
    where: 'poll',
    how: 'spin',
  }
  await rest.createConnector({ name: 'spinning', config: spinning })
  const trace = await until('the failure of the spinning task', 2 * LIMIT_MS, async () => {
    const { body } = await rest.request('GET', '/connectors/spinning/status')
    const [task] = (body as { tasks?: { state: string; trace?: string }[] }).tasks ?? []
    return task?.state === 'FAILED' ? (task.trace ?? '') : null
  })
  const failedMs = performance.now() - begunAt
  t.diagnostic(`FAILED ${(failedMs / 1000).toFixed(2)} s after the request that created its connector`)
  assert.match(trace, /its thread did not answer for 10000 ms while it was in poll\(\)/)
  assert.ok(failedMs <= LIMIT_MS, `it took ${Math.round(failedMs)} ms`)

  // All of them move again, those that had to start again included.
  for (const kind of ['source', 'sink']) {
    for (const name of NEIGHBOURS) await millrace.reach(`${kind}-${name}`, 'RUNNING', 1)
  }
  const reached = await readTopics(bootstrapServer, NEIGHBOURS)
  await until('all sources moving', 20_000, async () => {
    const now = await readTopics(bootstrapServer, NEIGHBOURS)
    return NEIGHBOURS.every((name) => (now.get(name)?.length ?? 0) > (reached.get(name)?.length ?? 0)) ? true : null
  })
  for (const name of NEIGHBOURS) {
    await rest.ok('PUT', `/connectors/source-${name}/stop`)
    await millrace.reach(`source-${name}`, 'STOPPED', 0)
  }
  const stored = await readTopics(bootstrapServer, NEIGHBOURS)
  let restarted = 0
  for (const name of NEIGHBOURS) {
    const values = stored.get(name) ?? []
    const numbers = values.map((value) => Number(value.slice(value.lastIndexOf('-') + 1)))
    const distinct = new Set(numbers)
    const [first, last] = [Math.min(...numbers), Math.max(...numbers)]
    assert.equal(first, 1)
    assert.equal(distinct.size, last, `records of source-${name} that are missing`)
    const starts = (await lines(`source-${name}.events`)).filter((line) => line === `start source-${name}-0`).length
    restarted += starts - 1
    // What was sent and not committed when its thread was lost comes again: at least once, as with Kafka Connect.
    if (starts === 1) assert.equal(numbers.length, last, `source-${name} was not restarted and sent records twice`)

    const offsets = await until(`the last record of ${name} at its sink`, 30_000, async () => {
      const delivered = (await lines(`sink-${name}.records`)).map((line) => Number(line.split(' ')[2]))
      return new Set(delivered).size === values.length ? delivered : null
    })
    const sinkStarts = (await lines(`sink-${name}.events`)).length
    restarted += sinkStarts - 1
    if (sinkStarts === 1)
      assert.equal(offsets.length, values.length, `sink-${name} was not restarted and had records twice`)
  }
  t.diagnostic(`${restarted} of ${2 * NEIGHBOURS.length} tasks beside it started again in another thread`)
})
