import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { defaultLogConfig, LogManager, type LogManagerOptions, StorageError } from '../../../src/broker/log/index.ts'
import { appendBatch, keysOf, numbered, temporaryFolder } from './support.ts'

const TOPIC_ID = 'MDEyMzQ1Njc4OWFiY2RlZg'

function open(folder: string, options: Partial<LogManagerOptions> = {}): Promise<LogManager> {
  return LogManager.open({ logDirs: [folder], defaults: defaultLogConfig, logger: silentLogger, ...options })
}

async function text(...path: string[]): Promise<string> {
  return (await readFile(join(...path))).toString()
}

test('topics, their ids and records survive a stop, and the files are those of Kafka', async (t) => {
  const folder = await temporaryFolder(t)
  let manager = await open(folder, { clusterId: 'cluster-of-the-test-00', nodeId: 3 })
  await manager.create('orders', 2, TOPIC_ID, defaultLogConfig)
  const log = manager.get('orders', 1)
  assert.ok(log)
  await appendBatch(log, numbered('k', 3), true)
  await log.deleteRecordsBefore(2)
  assert.equal(await text(folder, 'log-start-offset-checkpoint'), '0\n1\norders 1 2\n')
  await manager.close()
  const properties = await text(folder, 'meta.properties')
  assert.match(properties, /^version=1$/m)
  assert.match(properties, /^cluster\.id=cluster-of-the-test-00$/m)
  assert.match(properties, /^node\.id=3$/m)
  assert.match(properties, /^directory\.id=[\w-]{22}$/m)
  assert.equal(await text(folder, 'orders-1', 'partition.metadata'), `version: 0\ntopic_id: ${TOPIC_ID}`)
  assert.equal(await text(folder, 'orders-1', 'leader-epoch-checkpoint'), '0\n1\n0 0\n')
  for (const name of ['recovery-point-offset-checkpoint', 'replication-offset-checkpoint']) {
    const lines = (await text(folder, name)).trimEnd().split('\n')
    assert.deepEqual(lines.slice(0, 2), ['0', '2'])
    assert.deepEqual(lines.slice(2).sort(), ['orders 0 0', 'orders 1 3'])
  }
  assert.deepEqual(JSON.parse(await text(folder, '.kafka_cleanshutdown')), { version: 0, brokerEpoch: -1 })

  manager = await open(folder)
  assert.equal(manager.clusterId, 'cluster-of-the-test-00')
  assert.equal(manager.nodeId, 3)
  assert.equal((await readdir(folder)).includes('.kafka_cleanshutdown'), false)
  const topic = manager.topicById(TOPIC_ID)
  assert.equal(topic?.topic, 'orders')
  assert.equal(topic.partitions.length, 2)
  assert.equal(manager.get('orders', 1)?.logStartOffset, 2)
  assert.equal(manager.get('orders', 1)?.logEndOffset, 3)
  assert.equal(manager.get('orders', 2), undefined)
  await manager.close()
})

test('a folder is open once only, and its name is in the error', async (t) => {
  const folder = await temporaryFolder(t)
  const manager = await open(folder)
  await assert.rejects(open(folder), (error) => {
    assert.ok(error instanceof StorageError)
    assert.match(error.message, /in use by another process/)
    assert.ok(error.message.includes(folder))
    return true
  })
  await manager.close()
  await (await open(folder)).close()
})

test('a process that was killed leaves no lock behind, one that lives holds it', async (t) => {
  const folder = await temporaryFolder(t)
  const child = spawn(process.execPath, [join(import.meta.dirname, 'appending-process.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  await once(child.stdout, 'data')
  child.stdout.resume()
  await assert.rejects(open(folder), /in use by another process/)
  child.kill('SIGKILL')
  await ended
  await (await open(folder)).close()
})

test('folders that cannot be used, or belong to somebody else, are refused with their name', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), '')
  const refuses = (promise: Promise<unknown>, message: RegExp) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof StorageError)
      assert.match(error.message, message)
      assert.ok(error.message.includes(folder))
      return true
    })
  await refuses(open(join(folder, 'file')), /cannot be made/)
  const data = join(folder, 'data')
  await (await open(data, { clusterId: 'a', nodeId: 1 })).close()
  await refuses(open(data, { clusterId: 'b' }), /belongs to cluster a, not to b/)
  await refuses(open(data, { nodeId: 2 }), /belongs to node 1, but node.id is 2/)
  await writeFile(join(data, 'recovery-point-offset-checkpoint'), '0\n2\nt 0 1\n')
  await refuses(open(data), /checkpoint .* is damaged/)
  await rm(join(data, 'recovery-point-offset-checkpoint'))
  await (await open(data)).close()
})

test('a deleted topic is gone at once and after a restart, and its name can be used again', async (t) => {
  const folder = await temporaryFolder(t)
  let manager = await open(folder)
  await manager.create('t', 2, TOPIC_ID, defaultLogConfig)
  const log = manager.get('t', 0)
  assert.ok(log)
  await appendBatch(log, numbered('old', 1), true)
  let woken = 0
  log.onAppend(() => woken++)
  await manager.delete('t')
  await manager.delete('unknown')
  assert.equal(woken, 1)
  assert.equal(manager.topic('t'), undefined)
  await assert.rejects(appendBatch(log, numbered('late', 1)), /is closed/)
  const doomed = (await readdir(folder)).filter((name) => name.endsWith('-delete'))
  assert.equal(doomed.length, 2)
  await manager.create('t', 1, 'YWJjZGVmZ2hpamtsbW5vcA', defaultLogConfig)
  const fresh = manager.get('t', 0)
  assert.ok(fresh)
  await appendBatch(fresh, numbered('new', 1), true)
  await manager.close()
  // What a crash during the removal leaves.
  await mkdir(join(folder, 'x-0.0123-delete'))
  manager = await open(folder)
  assert.deepEqual(
    manager.topics().map(({ topic, topicId, partitions }) => [topic, topicId, partitions.length]),
    [['t', 'YWJjZGVmZ2hpamtsbW5vcA', 1]],
  )
  const again = manager.get('t', 0)
  assert.ok(again)
  assert.deepEqual(await keysOf(again), ['new-0'])
  await manager.close()
  assert.equal((await readdir(folder)).filter((name) => name.endsWith('-delete')).length, 0)
})

test('what a crash leaves of a deleted topic in the checkpoints does not apply to a new one of its name', async (t) => {
  const folder = await temporaryFolder(t)
  await (await open(folder)).close()
  for (const name of ['log-start-offset-checkpoint', 'recovery-point-offset-checkpoint', 'cleaner-offset-checkpoint']) {
    await writeFile(join(folder, name), '0\n1\nt 0 500\n')
  }
  let manager = await open(folder)
  await manager.create('t', 1, TOPIC_ID, defaultLogConfig)
  const log = manager.get('t', 0)
  assert.ok(log)
  await appendBatch(log, numbered('k', 3), true)
  // As a crash leaves it: no clean stop, and no checkpoint was due yet.
  const copy = join(folder, 'copy')
  await mkdir(copy)
  for (const name of ['t-0', 'log-start-offset-checkpoint', 'recovery-point-offset-checkpoint']) {
    await cp(join(folder, name), join(copy, name), { recursive: true })
  }
  await manager.close()
  manager = await open(copy)
  const again = manager.get('t', 0)
  assert.ok(again)
  assert.deepEqual([again.logStartOffset, again.logEndOffset], [0, 3])
  await manager.close()
})

test('partitions are added to a topic, spread over the folders, and gaps of a crash are filled', async (t) => {
  const parent = await temporaryFolder(t)
  const logDirs = [join(parent, 'a'), join(parent, 'b')]
  let manager = await open('', { logDirs })
  await manager.create('t', 3, TOPIC_ID, defaultLogConfig)
  const { partitions } = await manager.create('t', 4, 'ignored', defaultLogConfig)
  assert.equal(partitions.length, 4)
  assert.equal(manager.topic('t')?.topicId, TOPIC_ID)
  for (const dir of logDirs) {
    assert.equal((await readdir(dir)).filter((name) => name.startsWith('t-')).length, 2)
  }
  const folder = manager.get('t', 1)?.folder
  await manager.close()
  assert.ok(folder)
  await rm(folder, { recursive: true })
  manager = await open('', { logDirs })
  assert.equal(manager.get('t', 1)?.logEndOffset, 0)
  assert.equal(manager.topics()[0]?.partitions.filter(Boolean).length, 4)
  await manager.close()
})
