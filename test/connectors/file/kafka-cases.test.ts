import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileStreamSink, fileStreamSource } from '../../../connectors/file/index.ts'
import { sinkHarness, sinkRecord, sourceHarness } from '../../../src/connect/testing/index.ts'

const props = { topic: 'test', file: '/somefilename', 'batch.size': '2000' }

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-file-cases-'))
})

after(() => rm(folder, { recursive: true, force: true }))

type Alterable = { partition: Record<string, unknown> | null; offset: Record<string, unknown> | null }[]

function alter(offsets: Alterable, given: Record<string, string> = props): unknown {
  return fileStreamSource.alterOffsets?.(fileStreamSource.config.parse(given), offsets as never)
}

const partition = { filename: '/somefilename' }

const messagesOf = (given: Record<string, string>): string[] =>
  fileStreamSource.config.validate(given).flatMap(({ errors }) => errors)

test('testConnectorConfigValidation, testValidConfigsAndDefaults: good configurations have no errors', () => {
  assert.deepEqual(messagesOf(props), [])
  assert.deepEqual(messagesOf({ topic: 'test' }), [])
  assert.equal(fileStreamSource.config.parse({ topic: 'test' })['batch.size'], 2000)
  assert.deepEqual(
    fileStreamSink.config.validate({ file: 'f' }).flatMap(({ errors }) => errors),
    [],
  )
})

test('testMissingTopic, testBlankTopic, testInvalidBatchSize: faulty configurations have errors', () => {
  assert.match(messagesOf({}).join(), /required configuration "topic"/)
  // Surrounding blanks are no part of a value.
  assert.equal(messagesOf({ topic: '     ' }).length, 1)
  assert.match(messagesOf({ topic: 't', 'batch.size': 'abcd' }).join(), /Not a number of type INT/)
})

test('testSourceTasks, testSourceTasksStdin: there is one task with the configuration of the connector', () => {
  for (const given of [props, { topic: 'test' }])
    assert.deepEqual(fileStreamSource.taskConfigs?.(fileStreamSource.config.parse(given), 2, given), [given])
})

test('testSinkTasks, testSinkTasksStdout: there are as many tasks as there may be', () => {
  for (const given of [{ file: 'f' }, {}] as Record<string, string>[])
    assert.deepEqual(fileStreamSink.taskConfigs?.(fileStreamSink.config.parse(given), 2, given), [given, given])
})

test('testConnectorConfigsPropagateToTaskConfigs: also what the connector does not know', () => {
  const given = { ...props, transforms: 'insert' }
  assert.deepEqual(fileStreamSource.taskConfigs?.(fileStreamSource.config.parse(given), 1, given), [given])
  assert.deepEqual(fileStreamSink.taskConfigs?.(fileStreamSink.config.parse(given), 1, given), [given])
})

test('testAlterOffsetsStdin: standard input has no offsets to alter', () => {
  assert.throws(() => alter([{ partition, offset: { position: 0 } }], { topic: 'test' }), /stdin is used for input/)
})

test('testAlterOffsetsIncorrectPartitionKey: partitions need a filename', () => {
  const offset = { position: 0 }
  assert.throws(() => alter([{ partition: { other_partition_key: 'f' }, offset }]), /contain the key 'filename'/)
  assert.throws(() => alter([{ partition: null, offset }]), /Partition objects cannot be null/)
})

test('testAlterOffsetsMultiplePartitions: other files may be deleted at the same time', () => {
  const other = { partition: { filename: '/someotherfilename' }, offset: null }
  assert.equal(alter([{ partition, offset: { position: 0 } }, other]), true)
})

test('testAlterOffsetsIncorrectOffsetKey: offsets need a position', () => {
  assert.throws(() => alter([{ partition, offset: { other_offset_key: 0 } }]), /contain the key 'position'/)
})

test('testAlterOffsetsOffsetPositionValues: a position is a whole number from 0 on', () => {
  for (const position of ['nan', null, {}, 3.14, -420, '-420', '10', -10, -10n])
    assert.throws(() => alter([{ partition, offset: { position } }]), /position.* (Long|non-negative) value/)
  assert.equal(alter([{ partition, offset: { position: 10 } }]), true)
  assert.equal(alter([{ partition, offset: { position: 10n } }]), true)
})

test('testSuccessfulAlterOffsets: good offsets, and none, are taken', () => {
  assert.equal(alter([{ partition, offset: { position: 0 } }]), true)
  assert.equal(alter([]), true)
})

test('testAlterOffsetsTombstones: anything may be deleted', () => {
  for (const given of [null, {}, partition, { filename: '/someotherfilename' }, { garbage_partition_key: 'x' }])
    assert.equal(alter([{ partition: given, offset: null }]), true)
})

test('testNormalLifecycle: lines come as they are ended, each with the position after it', async () => {
  const file = join(folder, 'lifecycle')
  await writeFile(file, '')
  await using source = sourceHarness(fileStreamSource, { file, topic: 'test' })
  await source.start()
  assert.equal(await source.poll(), null)
  const polled = async (): Promise<unknown[]> =>
    ((await source.poll()) ?? []).map(({ value, sourceOffset }) => [value, sourceOffset['position']])
  await appendFile(file, 'partial line')
  assert.deepEqual(await polled(), [])
  await appendFile(file, ' finished\n')
  assert.deepEqual(await polled(), [['partial line finished', 22]])
  await appendFile(file, 'line1\rline2\r\nline3\nline4\n\n')
  assert.deepEqual(await polled(), [
    ['line1', 28],
    ['line2', 35],
    ['line3', 41],
    ['line4', 47],
    ['', 48],
  ])
  await appendFile(file, 'subsequent text')
  assert.deepEqual(await polled(), [])
})

test('testBatchSize, testBufferResize: polls end at the batch size, and lines of any length come whole', async () => {
  const file = join(folder, 'batches')
  const lines = Array.from({ length: 100 }, (_line, i) => 'x'.repeat(i * 37))
  lines.push('y'.repeat(300_000))
  await writeFile(file, lines.map((line) => `${line}\n`).join(''))
  await using source = sourceHarness(fileStreamSource, { file, topic: 'test', 'batch.size': '40' })
  await source.start()
  const batches = [await source.poll(), await source.poll(), await source.poll()]
  assert.deepEqual(
    batches.map((batch) => batch?.length),
    [40, 40, 21],
  )
  assert.deepEqual(
    batches.flatMap((batch) => (batch ?? []).map(({ value }) => value)),
    lines,
  )
})

test('testInvalidFile: a file that is not there is waited for', async () => {
  await using source = sourceHarness(fileStreamSource, { file: join(folder, 'bogus'), topic: 'test' })
  await source.start()
  for (let i = 0; i < 3; i++) assert.equal(await source.poll(), null)
})

test('testPutFlush, testStart: records are appended, a line each, to what the file held', async () => {
  const file = join(folder, 'out')
  await writeFile(file, 'line0\n')
  const sink = sinkHarness(fileStreamSink, { file })
  await sink.start()
  await sink.put(sinkRecord({ value: 'line1', kafkaOffset: 0 }))
  await sink.commit()
  await sink.put(sinkRecord({ value: 'line2', kafkaOffset: 1 }), sinkRecord({ value: 'line3', kafkaOffset: 0 }))
  await sink.stop()
  assert.equal(await readFile(file, 'utf8'), 'line0\nline1\nline2\nline3\n')
})
