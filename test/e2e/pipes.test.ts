import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { until } from '../../bench/rig/connect-rest.ts'
import { makeFifo, noFifos } from '../support/fifo.ts'
import { startTestMillrace } from '../support/millrace.ts'

/** As many as Node.js has threads for files, by default, in the whole process. */
const PIPES = 4
const NUMBERS = 300_000

test('pipes that nobody reads or writes harm nobody, and work as soon as somebody does', {
  skip: noFifos,
}, async (t) => {
  const millrace = await startTestMillrace()
  t.after(() => millrace.stop())
  const { rest, folder } = millrace
  const create = async (name: string, kind: 'Source' | 'Sink', file: string, topic: string): Promise<void> => {
    const config = {
      'connector.class': `FileStream${kind}`,
      file,
      [kind === 'Source' ? 'topic' : 'topics']: topic,
      'value.converter': 'StringConverter',
    }
    await rest.createConnector({ name, config })
    await millrace.reach(name, 'RUNNING', 1)
  }
  const [input, output] = [join(folder, 'in.txt'), join(folder, 'out.txt')]
  const arrives = (line: string): Promise<unknown> =>
    until(`${line} in the file`, 20_000, async () => {
      const found = await readFile(output, 'utf8').catch(() => '')
      return found.endsWith(`${line}\n`) ? true : null
    })
  await writeFile(input, 'one\n')
  await create('in', 'Source', input, 'lines')
  await create('out', 'Sink', output, 'lines')
  await arrives('one')

  const [unread, unwritten] = ['unread', 'unwritten'].map((kind) =>
    Array.from({ length: PIPES }, (_pipe, i) => makeFifo(join(folder, `${kind}-${i}`))),
  ) as [string[], string[]]
  for (const [i, pipe] of unread.entries()) await create(`unread-${i}`, 'Sink', pipe, 'lines')
  for (const [i, pipe] of unwritten.entries()) await create(`unwritten-${i}`, 'Source', pipe, `numbers-${i}`)
  await until('a sink that says what it waits for', 20_000, () =>
    Promise.resolve(millrace.process.output().includes(`Nobody reads ${unread[0]}`) ? true : null),
  )
  await appendFile(input, 'two\n')
  await arrives('two')

  await rest.ok('PUT', '/connectors/unread-0/pause')
  await millrace.reach('unread-0', 'PAUSED', 1)
  await rest.ok('PUT', '/connectors/unread-0/resume')
  await millrace.reach('unread-0', 'RUNNING', 1)
  const cat = spawn('cat', [unread[0] as string], { stdio: ['ignore', 'pipe', 'inherit'] })
  const found: string[] = []
  for await (const line of createInterface(cat.stdout)) if (found.push(line) === 2) break
  assert.deepEqual(found, ['one', 'two'])
  cat.kill()

  // A look a second into a pipe, which holds 64 KB, would take half a minute.
  const before = performance.now()
  const numbers = spawn('sh', ['-c', 'exec seq 1 "$1" > "$0"', unwritten[0] as string, String(NUMBERS)])
  assert.deepEqual(await once(numbers, 'exit'), [0, null])
  const tookMs = performance.now() - before
  t.diagnostic(`${NUMBERS} lines written to a pipe in ${Math.round(tookMs)} ms`)
  assert.ok(tookMs < 15_000)

  for (let i = 0; i < PIPES; i++) {
    await rest.ok('DELETE', `/connectors/unread-${i}`)
    if (i > 0) await rest.ok('DELETE', `/connectors/unwritten-${i}`)
  }
  await appendFile(input, 'three\n')
  await arrives('three')
  await create('unread-again', 'Sink', unread[1] as string, 'lines')
  process.kill(millrace.process.pid, 'SIGTERM')
  assert.equal(await millrace.process.exited, 0)
})

/** Waits for the writer of a pipe as programs do. */
const waiting = `
  import { open } from 'node:fs/promises'
  import { config, defineSource, Type } from 'millrace/connect'
  export default defineSource({
    class: 'test.Waiting',
    version: '1.0.0',
    summary: 'Waits.',
    config: config({ file: Type.String() }),
    startTask(props, context) {
      for (let i = 0; i < ${PIPES}; i++) open(props.file, 'r').catch(() => undefined)
      return { poll: () => context.idle(1000) }
    },
  })
`

test('a plugin that waits for pipes keeps neither others from their files nor the worker from its end', {
  skip: noFifos,
}, async (t) => {
  const plugins = await mkdtemp(join(tmpdir(), 'millrace-waiting-'))
  t.after(() => rm(plugins, { recursive: true, force: true }))
  await writeFile(join(plugins, 'waiting.ts'), waiting)
  const millrace = await startTestMillrace({ 'plugin.path': plugins })
  t.after(() => millrace.stop())
  const { rest, folder } = millrace
  const file = makeFifo(join(folder, 'pipe'))
  await rest.createConnector({ name: 'waiting', config: { 'connector.class': 'test.Waiting', file } })
  await millrace.reach('waiting', 'RUNNING', 1)
  const output = join(folder, 'numbers')
  await rest.createConnector({
    name: 'numbers',
    config: { 'connector.class': 'VerifiableSource', topic: 'numbers', throughput: '100' },
  })
  await rest.createConnector({
    name: 'lines',
    config: { 'connector.class': 'FileStreamSink', topics: 'numbers', file: output },
  })
  await until('lines in the file', 20_000, async () =>
    (await readFile(output, 'utf8').catch(() => '')).includes('\n') ? true : null,
  )
  process.kill(millrace.process.pid, 'SIGTERM')
  assert.equal(await millrace.process.exited, 0)
})
