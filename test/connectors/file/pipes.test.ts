import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { fileStreamSink, fileStreamSource } from '../../../connectors/file/index.ts'
import { isConnectError, type SinkRecord } from '../../../src/connect/index.ts'
import {
  type SinkHarness,
  type SourceHarness,
  sinkBatch,
  sinkHarness,
  sinkRecord,
  sourceHarness,
} from '../../../src/connect/testing/index.ts'
import { FifoEnd, makeFifo, noFifos } from '../../support/fifo.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-pipes-'))
after(() => rmSync(folder, { recursive: true }))

let count = 0
const newPipe = (): string => makeFifo(join(folder, `pipe-${count++}`))

const records = (values: readonly string[], from = 0): SinkRecord[] =>
  values.map((value, i) => sinkRecord({ value, kafkaOffset: from + i }))
const lines = (values: readonly string[]): string => values.map((value) => `${value}\n`).join('')

/** The task asks for the same again, with a reason like this. */
const asksAgain =
  (reason: RegExp) =>
  (error: unknown): boolean =>
    isConnectError(error, 'RetriableError') && reason.test(error.message)

async function startedSink(file: string): Promise<SinkHarness<unknown>> {
  const harness = sinkHarness(fileStreamSink, { file, topics: 'orders' })
  await harness.start()
  return harness as SinkHarness<unknown>
}

async function startedSource(file: string, props: Record<string, string> = {}): Promise<SourceHarness<unknown>> {
  const harness = sourceHarness(fileStreamSource, { file, topic: 'lines', ...props })
  await harness.start()
  return harness as SourceHarness<unknown>
}

/** Gives the task the same until it has taken it, reading meanwhile; the text that was read. */
async function readWhile(reader: FifoEnd, put: () => Promise<void>): Promise<string> {
  let found = ''
  let isTaken = false
  while (!isTaken) {
    const reading = setInterval(() => (found += reader.read()), 5)
    isTaken = await put().then(
      () => true,
      (error: unknown) => {
        if (!isConnectError(error, 'RetriableError')) throw error
        return false
      },
    )
    clearInterval(reading)
  }
  return found + reader.read()
}

describe('a sink of a pipe', { skip: noFifos, concurrency: true }, () => {
  test('keeps its lines until somebody reads, and says so', async () => {
    const file = newPipe()
    await using harness = await startedSink(file)
    const some = records(['one', 'two'])
    await assert.rejects(
      harness.put(...some),
      asksAgain(/^Nobody reads .*pipe-\d+: its lines wait until somebody does$/),
    )
    const cat = spawn('cat', [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    const read = text(cat.stdout)
    while (await harness.put(...some).then(() => false, asksAgain(/Nobody reads/)));
    await harness.put(...records(['three'], 2))
    assert.deepEqual(await harness.commit(), [{ topic: 'orders', partition: 0, offset: 3 }])
    await harness.stop()
    assert.equal(await read, 'one\ntwo\nthree\n')
  })

  test('lets a reader in that waits before there are records', async () => {
    const file = newPipe()
    await using harness = await startedSink(file)
    const cat = spawn('cat', [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    let hasEnded = false
    cat.stdout.once('end', () => (hasEnded = true))
    const read = text(cat.stdout)
    // It ends only after the pipe was opened for it, and closed again by a stop.
    while (!hasEnded) {
      await harness.put()
      await harness.stop()
      await harness.start()
    }
    assert.equal(await read, '')
  })

  test('gives one reader after the other what comes, each line once', async () => {
    const file = newPipe()
    let found = ''
    const first = FifoEnd.reader(file)
    await using harness = await startedSink(file)
    await harness.put(...records(['a', 'b', 'c']))
    found += first.read(4)
    first.close()
    await assert.rejects(harness.put(...records(['d'], 3)), asksAgain(/Nobody reads/))
    using second = FifoEnd.reader(file)
    await harness.put(...records(['d'], 3))
    found += second.read()
    assert.equal(found, 'a\nb\nc\nd\n')
  })

  test('waits for a reader that is slow, and goes on where it was', async () => {
    const file = newPipe()
    using reader = FifoEnd.reader(file)
    await using harness = await startedSink(file)
    const values = Array.from(
      { length: 5000 },
      (_value, i) => `${i} ${'x'.repeat(i % 90)}${i === 7 ? 'é'.repeat(9000) : ''}`,
    )
    const some = records(values)
    await assert.rejects(harness.put(...some), asksAgain(/reader of .* does not take what is written/))
    assert.deepEqual(await harness.commit(), [])
    const found = await readWhile(reader, () => harness.put(...some))
    assert.ok(found === lines(values), 'all lines once, in order')
    assert.deepEqual(await harness.commit(), [{ topic: 'orders', partition: 0, offset: values.length }])
  })

  test('ends the line that it has begun when other records come than those it had asked for', async () => {
    const file = newPipe()
    using reader = FifoEnd.reader(file)
    await using harness = await startedSink(file)
    const long = 'x'.repeat(200_000)
    const batch = sinkBatch([long, 'never'], { valueFormat: 'string' })
    await assert.rejects(harness.putBatch(batch), asksAgain(/does not take/))
    const other = sinkBatch(['other'], { valueFormat: 'string', firstOffset: 100 })
    assert.ok((await readWhile(reader, () => harness.putBatch(other))) === lines([long, 'other']))
  })

  test('can be stopped while nobody reads, and while the reader is slow', async () => {
    const unread = await startedSink(newPipe())
    const waiting = assert.rejects(unread.put(...records(['a'])), asksAgain(/Nobody reads/))
    await Promise.all([waiting, unread.kill()])

    const file = newPipe()
    using _reader = FifoEnd.reader(file)
    const slow = await startedSink(file)
    await assert.rejects(slow.put(...records(['x'.repeat(200_000)])), asksAgain(/does not take/))
    await slow.kill()
  })

  test('follows its name to a pipe that takes its place', async () => {
    const file = newPipe()
    const first = FifoEnd.reader(file)
    await using harness = await startedSink(file)
    await harness.put(...records(['a']))
    assert.equal(first.read(), 'a\n')
    first.close()
    rmSync(file)
    await assert.rejects(harness.put(...records(['b'], 1)), asksAgain(/Nobody reads/))
    using second = FifoEnd.reader(makeFifo(file))
    assert.equal(await readWhile(second, () => harness.put(...records(['b'], 1))), 'b\n')
  })
})

describe('a source of a pipe', { skip: noFifos, concurrency: true }, () => {
  const values = async (harness: SourceHarness<unknown>, wanted: number): Promise<unknown[]> =>
    (await harness.take(wanted)).map(({ value }) => value)

  test('reads one writer after the other, and holds back a line without end', async () => {
    const file = newPipe()
    await using harness = await startedSource(file)
    assert.equal(await harness.poll(), null)
    using first = FifoEnd.writer(file)
    first.write('a\nb\nha')
    assert.deepEqual(await values(harness, 2), ['a', 'b'])
    first.close()
    assert.equal(await harness.poll(), null)
    using second = FifoEnd.writer(file)
    second.write('lf\nc\n')
    second.close()
    assert.deepEqual(await values(harness, 2), ['half', 'c'])
  })

  test('reads on as it comes, whatever was stored', async () => {
    const file = newPipe()
    await using harness = await startedSource(file)
    harness.committed.set(JSON.stringify({ filename: file }), { position: 100 })
    await harness.restart()
    assert.equal(await harness.poll(), null)
    using writer = FifoEnd.writer(file)
    writer.write('a\n')
    assert.deepEqual(
      (await harness.take(1)).map(({ value, sourceOffset }) => [value, sourceOffset]),
      [['a', { position: 102 }]],
    )
  })

  test('leaves in the pipe what it does not take', async () => {
    const file = newPipe()
    await using harness = await startedSource(file, { 'batch.size': '1' })
    assert.equal(await harness.poll(), null)
    using writer = FifoEnd.writer(file)
    const long = 'x'.repeat(4095)
    writer.write(lines([long, 'b']))
    assert.deepEqual(await values(harness, 1), [long])
    await harness.restart()
    assert.deepEqual(await values(harness, 1), ['b'])
  })

  test('reads all that a fast writer writes', async () => {
    const file = newPipe()
    await using harness = await startedSource(file)
    const writing = spawn('sh', ['-c', 'exec seq 1 100000 > "$0"', file], { stdio: 'inherit' })
    const exited = once(writing, 'exit')
    const found = await values(harness, 100_000)
    assert.ok(
      found.every((value, i) => value === String(i + 1)),
      'all lines in order',
    )
    assert.deepEqual(await exited, [0, null])
  })

  test('goes over to what takes its place', async () => {
    const file = newPipe()
    await using harness = await startedSource(file)
    assert.equal(await harness.poll(), null)
    rmSync(file)
    makeFifo(file)
    assert.equal(await harness.poll(), null)
    using writer = FifoEnd.writer(file)
    writer.write('new\n')
    assert.deepEqual(await values(harness, 1), ['new'])
  })
})
