import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BadRequestError, ForbiddenError, UnavailableError } from '../../../src/runtime/index.ts'
import { generateSessionKey, sign } from '../../../src/runtime/herder/signature.ts'
import type { RequestSignature } from '../../../src/runtime/herder/herder.ts'
import { PlayedWorker, type PlayedWorkerOptions, source } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: the session key, and the internal requests that are signed with it.

const TASKS = [{ topic: 'out', part: '7' }]
const BODY = Buffer.from(JSON.stringify(TASKS))
const HOUR_MS = 3_600_000
const ALGORITHM = 'HmacSHA256'

async function start(t: TestContext, options: PlayedWorkerOptions = {}): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({
    before: (configs) => configs.giveConnector('c1', source({ 'tasks.wanted': '0' })),
    ...options,
  })
  t.after(() => played.stop())
  return played
}

const keysWritten = (played: PlayedWorker): number =>
  played.configs.keys().filter((key) => key === 'session-key').length

const unsigned: RequestSignature = { signature: undefined, algorithm: undefined, body: BODY }
const signed = (key = generateSessionKey(ALGORITHM, null, Date.now())): RequestSignature => ({
  signature: sign(BODY, key, ALGORITHM),
  algorithm: ALGORITHM,
  body: BODY,
})

/** Lets time go by, as far as timers and the date tell it. */
async function pass(t: TestContext, played: PlayedWorker, ms: number): Promise<void> {
  // Nothing may be under way that would have taken all this time.
  await played.settle()
  t.mock.timers.tick(ms)
  await played.settle()
}

test('testKeyRotationWhenWorkerBecomesLeader: the leader replaces a key that is too old, and again when the next one is', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 100 * HOUR_MS })
  const played = await start(t)
  await played.follow()
  played.configs.give({ type: 'session-key', sessionKey: generateSessionKey(ALGORITHM, null, 0) })
  await pass(t, played, 2 * HOUR_MS)
  assert.equal(keysWritten(played), 0)
  await played.lead()
  assert.equal(keysWritten(played), 1)
  await pass(t, played, HOUR_MS - 1)
  assert.equal(keysWritten(played), 1)
  await pass(t, played, 1)
  assert.equal(keysWritten(played), 2)
  await pass(t, played, HOUR_MS)
  assert.equal(keysWritten(played), 3)
})

test('testKeyRotationDisabledWhenWorkerBecomesFollower: who does not lead any more replaces no key', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 100 * HOUR_MS })
  const played = await start(t)
  played.configs.give({ type: 'session-key', sessionKey: generateSessionKey(ALGORITHM, null, Date.now()) })
  await played.lead()
  assert.equal(keysWritten(played), 0)
  await played.follow()
  await pass(t, played, 3 * HOUR_MS)
  assert.equal(keysWritten(played), 0)
})

test('a key of another algorithm or size is replaced, and there is none without the sessioned protocol', async (t) => {
  for (const key of [
    generateSessionKey('HmacSHA512', null, Date.now()),
    generateSessionKey(ALGORITHM, 512, Date.now()),
  ]) {
    const played = await start(t)
    played.configs.give({ type: 'session-key', sessionKey: key })
    await played.lead()
    assert.equal(keysWritten(played), 1)
  }
  for (const protocol of ['eager', 'compatible'] as const) {
    const played = await start(t, { protocol })
    await played.lead()
    assert.equal(keysWritten(played), 0)
  }
})

test('testFailedToWriteSessionKey: work begins all the same, and the key is tried again after a look into the topic', async (t) => {
  const played = await start(t)
  played.configs.failure = new Error('Oh no!')
  await played.lead()
  await played.untilCalls('start c1', 'taskConfigs c1')
  assert.ok(played.logged('Could not write a new session key'))
  assert.equal(keysWritten(played), 0)
  const { reads } = played.configs
  played.configs.failure = null
  await eventually(() => keysWritten(played) === 1, 'the key')
  assert.equal(played.configs.reads, reads + 1)
  await played.herder.putTaskConfigs('c1', TASKS, signed(latestKey(played)))
})

test('testFailedToReadBackNewlyWrittenSessionKey: one that is found in the topic is not written again', async (t) => {
  const played = await start(t)
  const sessionKey = generateSessionKey(ALGORITHM, null, Date.now())
  played.configs.unread.push({ type: 'session-key', sessionKey })
  played.configs.failure = new Error('Oh no!')
  await played.lead()
  const { reads } = played.configs
  played.configs.failure = null
  await eventually(() => played.configs.reads > reads, 'a look into the topic')
  await played.settle()
  assert.equal(keysWritten(played), 0)
  await played.herder.putTaskConfigs('c1', TASKS, signed(sessionKey))
})

for (const [name, protocol] of [
  ['testPutTaskConfigsSignatureNotRequiredV0', 'eager'],
  ['testPutTaskConfigsSignatureNotRequiredV1', 'compatible'],
] as const) {
  test(`${name}: the ${protocol} protocol knows no signatures`, async (t) => {
    const played = await start(t, { protocol })
    await played.lead()
    await played.herder.putTaskConfigs('c1', TASKS, unsigned)
    assert.deepEqual(played.configs.keys(), ['task-c1-0', 'commit-c1'])
  })
}

test('testPutTaskConfigsMissingRequiredSignature, testPutTaskConfigsDisallowedSignatureAlgorithm: 400', async (t) => {
  const played = await start(t)
  await played.lead()
  const key = latestKey(played)
  const refused = (signature: RequestSignature): Promise<void> =>
    assert.rejects(played.herder.putTaskConfigs('c1', TASKS, signature), BadRequestError)
  await refused(unsigned)
  await refused({ ...signed(key), algorithm: undefined })
  await refused({ ...signed(key), algorithm: 'HmacSHA489' })
  await refused({ signature: sign(BODY, key, 'HmacSHA512'), algorithm: 'HmacSHA512', body: BODY })
  assert.deepEqual(played.configs.keys(), ['session-key'])
})

test('testPutTaskConfigsInvalidSignature, testFenceZombiesInvalidSignature: 403', async (t) => {
  const played = await start(t)
  await played.lead()
  await assert.rejects(played.herder.putTaskConfigs('c1', TASKS, signed()), ForbiddenError)
  await assert.rejects(played.herder.fenceZombies('c1', signed()), ForbiddenError)
  assert.deepEqual(played.configs.keys(), ['session-key'])
})

test('putTaskConfigsWorkerStillStarting: 503 for as long as no key was read', async (t) => {
  const played = await start(t)
  await played.follow()
  await assert.rejects(played.herder.putTaskConfigs('c1', TASKS, signed()), UnavailableError)
})

test('testPutTaskConfigsValidRequiredSignature: they are written', async (t) => {
  const played = await start(t)
  await played.lead()
  await played.herder.putTaskConfigs('c1', TASKS, signed(latestKey(played)))
  assert.deepEqual(played.configs.keys(), ['session-key', 'task-c1-0', 'commit-c1'])
  assert.deepEqual(
    (await played.herder.taskConfigs('c1')).map(({ config }) => config),
    TASKS,
  )
})

/** The key that the worker wrote last. */
function latestKey(played: PlayedWorker): ReturnType<typeof generateSessionKey> {
  const [, value] = played.configs.written.findLast(([key]) => key === 'session-key') ?? []
  const { key } = JSON.parse(value ?? '') as { key: string }
  return { key: Buffer.from(key, 'base64'), algorithm: ALGORITHM, createdAt: Date.now() }
}
