import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Consumer, type ConsumerRecord, recordsOf } from '../../../src/client/index.ts'
import { type HostedTasks, jsonLines, TaskGround } from '../../support/task-ground.ts'
import { eventually } from '../../support/task-runner.ts'

const STRING = 'org.apache.kafka.connect.storage.StringConverter'

let ground: TaskGround

before(async () => {
  ground = await TaskGround.open()
  const configs = { 'cleanup.policy': 'compact' }
  await ground.admin.createTopics([{ name: 'test-offsets', partitions: 1, configs }])
})

after(() => ground.close())

/** Runs task 0 of the connector `name` until the test is over. */
async function start(
  name: string,
  given: Record<string, string>,
  onEnd: (close: () => Promise<void>) => void,
): Promise<HostedTasks> {
  const { host, listener } = ground.host()
  onEnd(() => host.close())
  const props = { name, ...given }
  await host.startTask({ connector: name, task: 0 }, props, props, 'STARTED')
  return { host, listener }
}

const letterKeys = (topic: string): Record<string, string> => ({
  'errors.deadletterqueue.topic.name': topic,
  'errors.deadletterqueue.topic.replication.factor': '1',
  'errors.deadletterqueue.context.headers.enable': 'true',
})

async function fill(topic: string, values: readonly string[]): Promise<void> {
  await ground.admin.createTopics([{ name: topic, partitions: 1 }])
  await Promise.all(
    values.map((value, i) =>
      ground.producer.send({ topic, key: Buffer.from(`key-${i}`), value: Buffer.from(value), timestamp: 1000 + i }),
    ),
  )
}

/** The first `count` records of a topic's partition 0. */
async function read(topic: string, count: number): Promise<ConsumerRecord[]> {
  const consumer = new Consumer(ground.cluster, { autoOffsetReset: 'earliest' })
  const records: ConsumerRecord[] = []
  try {
    consumer.assign([{ topic, partition: 0 }])
    let lastCameAt = performance.now()
    while (records.length < count) {
      const silentMs = performance.now() - lastCameAt
      assert.ok(silentMs < 20_000, `only ${records.length} of ${count} records of ${topic} came`)
      for (const fetched of await consumer.poll(100)) {
        records.push(...recordsOf(fetched))
        lastCameAt = performance.now()
      }
    }
    return records
  } finally {
    await consumer.close()
  }
}

const text = (bytes: Uint8Array | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString()

function header(record: ConsumerRecord | undefined, name: string): string | null {
  return text(record?.headers.findLast(({ key }) => key === `__connect.errors.${name}`)?.value)
}

const puts = (out: string): string[] =>
  jsonLines<{ records?: [number, number, string][] }>(out).flatMap(({ records = [] }) =>
    records.map(([, , value]) => value),
  )

test('ErrorHandlingIntegrationTest.testSkipRetryAndDLQWithHeaders', async (t) => {
  const values = Array.from({ length: 1000 }, (_, i) => `value-${i}`)
  await fill('test-topic', values)
  const out = join(ground.folder, 'skip-retry.jsonl')
  await start(
    'skip-retry',
    {
      'connector.class': 'test.CollectingSink',
      topics: 'test-topic',
      out,
      'key.converter': STRING,
      'value.converter': STRING,
      transforms: 'failing_transform',
      'transforms.failing_transform.type': 'test.FaultyPassthrough',
      'errors.log.enable': 'true',
      'errors.log.include.messages': 'true',
      'errors.tolerance': 'all',
      'errors.retry.timeout': '1000',
      ...letterKeys('connect-dlq'),
    },
    (close) => t.after(close),
  )
  await eventually(() => puts(out).length === 999, 'taking 999 records')
  assert.deepEqual(
    puts(out),
    values.filter((value) => value !== 'value-7'),
  )
  await eventually(() => ground.isCommitted('connect-skip-retry', 1000), 'committing past the faulty record')
  const [letter] = await read('connect-dlq', 1)
  assert.equal(text(letter?.key), 'key-7')
  assert.equal(text(letter?.value), 'value-7')
  assert.equal(letter?.timestamp, 1007)
  assert.deepEqual(
    letter.headers.map(({ key }) => key.replace('__connect.errors.', '')),
    'topic partition offset connector.name task.id stage class.name exception.class.name exception.message exception.stacktrace'.split(
      ' ',
    ),
  )
  assert.equal(header(letter, 'topic'), 'test-topic')
  assert.equal(header(letter, 'offset'), '7')
  assert.equal(header(letter, 'stage'), 'TRANSFORMATION')
  assert.equal(header(letter, 'class.name'), 'test.FaultyPassthrough')
  assert.equal(header(letter, 'exception.class.name'), 'org.apache.kafka.connect.errors.RetriableException')
  assert.equal(header(letter, 'exception.message'), "Error when value='value-7'")
  const [described] = await ground.admin.describeTopics(['connect-dlq'])
  assert.equal(described?.topic?.partitions.length, 1)
})

test('ErrorHandlingIntegrationTest.testErrantRecordReporter: every record is there once, the task is alive and commits', async (t) => {
  await fill(
    'errant-topic',
    Array.from({ length: 1000 }, (_, i) => `value-${i}`),
  )
  const { listener } = await start(
    'errant',
    {
      'connector.class': 'test.ErrantRecordSink',
      topics: 'errant-topic',
      'consumer.override.max.poll.records': '5',
      'key.converter': STRING,
      'value.converter': STRING,
      'errors.tolerance': 'all',
      ...letterKeys('errant-dlq'),
    },
    (close) => t.after(close),
  )
  const letters = await read('errant-dlq', 1000)
  assert.equal(new Set(letters.map(({ key }) => text(key))).size, 1000)
  assert.equal(header(letters[0], 'class.name'), 'org.apache.kafka.connect.sink.SinkTask')
  await eventually(() => ground.isCommitted('connect-errant', 1000), 'committing')
  assert.deepEqual(listener.states('errant-0'), ['RUNNING'])
})

for (const tolerance of ['all', 'none']) {
  test(`connect_test.test_skip_and_log_to_dlq (errors.tolerance=${tolerance})`, async (t) => {
    const name = `skip-${tolerance}`
    const values = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? `{"some_key":${i}}` : `{"some_key":${i}`))
    const faulty = values.filter((_, i) => i % 2 === 1)
    await fill(name, values)
    const out = join(ground.folder, `${name}.jsonl`)
    const { listener } = await start(
      name,
      {
        'connector.class': 'test.CollectingSink',
        topics: name,
        out,
        'key.converter': STRING,
        'errors.tolerance': tolerance,
        ...letterKeys(`${name}-dlq`),
      },
      (close) => t.after(close),
    )
    if (tolerance === 'all') {
      const letters = await read(`${name}-dlq`, 500)
      assert.deepEqual(
        letters.map(({ value }) => text(value)),
        faulty,
      )
      await eventually(() => puts(out).length === 500, 'taking the others')
    } else {
      const { trace } = await listener.until(`${name}-0`, 'FAILED')
      assert.match(trace ?? '', /Tolerance exceeded in error handler/)
      const letters = await read(`${name}-dlq`, 1)
      assert.deepEqual(
        letters.map(({ value }) => text(value)),
        faulty.slice(0, 1),
      )
      assert.equal(header(letters[0], 'stage'), 'VALUE_CONVERTER')
      assert.deepEqual(puts(out), [])
    }
  })
}

test('a dead letter topic that cannot be created fails the task with what to do', async (t) => {
  const starting = start(
    'unkept',
    {
      'connector.class': 'test.ErrantRecordSink',
      topics: 'unkept',
      ...letterKeys('too-safe'),
      'errors.deadletterqueue.topic.replication.factor': '3',
    },
    (close) => t.after(close),
  )
  await assert.rejects(starting, /Could not initialize dead letter queue with topic=too-safe/)
})

for (const mode of ['records', 'rows']) {
  test(`a source keeps the ${mode === 'rows' ? 'row' : 'record'} that a transform could not handle, and moves past it`, async (t) => {
    const name = `source-${mode}`
    await start(
      name,
      {
        'connector.class': 'test.CountingSource',
        topic: name,
        count: '5',
        mode,
        transforms: 'bad',
        'transforms.bad.type': 'test.FailingAtThree',
        'errors.tolerance': 'all',
        ...letterKeys(`${name}-dlq`),
      },
      (close) => t.after(close),
    )
    const [letter] = await read(`${name}-dlq`, 1)
    assert.equal(text(letter?.value), '{"n":3}')
    assert.equal(header(letter, 'topic'), name)
    assert.equal(header(letter, 'offset'), null)
    assert.equal(header(letter, 'source.partition'), '{"part":"0"}')
    assert.equal(header(letter, 'source.offset'), mode === 'rows' ? '{"n":4}' : '{"n":3}')
    assert.equal(header(letter, 'exception.message'), 'three is no number')
    const rest = await read(name, 4)
    assert.deepEqual(
      rest.map(({ value }) => text(value)),
      ['{"n":0}', '{"n":1}', '{"n":2}', '{"n":4}'],
    )
    const hasMovedOn = async (): Promise<boolean> => {
      const offsets = await read('test-offsets', 1)
      return offsets.some(({ key, value }) => text(key)?.includes(name) === true && text(value) === '{"n":4}')
    }
    await eventually(hasMovedOn, 'committing past the letter')
  })
}

test('a source keeps records that could not be sent, as the bytes that they had become', async (t) => {
  await ground.admin.createTopics([{ name: 'tight', partitions: 1, configs: { 'max.message.bytes': '70' } }])
  await start(
    'unsent',
    {
      'connector.class': 'test.CountingSource',
      topic: 'tight',
      count: '2',
      'errors.tolerance': 'all',
      ...letterKeys('unsent-dlq'),
    },
    (close) => t.after(close),
  )
  const letters = await read('unsent-dlq', 2)
  assert.deepEqual(
    letters.map(({ value }) => text(value)),
    ['{"n":0}', '{"n":1}'],
  )
  assert.equal(header(letters[0], 'stage'), 'KAFKA_PRODUCE')
})

for (const mode of ['records', 'rows']) {
  test(`a source task that wants it is told what became of each of its ${mode}, null for those that were dropped`, async (t) => {
    const out = join(ground.folder, `fates-${mode}.jsonl`)
    await start(
      `fates-${mode}`,
      {
        'connector.class': 'test.CountingSource',
        topic: `fates-${mode}`,
        count: '5',
        mode,
        'fates.to': out,
        transforms: 'bad',
        'transforms.bad.type': 'test.FailingAtThree',
        'errors.tolerance': 'all',
      },
      (close) => t.after(close),
    )
    const fates = (): unknown[] => jsonLines(out)
    await eventually(() => fates().length === 5, 'telling all fates')
    assert.deepEqual(
      new Set(fates().map((fate) => JSON.stringify(fate))),
      new Set(
        [[3, null, null], ...[0, 1, 2, 4].map((n, offset) => [n, `fates-${mode}`, offset])].map((fate) =>
          JSON.stringify(fate),
        ),
      ),
    )
  })
}
