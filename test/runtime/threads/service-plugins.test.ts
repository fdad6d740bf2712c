import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { TaskThreads } from '../../../src/runtime/threads/task-threads.ts'
import { RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

const provider = 'test.NumberingConfigProvider'
const policy = 'test.RefusingConnectorClientConfigOverridePolicy'
const config = testWorkerConfig('localhost:9092', { 'task.threads': '1', 'task.thread.unresponsive.ms': '2000' })
const threads = new TaskThreads({ config, listener: new RecordingListener(), logger: silentLogger, logLevel: 'silent' })

after(() => threads.stop())

test('a configuration provider of plugin.path answers from a thread, and is made once for the same settings', async () => {
  assert.deepEqual(await threads.readProvider(provider, {}, 'p', ['user', 'nobody']), {
    values: { user: 'user-1' },
    ttlMs: null,
  })
  assert.deepEqual((await threads.readProvider(provider, {}, 'q', ['user'])).values, { user: 'user-2' })
  assert.deepEqual(await threads.readProvider('Numbering', { 'ttl.ms': '7' }, 'p', ['user']), {
    values: { user: 'user-1' },
    ttlMs: 7,
  })
})

test('a provider that throws, has wrong settings or is not there fails the reading with what is wrong', async () => {
  await assert.rejects(threads.readProvider(provider, { instead: 'throw' }, 'p', ['a']), /the vault is shut for p/)
  await assert.rejects(threads.readProvider(provider, { 'ttl.ms': 'x' }, 'p', ['a']), /Invalid value x for .*ttl\.ms/)
  await assert.rejects(
    threads.readProvider('no.Such', {}, 'p', ['a']),
    /no\.Such, available configproviders are: test\.Num/,
  )
})

test('a provider that spins does not hang the worker: its thread is replaced, and the next reading works', async () => {
  await assert.rejects(threads.readProvider(provider, { instead: 'spin' }, 'p', ['a']), /NumberingConfigProvider/)
  assert.deepEqual((await threads.readProvider(provider, {}, 'p', ['a'])).values, { a: 'a-1' })
})

test('an override policy of plugin.path is asked in a thread, with the properties of the worker', async () => {
  const request = { client: 'producer', connector: 'c', connectorClass: 'x.C', connectorType: 'source' } as const
  const settings = { acks: '1', 'linger.ms': 5 }
  assert.deepEqual(
    await threads.checkOverrides(policy, { 'test.policy.refuses': 'linger.ms' }, { ...request, settings }),
    { 'linger.ms': ['this producer is not to have linger.ms=5'] },
  )
})
