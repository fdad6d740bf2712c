import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileStreamSource } from '../../../connectors/file/index.ts'
import { type SourceHarness, sourceHarness } from '../../../src/connect/testing/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-file-source-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
const newFile = (): string => join(folder, `in-${files++}.txt`)

async function started(file: string, props: Record<string, string> = {}): Promise<SourceHarness<unknown>> {
  const harness = sourceHarness(fileStreamSource, { file, topic: 'lines', ...props })
  await harness.start()
  return harness as SourceHarness<unknown>
}

const values = async (harness: SourceHarness<unknown>, count: number): Promise<unknown[]> =>
  (await harness.take(count)).map(({ value }) => value)

test('lines become records with the position after them as offset', async () => {
  const file = newFile()
  writeFileSync(file, 'one\nzwei €\r\nthree\rfour')
  await using harness = await started(file)
  const records = await harness.take(3)
  assert.deepEqual(
    records.map(({ topic, key, value, valueSchema, sourcePartition, sourceOffset }) => ({
      topic,
      key,
      value,
      type: valueSchema?.type,
      sourcePartition,
      sourceOffset,
    })),
    [
      ['one', 4],
      ['zwei €', 14],
      ['three', 20],
    ].map(([value, position]) => ({
      topic: 'lines',
      key: null,
      value,
      type: 'STRING',
      sourcePartition: { filename: file },
      sourceOffset: { position },
    })),
  )
  assert.ok(Math.abs((records[0]?.timestamp ?? 0) - Date.now()) < 60_000)
})

test('a last line without end is held back until its end is there', async () => {
  const file = newFile()
  writeFileSync(file, 'a\nb')
  await using harness = await started(file)
  assert.deepEqual(await values(harness, 1), ['a'])
  assert.equal(await harness.poll(), null)
  appendFileSync(file, 'c\n')
  assert.deepEqual(await values(harness, 1), ['bc'])
})

test('a restart resumes after the committed line, also in text beyond ASCII', async () => {
  const file = newFile()
  writeFileSync(file, 'äöü\nß\n')
  await using harness = await started(file, { 'batch.size': '1' })
  assert.deepEqual(await values(harness, 1), ['äöü'])
  await harness.commit()
  assert.deepEqual(await values(harness, 1), ['ß'])
  await harness.restart()
  assert.deepEqual(await values(harness, 1), ['ß'])
})

test('a missing file is waited for, with one warning', async () => {
  const file = newFile()
  await using harness = await started(file)
  assert.equal(await harness.poll(), null)
  assert.equal(await harness.poll(), null)
  assert.equal(harness.logger.lines.filter(({ level }) => level === 'warn').length, 1)
  writeFileSync(file, 'here\n')
  assert.deepEqual(await values(harness, 1), ['here'])
})

test('a replaced file is read to its end and the new one from its beginning', async () => {
  const file = newFile()
  writeFileSync(file, 'old 1\n')
  await using harness = await started(file)
  assert.deepEqual(await values(harness, 1), ['old 1'])
  appendFileSync(file, 'old 2\nrest')
  renameSync(file, `${file}.1`)
  writeFileSync(file, 'new 1\n')
  const records = await harness.take(3)
  assert.deepEqual(
    records.map(({ value }) => value),
    ['old 2', 'rest', 'new 1'],
  )
  assert.deepEqual(
    records.map(({ sourceOffset }) => sourceOffset['position']),
    [12, 16, 6],
  )
})

test('a file that was cut is read from its beginning', async () => {
  const file = newFile()
  writeFileSync(file, 'a longer line\n')
  await using harness = await started(file)
  assert.deepEqual(await values(harness, 1), ['a longer line'])
  truncateSync(file, 0)
  appendFileSync(file, 'short\n')
  assert.deepEqual(await values(harness, 1), ['short'])
})

test('a stored position beyond the end starts at the beginning', async () => {
  const file = newFile()
  writeFileSync(file, 'x\n')
  await using harness = await started(file)
  harness.committed.set(JSON.stringify({ filename: file }), { position: 100 })
  await harness.restart()
  assert.deepEqual(await values(harness, 1), ['x'])
})

test('batch.size limits a poll, and long lines and many lines come whole', async () => {
  const file = newFile()
  const lines = Array.from({ length: 500 }, (_line, i) => (i === 250 ? 'é'.repeat(200_000) : `line ${i}`))
  writeFileSync(file, `${lines.join('\n')}\n`)
  await using harness = await started(file, { 'batch.size': '7' })
  assert.equal((await harness.poll())?.length, 7)
  assert.deepEqual(await values(harness, 493), lines.slice(7))
})

test('a folder in place of the file fails with what to change', async () => {
  await using harness = await started(folder)
  await assert.rejects(harness.poll(), /is a folder, not a file/)
})

test('a stored offset that is no count of bytes fails the task', async () => {
  const harness = sourceHarness(fileStreamSource, { file: 'f', topic: 't' })
  harness.committed.set(JSON.stringify({ filename: 'f' }), { position: 'x' })
  await assert.rejects(harness.start(), /position x, which is no count of bytes/)
})

test('the configuration needs a topic', async () => {
  await assert.rejects(sourceHarness(fileStreamSource, { file: 'f' }).start(), (error: Error) =>
    error.message.includes('Missing required configuration "topic" which has no default value.'),
  )
})

test('offsets set over REST are checked with the texts of Kafka Connect', () => {
  const props = fileStreamSource.config.parse({ file: 'f', topic: 't' })
  const alter = (partition: Record<string, unknown>, offset: Record<string, unknown> | null): unknown =>
    fileStreamSource.alterOffsets?.(props, [{ partition, offset }])
  assert.equal(alter({ filename: 'f' }, { position: 5 }), true)
  assert.equal(alter({ garbage: 1 }, null), true)
  assert.throws(() => alter({ filename: 'f' }, {}), /contain the key 'position'/)
  assert.throws(() => alter({ filename: 'f' }, { position: '5' }), /expected to be a Long value/)
  assert.throws(() => alter({ filename: 'f' }, { position: -1 }), /should be a non-negative value/)
  assert.throws(() => alter({}, { position: 1 }), /should contain the key 'filename'/)
  const stdin = fileStreamSource.config.parse({ topic: 't' })
  assert.throws(() => fileStreamSource.alterOffsets?.(stdin, []), /'file' configuration is unspecified/)
})
