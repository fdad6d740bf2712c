import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ConnectRest, until } from '../../bench/rig/connect-rest.ts'
import { type MillraceProcess, spawnMillrace, startMillrace } from '../../bench/rig/millrace-process.ts'
import { decodeJavaMap } from '../../src/runtime/standalone/java-map.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { freePort } from '../support/free-port.ts'

// A standalone worker as a user starts it: a worker file and connector files, each in another form.

let broker: TestBroker
let folder: string
let restUrl: string
let worker: MillraceProcess
let rest: ConnectRest

const input = (): string => join(folder, 'input.txt')
const output = (): string => join(folder, 'output.txt')
const files = (): string[] => ['worker.properties', 'source.properties', 'sink.json'].map((name) => join(folder, name))

before(async () => {
  broker = await startTestBroker()
  folder = await mkdtemp(join(tmpdir(), 'millrace-standalone-'))
  restUrl = `http://127.0.0.1:${await freePort()}`
  rest = new ConnectRest(restUrl)
  const [workerFile = '', sourceFile = '', sinkFile = ''] = files()
  const converter = 'org.apache.kafka.connect.storage.StringConverter'
  await writeFile(
    workerFile,
    [
      `bootstrap.servers=${broker.bootstrap}`,
      `listeners=${restUrl}`,
      `key.converter=${converter}`,
      `value.converter=${converter}`,
      `offset.storage.file.filename=${join(folder, 'connect.offsets')}`,
      'offset.flush.interval.ms=200',
    ].join('\n'),
  )
  await writeFile(sourceFile, `name=in\nconnector.class=FileStreamSource\ntasks.max=1\nfile=${input()}\ntopic=lines\n`)
  await writeFile(
    sinkFile,
    JSON.stringify({ name: 'out', config: { 'connector.class': 'FileStreamSink', topics: 'lines', file: output() } }),
  )
  await writeFile(input(), 'one\ntwo\n')
})

after(async () => {
  await worker?.stop()
  await broker?.close()
  await rm(folder, { recursive: true, force: true })
})

async function start(): Promise<void> {
  const [file = '', ...connectors] = files()
  worker = await startMillrace({ command: 'standalone', file, connectors, restUrl, overrides: {} })
}

async function untilOutput(lines: readonly string[]): Promise<void> {
  await until('the lines in the output', 20_000, async () => {
    const text = await readFile(output(), 'utf8').catch(() => '')
    return text === lines.map((line) => `${line}\n`).join('') ? true : null
  })
}

test('connectors from a properties file and a JSON request run, and their lines go through', async () => {
  await start()
  await untilOutput(['one', 'two'])
  const { body } = await rest.request('GET', '/connectors?expand=status')
  assert.deepEqual(Object.keys(body as object).toSorted(), ['in', 'out'])
  assert.equal((await rest.request('GET', '/health')).status, 200)
})

test('offsets are shown over REST and lie in the file in the form of the Java worker', async () => {
  const offset = { partition: { filename: input() }, offset: { position: 8 } }
  await until('the offset of the last line', 10_000, async () => {
    const { body } = await rest.request('GET', '/connectors/in/offsets')
    return JSON.stringify(body) === JSON.stringify({ offsets: [offset] }) ? true : null
  })
  const entries = decodeJavaMap(await readFile(join(folder, 'connect.offsets')))
  assert.deepEqual(
    entries.map((entry) => entry.map((bytes) => Buffer.from(bytes ?? []).toString())),
    [[JSON.stringify(['in', offset.partition]), JSON.stringify(offset.offset)]],
  )
})

test('after SIGTERM and a new start it goes on where it stopped: no line is lost, none comes twice', async () => {
  await worker.stop()
  await appendFile(input(), 'three\n')
  await start()
  await untilOutput(['one', 'two', 'three'])
})

test('connectors are paused, stopped, changed and deleted over REST as in a cluster', async () => {
  assert.equal((await rest.request('PUT', '/connectors/in/stop')).status, 204)
  await until('in to be stopped', 10_000, async () => {
    const { body } = await rest.request('GET', '/connectors/in/status')
    return (body as { connector: { state: string } }).connector.state === 'STOPPED' ? true : null
  })
  assert.equal((await rest.request('PUT', '/connectors/in/resume')).status, 202)
  await appendFile(input(), 'four\n')
  await untilOutput(['one', 'two', 'three', 'four'])
  assert.equal((await rest.request('DELETE', '/connectors/in')).status, 204)
  assert.equal((await rest.request('GET', '/connectors/in')).status, 404)
})

test('task configurations of other workers are refused: there are none', async () => {
  const { status, body } = await rest.request('POST', '/connectors/out/tasks', [])
  assert.equal(status, 500)
  assert.match(JSON.stringify(body), /standalone worker takes no task configurations/)
})

test('a connector that cannot be created ends the process with 3 and says which and why', async () => {
  const bad = join(folder, 'bad.json')
  await writeFile(bad, JSON.stringify({ name: 'bad', 'connector.class': 'FileStreamSource' }))
  const url = `http://127.0.0.1:${await freePort()}`
  const [file = ''] = files()
  const process = spawnMillrace({
    command: 'standalone',
    file,
    connectors: [bad],
    restUrl: url,
    overrides: { listeners: url, 'offset.storage.file.filename': join(folder, 'other.offsets') },
  })
  assert.equal(await process.exited, 3)
  assert.match(process.output(), /Connector bad of .*bad\.json cannot be created: .*"topic"/s)
})

test('a worker file without an offset file is refused with the name of the setting', async () => {
  const [file = ''] = files()
  const process = spawnMillrace({
    command: 'standalone',
    file,
    restUrl,
    overrides: { 'offset.storage.file.filename': '' },
  })
  assert.equal(await process.exited, 2)
  assert.match(process.output(), /Missing required configuration "offset\.storage\.file\.filename"/)
})
