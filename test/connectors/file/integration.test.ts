import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { readTopic } from '../../support/read-topic.ts'
import { eventually } from '../../support/task-runner.ts'

interface Status {
  readonly connector: { readonly state: string }
  readonly tasks: readonly { readonly state: string }[]
}

let folder: string
let broker: TestBroker
let worker: TestWorker

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-file-'))
  broker = await startTestBroker()
  worker = await startTestWorker(broker.bootstrap)
})

after(async () => {
  await worker?.stop()
  await broker?.close()
  await rm(folder, { recursive: true, force: true })
})

const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_line, i) => `Line ${from + i}`)
const text = (texts: readonly string[]): string => texts.map((line) => `${line}\n`).join('')

async function call(method: string, path: string, body?: unknown, status = 202): Promise<void> {
  const answer = await worker.call(method, `connectors/${path}`, body)
  assert.equal(answer.status, status, JSON.stringify(answer.body))
}

function reached(name: string, state: string, tasks: number): Promise<unknown> {
  return eventually(async () => {
    const status = (await worker.call('GET', `connectors/${name}/status`)).body as Status
    const isReached = status.connector?.state === state && status.tasks.length === tasks
    return isReached && status.tasks.every((task) => task.state === state) ? status : null
  }, `${name} ${state} with ${tasks} tasks`)
}

async function stop(name: string): Promise<void> {
  await call('PUT', `${name}/stop`, undefined, 204)
  await reached(name, 'STOPPED', 0)
}

async function resume(name: string): Promise<void> {
  await call('PUT', `${name}/resume`)
  await reached(name, 'RUNNING', 1)
}

/** A running source of a file with five lines, which are in the topic of the same name. */
async function source(name: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text(lines(0, 5)))
  const config = { 'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector', topic: name, file }
  await call('PUT', `${name}/config`, config, 201)
  await reached(name, 'RUNNING', 1)
  assert.deepEqual(await valuesOf(name, 5), lines(0, 5))
  return file
}

async function valuesOf(topic: string, count: number): Promise<(string | null)[]> {
  return (await readTopic(broker.bootstrap, topic, count)).map(({ value }) => value)
}

/** A running sink that wrote what it found in `topics`. */
async function sink(name: string, topics: string, tasks = 1): Promise<string> {
  const file = join(folder, name)
  const config = {
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    topics,
    file,
    'tasks.max': String(tasks),
  }
  await call('PUT', `${name}/config`, config, 201)
  await reached(name, 'RUNNING', tasks)
  return file
}

const written = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1)

async function writtenAtLeast(file: string, count: number): Promise<string[]> {
  return eventually(async () => {
    const found = await written(file)
    return found.length >= count ? found : null
  }, `${count} lines`)
}

test('testSimpleSource: the lines of a file arrive in order', async () => {
  await source('simple')
})

test('testStopResumeSavedOffset: after a stop, only what was appended is read', async () => {
  const file = await source('saved')
  await stop('saved')
  await appendFile(file, text(lines(5, 10)))
  await resume('saved')
  assert.deepEqual(await valuesOf('saved', 10), lines(0, 10))
  await stop('saved')
  assert.equal((await valuesOf('saved', 10)).length, 10)
})

test('testAlterOffsets: a source reads on from the position that was set', async () => {
  const file = await source('altered')
  await stop('altered')
  await call(
    'PATCH',
    'altered/offsets',
    { offsets: [{ partition: { filename: file }, offset: { position: 28 } }] },
    200,
  )
  await resume('altered')
  assert.deepEqual(await valuesOf('altered', 6), [...lines(0, 5), 'Line 4'])
})

test('testResetOffsets: a source reads all again, once', async () => {
  await source('reset')
  await stop('reset')
  await call('DELETE', 'reset/offsets', undefined, 200)
  await resume('reset')
  assert.deepEqual(await valuesOf('reset', 10), [...lines(0, 5), ...lines(0, 5)])
})

test('testSimpleSink: the records of a topic are written in order', async () => {
  assert.deepEqual(await writtenAtLeast(await sink('simple-sink', 'simple'), 5), lines(0, 5))
})

test('testAlterOffsets: a sink writes again from the offset that was set', async () => {
  const file = await sink('altered-sink', 'simple')
  await writtenAtLeast(file, 5)
  await stop('altered-sink')
  const partition = { kafka_topic: 'simple', kafka_partition: 0 }
  await call('PATCH', 'altered-sink/offsets', { offsets: [{ partition, offset: { kafka_offset: 4 } }] }, 200)
  await resume('altered-sink')
  assert.deepEqual(await writtenAtLeast(file, 6), [...lines(0, 5), 'Line 4'])
})

test('testResetOffsets: a sink writes all again', async () => {
  const file = await sink('reset-sink', 'simple')
  await writtenAtLeast(file, 5)
  await stop('reset-sink')
  await call('DELETE', 'reset-sink/offsets', undefined, 200)
  await resume('reset-sink')
  assert.deepEqual(await writtenAtLeast(file, 10), [...lines(0, 5), ...lines(0, 5)])
})

test('testSinkMultipleTopicsWithMultipleTasks: two tasks append to the one file', async () => {
  const file = await sink('two-topics', 'simple,saved', 2)
  const found = await writtenAtLeast(file, 15)
  assert.deepEqual(found.toSorted(), [...lines(0, 5), ...lines(0, 10)].toSorted())
})
