import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  config,
  defineSink,
  defineSource,
  isConnectError,
  primitive,
  RetriableError,
  type SinkTaskContext,
  struct,
  Type,
  utf8Text,
  writeBytes,
} from '../../../src/connect/index.ts'
import { sinkBatch, sinkHarness, sinkRecord, sourceHarness } from '../../../src/connect/testing/index.ts'

const counting = defineSource({
  class: 'org.example.Counting',
  version: '1',
  summary: 'Counts.',
  config: config({ start: Type.Integer({ default: 0 }), tasks: Type.Integer({ default: 1 }) }),
  validate: ({ start }) => (start < 0 ? { start: ['start must not be negative'] } : undefined),
  taskConfigs: ({ tasks }, maxTasks) =>
    Array.from({ length: Math.min(tasks, maxTasks) }, (_task, i) => ({ start: 100 * i })),
  async startTask({ start }, context) {
    const partition = { task: context.task }
    let next = Number((await context.offset(partition))?.['next'] ?? start)
    let calls = 0
    return {
      poll() {
        calls++
        if (calls === 2) throw new RetriableError('not now')
        if (calls === 3) return context.idle(60_000)
        return [0, 1].map(() => ({ topic: 't', value: next++, sourcePartition: partition, sourceOffset: { next } }))
      },
    }
  },
})

test('a source is polled until there are enough records, through pauses and retriable errors', async () => {
  await using harness = sourceHarness(counting, { start: '5' })
  await harness.start()
  assert.deepEqual(
    (await harness.take(3)).map(({ value }) => value),
    [0, 1, 2],
  )
  assert.deepEqual(
    (await harness.take(1)).map(({ value }) => value),
    [3],
  )
})

test('a restart resumes from what was committed, and from the start without', async () => {
  await using harness = sourceHarness(counting, {})
  await harness.start()
  await harness.take(2)
  await harness.commit()
  await harness.take(2)
  await harness.restart()
  assert.deepEqual(
    (await harness.take(1)).map(({ value }) => value),
    [2],
  )
})

test('the tasks are those of the connector, and one that is not there is an error', async () => {
  await using second = sourceHarness(counting, { tasks: '2' }, { maxTasks: 2, task: 1 })
  await second.start()
  assert.deepEqual(
    (await second.take(1)).map(({ value }) => value),
    [100],
  )
  await assert.rejects(sourceHarness(counting, {}, { task: 1 }).start(), /The connector has 1 tasks, no task 1/)
})

test('faults that only the plugin sees are configuration errors', async () => {
  await assert.rejects(sourceHarness(counting, { start: '-1' }).start(), (error) =>
    isConnectError(error, 'ConfigError'),
  )
})

test('waiting for records ends at the deadline', async () => {
  const silent = defineSource({ ...counting, startTask: (_props, context) => ({ poll: () => context.idle(5) }) })
  await using harness = sourceHarness(silent, {})
  await harness.start()
  await assert.rejects(harness.take(1, 30), /not within 30 ms/)
})

test('rows of a batch come as records', async () => {
  const reader = { value: utf8Text, writeJson: writeBytes }
  const value = { schema: struct({ a: primitive('STRING') }), columns: [{ kind: 'cell', cell: 0, reader } as const] }
  const rows = defineSource({
    ...counting,
    startTask: () => ({
      poll: () => ({
        plan: { topic: 't', kafkaPartition: null, key: null, value, timestamp: 1 },
        bytes: Buffer.from('xy'),
        starts: Int32Array.of(0, 1, -1),
        ends: Int32Array.of(1, 2, 0),
        rows: 3,
        cellsPerRow: 1,
        sourcePartition: { p: 1 },
        sourceOffset: { o: 2 },
      }),
    }),
  })
  await using harness = sourceHarness(rows, {})
  await harness.start()
  assert.deepEqual(
    (await harness.take(3)).map((record) => record.value),
    [{ a: 'x' }, { a: 'y' }, { a: null }],
  )
  await harness.commit()
  assert.deepEqual([...harness.committed.values()], [{ o: 2 }])
})

test('a sink gets records, is asked what may be committed, and keeps what it asked for', async () => {
  const seen: unknown[] = []
  let context: SinkTaskContext | null = null
  const sink = defineSink({
    class: 'org.example.Holding',
    version: '1',
    summary: 'Holds the last record back.',
    config: config({}),
    startTask(_props, given) {
      context = given
      return {
        async put(records) {
          for (const record of records) {
            seen.push(record.value)
            if (record.value === 'bad') await given.errantRecordReporter?.report(record, new Error('bad'))
          }
        },
        preCommit: (offsets) => offsets.map((entry) => ({ ...entry, offset: entry.offset - 1 })),
        open: (partitions) => void seen.push(`open ${partitions.length}`),
        close: (partitions) => void seen.push(`close ${partitions.length}`),
      }
    },
  })
  const harness = sinkHarness(
    sink,
    {},
    {
      partitions: [
        { topic: 'orders', partition: 0 },
        { topic: 'orders', partition: 1 },
      ],
    },
  )
  await harness.start()
  await harness.put(sinkRecord({ value: 'a', kafkaOffset: 7 }), sinkRecord({ value: 'bad', kafkaOffset: 8 }))
  await harness.putBatch(sinkBatch(['1', null], { partition: 1, firstOffset: 3 }))
  assert.deepEqual(await harness.commit(), [
    { topic: 'orders', partition: 0, offset: 8 },
    { topic: 'orders', partition: 1, offset: 4 },
  ])
  assert.equal(harness.errantRecords[0]?.record.value, 'bad')
  const asked = context as SinkTaskContext | null
  asked?.pause({ topic: 'orders', partition: 1 })
  asked?.requestCommit()
  assert.deepEqual([...harness.paused], ['orders-1'])
  assert.equal(harness.commitsRequested, 1)
  await harness.rebalance([{ topic: 'orders', partition: 1 }])
  assert.equal(asked?.assignment().length, 1)
  await harness.stop()
  assert.deepEqual(seen, ['open 2', 'a', 'bad', 1, null, 'close 2', 'open 1', 'close 1'])
})
