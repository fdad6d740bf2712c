import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { Admin, createCluster } from '../../../src/client/index.ts'
import { TaskHost } from '../../../src/runtime/threads/task-host.ts'
import { type ChildBroker, startChildBroker } from '../../support/broker.ts'
import { eventually, RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

let broker: ChildBroker
let folder: string

before(async () => {
  broker = await startChildBroker()
  folder = await mkdtemp(join(tmpdir(), 'millrace-outage-'))
})

after(async () => {
  await broker.close()
  await rm(folder, { recursive: true, force: true })
})

test('tasks outlive the broker: after kill -9 and a restart every record is there once and in order', async (t) => {
  const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  await new Admin(cluster).createTopics([
    { name: 'test-offsets', partitions: 1, configs: { 'cleanup.policy': 'compact' } },
    { name: 'outage', partitions: 1 },
  ])
  await cluster.close()
  const listener = new RecordingListener()
  const host = new TaskHost({ config: testWorkerConfig(broker.bootstrap), listener, logger: silentLogger })
  t.after(() => host.close())
  const out = join(folder, 'out.jsonl')
  const count = 20_000
  const source = {
    'connector.class': 'test.CountingSource',
    name: 'from',
    topic: 'outage',
    mode: 'rows',
    count: String(count),
    'per.poll': '3',
  }
  const sink = { 'connector.class': 'test.CollectingSink', name: 'to', topics: 'outage', out, take: 'batches' }
  await host.startTask({ connector: 'to', task: 0 }, sink, sink, 'STARTED')
  await host.startTask({ connector: 'from', task: 0 }, source, source, 'STARTED')
  const of = (connector: string) => host.counters().find((counters) => counters.connector === connector)
  await eventually(() => (of('to')?.recordsSent ?? 0) > 0, 'the flow to begin')
  await broker.kill9()
  await broker.restart()
  await eventually(() => of('from')?.recordsWritten === count, 'the source to finish', 60_000)
  const taken = (): number[] =>
    existsSync(out)
      ? readFileSync(out, 'utf8')
          .split('\n')
          .filter((line) => line.includes('putBatch'))
          .flatMap((line) =>
            (JSON.parse(line) as { records: [number, number, { n: number }][] }).records.map(([, , { n }]) => n),
          )
      : []
  await eventually(() => (of('to')?.recordsSent ?? 0) >= count, 'the sink to finish', 60_000)
  await host.close()
  const records = taken()
  assert.equal(records.length, count)
  assert.ok(records.every((n, i) => n === i))
  assert.deepEqual(
    listener.reports.filter(({ state }) => state === 'FAILED'),
    [],
  )
})
