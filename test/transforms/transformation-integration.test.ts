import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { startTestWorker, type TestWorker } from '../support/connect-worker.ts'
import { readTopic } from '../support/read-topic.ts'
import { eventually } from '../support/task-runner.ts'

// Transforms and predicates in a worker, between Kafka and the bundled connectors.

const recordsPerTopic = 2000
const partitions = 3

let broker: TestBroker
let worker: TestWorker
let folder: string
let kafka: Kafka

before(async () => {
  broker = await startTestBroker({ 'auto.create.topics.enable': 'false' })
  worker = await startTestWorker(broker.bootstrap)
  folder = await mkdtemp(join(tmpdir(), 'millrace-transforms-'))
  kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING })
})

after(async () => {
  await worker?.stop()
  await broker?.close()
  await rm(folder, { recursive: true, force: true })
})

async function create(name: string, config: Record<string, string>): Promise<void> {
  const { status, body } = await worker.call('POST', '/connectors', { name, config })
  assert.equal(status, 201, JSON.stringify(body))
}

async function remove(name: string): Promise<void> {
  assert.equal((await worker.call('DELETE', `/connectors/${name}`)).status, 204)
}

async function createTopics(...topics: string[]): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions: partitions })) })
  await admin.disconnect()
}

async function produce(topic: string, values: readonly (string | null)[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  const messages = values.map((value, i) => ({ partition: i % partitions, key: 'key', value }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

const values = (text: string): string[] => Array.from({ length: recordsPerTopic }, (_, i) => `${text}-${i}`)

/** Waits until a sink has committed that many records of its topics. */
async function untilCommitted(name: string, count: number): Promise<void> {
  const committed = async (): Promise<boolean> => {
    const { body } = await worker.call('GET', `/connectors/${name}/offsets`)
    const { offsets = [] } = body as { offsets?: { offset: { kafka_offset: number } }[] }
    return offsets.reduce((sum, { offset }) => sum + offset.kafka_offset, 0) === count
  }
  await eventually(committed, `${count} records committed by ${name}`, 30_000)
}

async function sunkLines(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).trim().split('\n').toSorted()
}

test('testFilterOnTopicNameWithSinkConnector: a topic whose name matches is left out', async () => {
  await createTopics('foo-topic', 'bar-topic')
  const file = join(folder, 'topic-names.txt')
  await create('by-topic', {
    'connector.class': 'FileStreamSink',
    file,
    topics: 'foo-topic,bar-topic',
    transforms: 'filter',
    'transforms.filter.type': 'Filter',
    'transforms.filter.predicate': 'barPredicate',
    predicates: 'barPredicate',
    'predicates.barPredicate.type': 'TopicNameMatches',
    'predicates.barPredicate.pattern': 'bar-.*',
  })
  await produce('bar-topic', values('bar'))
  await produce('foo-topic', values('foo'))
  await untilCommitted('by-topic', 2 * recordsPerTopic)
  assert.deepEqual(await sunkLines(file), values('foo').toSorted())
  await remove('by-topic')
})

test('testFilterOnTombstonesWithSinkConnector: records without a value are left out', async () => {
  await createTopics('half-topic')
  const file = join(folder, 'tombstones.txt')
  await create('by-value', {
    'connector.class': 'FileStreamSink',
    file,
    topics: 'half-topic',
    transforms: 'filter',
    'transforms.filter.type': 'Filter',
    'transforms.filter.predicate': 'tombstone',
    predicates: 'tombstone',
    'predicates.tombstone.type': 'RecordIsTombstone',
  })
  const all = values('half').map((value, i) => (i % 2 === 0 ? value : null))
  await produce('half-topic', all)
  await untilCommitted('by-value', recordsPerTopic)
  assert.deepEqual(await sunkLines(file), all.filter((value) => value !== null).toSorted())
  await remove('by-value')
})

/** What a counting source was told of each of its records: its number, and the topic that it went to or null. */
async function fates(file: string): Promise<Map<number, string | null>> {
  let lines: string[] = []
  await eventually(
    async () => {
      lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1)
      return lines.length >= recordsPerTopic
    },
    'the fate of each record',
    20_000,
  )
  return new Map(
    lines.map((line) => (JSON.parse(line) as [number, string | null]).slice(0, 2) as [number, string | null]),
  )
}

test('testFilterOnHasHeaderKeyWithSourceConnectorAndTopicCreation: only the record with the header is kept, and all count as committed', async () => {
  const withHeader = {
    'connector.class': 'test.CountingSource',
    topic: 'test-topic',
    count: String(recordsPerTopic),
    'per.poll': String(recordsPerTopic),
    headers: 'true',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    transforms: 'filter',
    'transforms.filter.type': 'Filter',
    'transforms.filter.predicate': 'headerPredicate',
    'transforms.filter.negate': 'true',
    predicates: 'headerPredicate',
    'predicates.headerPredicate.type': 'HasHeaderKey',
    'predicates.headerPredicate.name': 'header-8',
    'topic.creation.default.replication.factor': '-1',
    'topic.creation.default.partitions': String(partitions),
  }
  await create('by-header', { ...withHeader, 'fates.to': join(folder, 'by-header') })
  const admin = kafka.admin()
  await admin.connect()
  await eventually(async () => (await admin.listTopics()).includes('test-topic'), 'test-topic being created')
  const [record] = await readTopic(broker.bootstrap, 'test-topic', 1)
  assert.equal(record?.value, '{"n":8}')
  const offsets = await admin.fetchTopicOffsets('test-topic')
  await admin.disconnect()
  assert.equal(offsets.length, partitions)
  assert.equal(
    offsets.reduce((sum, { offset }) => sum + Number(offset), 0),
    1,
  )
  const told = await fates(join(folder, 'by-header'))
  assert.equal(told.size, recordsPerTopic)
  assert.deepEqual(
    [...told].filter(([, topic]) => topic !== null),
    [[8, 'test-topic']],
  )
  await remove('by-header')

  // Rows have no headers: none of them is kept, and each of them is told of all the same.
  const rows = { ...withHeader, mode: 'rows', topic: 'rows-topic', 'fates.to': join(folder, 'by-rows') }
  await create('by-rows', rows)
  const dropped = await fates(join(folder, 'by-rows'))
  assert.equal(dropped.size, recordsPerTopic)
  assert.deepEqual(
    [...dropped.values()].filter((topic) => topic !== null),
    [],
  )
  await remove('by-rows')
})

test('test_transformations: a line is hoisted into a struct, which gets the timestamp of its record', async () => {
  await createTopics('lines')
  const file = join(folder, 'lines.txt')
  await writeFile(file, 'first\nsecond\n')
  await create('hoisting', {
    'connector.class': 'FileStreamSource',
    file,
    topic: 'lines',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'true',
    transforms: 'hoistToStruct,insertTimestampField',
    'transforms.hoistToStruct.type': 'org.apache.kafka.connect.transforms.HoistField$Value',
    'transforms.hoistToStruct.field': 'content',
    'transforms.insertTimestampField.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
    'transforms.insertTimestampField.timestamp.field': 'ts',
  })
  const records = await readTopic(broker.bootstrap, 'lines', 2)
  const messages = records.map(({ value }) => JSON.parse(value ?? '') as { schema: unknown; payload: { ts: number } })
  for (const [i, { schema, payload }] of messages.entries()) {
    assert.deepEqual(schema, {
      type: 'struct',
      fields: [
        { type: 'string', optional: false, field: 'content' },
        {
          type: 'int64',
          optional: true,
          name: 'org.apache.kafka.connect.data.Timestamp',
          version: 1,
          field: 'ts',
        },
      ],
      optional: false,
    })
    assert.deepEqual(payload, { content: ['first', 'second'][i], ts: records[i]?.timestamp })
  }
  await remove('hoisting')
})
