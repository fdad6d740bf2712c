import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import {
  BrokerConfigError,
  type BrokerThread,
  ListenError,
  StorageError,
  startBrokerThread,
} from '../../src/broker/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { ApiVersions } from '../../src/protocol/messages/index.ts'
import { WireClient } from '../support/wire-client.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-broker-thread-'))
})
after(() => rm(folder, { recursive: true, force: true }))

function settings(more: Record<string, string> = {}): Record<string, string> {
  return { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': join(folder, 'data'), ...more }
}
const quiet = { logLevel: 'silent' } as const

/** Starts one that ends with the test, unless that has closed it before. */
async function start(t: TestContext): Promise<BrokerThread> {
  const broker = await startBrokerThread(settings(), quiet)
  t.after(() => broker.close())
  return broker
}

test('a broker in a thread tells its port, serves, and stops', async (t) => {
  const broker = await start(t)
  const port = broker.listeners[0]?.port ?? 0
  assert.ok(port > 0)
  const client = await WireClient.connect(port)
  assert.equal((await client.send(ApiVersions, 0, {})).errorCode, ErrorCode.NONE)
  await broker.close()
  assert.equal(await broker.exited, null)
  await client.closed()
  await assert.rejects(WireClient.connect(port))
})

test('its data and cluster id outlive it', async (t) => {
  const first = await start(t)
  await first.close()
  const second = await start(t)
  assert.equal(second.clusterId, first.clusterId)
})

test('a port in use is told with the address and what to do', async (t) => {
  const first = await start(t)
  const port = first.listeners[0]?.port
  const second = { listeners: `PLAINTEXT://127.0.0.1:${port}`, 'log.dirs': join(folder, 'other') }
  await assert.rejects(startBrokerThread(second, quiet), (error) => {
    assert.ok(error instanceof ListenError)
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}.*in use.*another port`))
    return true
  })
})

test('data folders that are in use or cannot be made are told', async (t) => {
  const first = await start(t)
  await assert.rejects(startBrokerThread(settings(), quiet), (error) => {
    assert.ok(error instanceof StorageError)
    assert.ok(error.message.includes(join(folder, 'data')), error.message)
    return true
  })
  await first.close()
  const file = join(folder, 'a-file')
  await writeFile(file, '')
  await assert.rejects(startBrokerThread(settings({ 'log.dirs': join(file, 'below') }), quiet), StorageError)
})

test('a data folder without write permission is told', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, async () => {
  const locked = join(folder, 'locked')
  await startBrokerThread(settings({ 'log.dirs': locked }), quiet).then((broker) => broker.close())
  await chmod(locked, 0o500)
  await assert.rejects(startBrokerThread(settings({ 'log.dirs': locked }), quiet), StorageError)
  await chmod(locked, 0o700)
})

test('a wrong setting is told by name', async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ listeners: 'nonsense' }, /listeners: 'nonsense'.*PLAINTEXT:\/\/127\.0\.0\.1:9092/],
    [{ 'num.partitions': 'many' }, /num\.partitions/],
    [{ listeners: 'SSL://127.0.0.1:0' }, /PLAINTEXT only/],
  ]
  for (const [wrong, message] of cases) {
    await assert.rejects(startBrokerThread(settings(wrong), quiet), (error) => {
      assert.ok(error instanceof BrokerConfigError)
      assert.match(error.message, message)
      return true
    })
  }
})

test('a start that is called off ends the thread and leaves a folder that the next broker can use', async () => {
  const controller = new AbortController()
  const start = startBrokerThread(settings(), { ...quiet, signal: controller.signal })
  controller.abort()
  await assert.rejects(start, { name: 'AbortError' })
  await assert.rejects(startBrokerThread(settings(), { ...quiet, signal: controller.signal }), { name: 'AbortError' })
  const next = await startBrokerThread(settings(), { ...quiet, signal: new AbortController().signal })
  await next.close()
})
