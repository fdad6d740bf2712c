import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'

const folder = mkdtempSync(join(tmpdir(), 'millrace-file-streams-'))
after(() => rmSync(folder, { recursive: true }))

const connectors = new URL('../../../connectors/file/index.ts', import.meta.url).href
const testing = new URL('../../../src/connect/testing/index.ts', import.meta.url).href

/** Takes three lines of standard input in a process of its own, and writes them to standard output by the sink. */
const script = `
  import { fileStreamSink, fileStreamSource } from '${connectors}'
  import { sinkHarness, sinkRecord, sourceHarness } from '${testing}'
  const source = sourceHarness(fileStreamSource, { topic: 't' })
  await source.start()
  const records = await source.take(3)
  await source.stop()
  const sink = sinkHarness(fileStreamSink, { topics: 'orders' })
  await sink.start()
  await sink.put(...records.map(({ value, sourceOffset }, i) => sinkRecord({ value: value + ' ' + sourceOffset.position, kafkaOffset: i })))
  await sink.stop()
`

const expected = 'a 2\né 5\nc 7\n'

test('without a file, lines of a pipe are read from standard input and written to standard output', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.write('a\né')
  child.stdin.write('\nc\n')
  // The end of the pipe is left open: the process must end by itself once the task has stopped.
  assert.equal(await text(child.stdout), expected)
})

test('standard input may be a file', async () => {
  const file = join(folder, 'in.txt')
  writeFileSync(file, 'a\né\nc\n')
  const input = openSync(file, 'r')
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: [input, 'pipe', 'inherit'] })
  closeSync(input)
  assert.equal(await text(child.stdout as NonNullable<typeof child.stdout>), expected)
})
