import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../../bench/rig/connect-rest.ts'
import { type SpawnedMillrace, spawnMillrace } from '../../bench/rig/millrace-process.ts'
import { decodeJavaMap } from '../../src/runtime/standalone/java-map.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { freePort } from '../support/free-port.ts'

// Signals while a process still starts, and while a plugin cannot be stopped.

/** Longer than any end of the product may take, and than a busy machine may make of it. */
const LIMIT_MS = 30_000
const plugins = new URL('../fixtures/plugins', import.meta.url).pathname

let broker: TestBroker
let folder: string
const running: SpawnedMillrace[] = []

before(async () => {
  broker = await startTestBroker()
  folder = await mkdtemp(join(tmpdir(), 'millrace-signals-'))
})

after(async () => {
  await Promise.all(running.map((each) => each.kill()))
  await broker?.close()
  await rm(folder, { recursive: true, force: true })
})

function run(options: Parameters<typeof spawnMillrace>[0]): SpawnedMillrace {
  const started = spawnMillrace(options)
  running.push(started)
  return started
}

async function said(process: SpawnedMillrace, text: string): Promise<void> {
  await until(`"${text}" in the output`, LIMIT_MS, async () => (process.output().includes(text) ? true : null))
}

/** Sends a signal and gives the exit code, null if the process has to be killed. */
async function codeAfter(process_: SpawnedMillrace, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  process.kill(process_.pid, signal)
  const timer = setTimeout(() => void process_.kill(), LIMIT_MS)
  const code = await process_.exited
  clearTimeout(timer)
  return code
}

async function json(name: string, content: object): Promise<string> {
  const file = join(folder, `${name}.json`)
  await writeFile(file, JSON.stringify({ name, ...content }))
  return file
}

/** A standalone worker with these connectors; `given` are further properties. */
async function standalone(
  connectors: readonly string[],
  given: Record<string, string> = {},
): Promise<SpawnedMillrace & { readonly offsets: string }> {
  const file = join(folder, 'worker.properties')
  await writeFile(file, '')
  const restUrl = `http://127.0.0.1:${await freePort()}`
  const converter = 'org.apache.kafka.connect.storage.StringConverter'
  const offsets = join(folder, `offsets-${running.length}`)
  const overrides = {
    'bootstrap.servers': broker.bootstrap,
    listeners: restUrl,
    'key.converter': converter,
    'value.converter': converter,
    'offset.storage.file.filename': offsets,
    'plugin.path': plugins,
    ...given,
  }
  return { ...run({ command: 'standalone', file, connectors, restUrl, overrides }), offsets }
}

test('SIGTERM while a standalone worker still creates its connectors stops those that run, with their offsets', async () => {
  const input = join(folder, 'input.txt')
  await writeFile(input, 'one\ntwo\n')
  const connectors = await Promise.all([
    json('in', { 'connector.class': 'FileStreamSource', file: input, topic: 'lines' }),
    json('slow', {
      'connector.class': 'test.MisbehavingSource',
      where: 'startConnector',
      how: 'never',
      'has.connector': 'true',
    }),
  ])
  const worker = await standalone(connectors, { 'task.shutdown.graceful.timeout.ms': '1000' })
  await said(worker, '"connector":"slow"')
  await until('two records', LIMIT_MS, async () => {
    const metrics = await (await fetch(`${worker.restUrl}/metrics`)).text()
    return /source_record_write_total\{connector="in",task="0",?\} 2/.test(metrics) ? true : null
  })
  assert.equal(existsSync(worker.offsets), false)
  assert.equal(await codeAfter(worker), 0)
  assert.doesNotMatch(worker.output(), /Millrace is ready/)
  const [entry] = decodeJavaMap(await readFile(worker.offsets))
  assert.equal(Buffer.from(entry?.[1] ?? []).toString(), '{"position":8}')
})

test('SIGTERM while a worker waits for its brokers ends it', async () => {
  const listeners = `http://127.0.0.1:${await freePort()}`
  const worker = run({
    command: 'worker',
    restUrl: listeners,
    overrides: { listeners, 'bootstrap.servers': `127.0.0.1:${await freePort()}` },
  })
  await said(worker, 'Not ready yet')
  assert.equal(await codeAfter(worker), 0)
})

test('SIGINT while the worker of a start with the integrated broker is not ready stops both in order', async () => {
  const data = join(folder, 'data')
  const listeners = `http://127.0.0.1:${await freePort()}`
  const both = run({
    restUrl: listeners,
    overrides: { listeners, 'broker.listeners': 'PLAINTEXT://127.0.0.1:0', 'broker.log.dirs': data },
  })
  await said(both, 'The broker is ready')
  assert.equal(await codeAfter(both, 'SIGINT'), 0)
  assert.equal(existsSync(join(data, '.kafka_cleanshutdown')), true)
})

/** A standalone worker with a task that is in native code and will not leave it. */
async function inNativeCode(name: string): Promise<{ worker: SpawnedMillrace; letGo: () => void }> {
  const pipe = join(folder, name)
  execFileSync('mkfifo', [pipe])
  const stuck = { 'connector.class': 'test.MisbehavingSource', where: 'poll', how: 'native', pipe }
  const worker = await standalone([await json(name, stuck)], { 'task.shutdown.graceful.timeout.ms': '300' })
  const file = await until('the task in native code', LIMIT_MS, async () => {
    try {
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch {
      return null
    }
  })
  return { worker, letGo: () => closeSync(file) }
}

test('SIGTERM ends a worker with 0 while a plugin is in native code that does not return', async () => {
  const { worker, letGo } = await inNativeCode('native')
  await said(worker, 'Millrace is ready')
  assert.equal(await codeAfter(worker), 0)
  letGo()
  assert.match(worker.output(), /Task thread 1 does not end: a plugin is in native code that does not return/)
})

test('a second signal ends such a worker at once with 1', async () => {
  const { worker, letGo } = await inNativeCode('native-twice')
  await said(worker, 'Millrace is ready')
  process.kill(worker.pid, 'SIGTERM')
  await said(worker, 'Stopping; once more stops at once')
  assert.equal(await codeAfter(worker), 1)
  letGo()
  // The end in order, which takes seconds, would have got as far as this.
  assert.doesNotMatch(worker.output(), /does not end/)
})
