import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import {
  config,
  defineSource,
  RetriableError,
  type RecordMetadata,
  type SourceRecord,
  type SourceTask,
} from '../../../src/connect/index.ts'
import { decodeBatch, type RecordBatchBuilder, type RecordColumns } from '../../../src/protocol/records/index.ts'
import { sourceProducerSettings } from '../../../src/runtime/tasks/client-settings.ts'
import { SourceLoop } from '../../../src/runtime/tasks/source-loop.ts'
import type { SourceOutput } from '../../../src/runtime/tasks/source-output.ts'
import { TaskRun } from '../../../src/runtime/tasks/task-run.ts'
import { type FakeEnvironment, fakeEnvironment, type FakeEnvironmentOptions } from '../../support/task-environment.ts'
import { eventually } from '../../support/task-runner.ts'

// The tests of Kafka Connect's AbstractWorkerSourceTaskTest (and WorkerSourceTaskTest) under their names, those of topic
// creation aside (source-topics.test.ts); how it is asserted is ours.

const transformed = { transforms: 't', 'transforms.t.type': 'test.Transform' }

const record = (n: number, given: Partial<SourceRecord> = {}): SourceRecord => ({
  topic: 'topic',
  key: `key-${n}`,
  value: `value-${n}`,
  sourcePartition: { p: 'a' },
  sourceOffset: { n },
  ...given,
})

interface Sent {
  readonly topic: string
  readonly key: string
  readonly value: string
  readonly timestamp: number
  readonly headers: [string, string][]
}

interface Rig extends FakeEnvironment {
  readonly loop: SourceLoop
  readonly run: TaskRun
  readonly sent: Sent[]
  readonly calls: string[]
  readonly fates: [number, RecordMetadata | null][]
  /** What polls give, one after the other; then nothing. */
  readonly polls: (() => SourceRecord[] | null)[]
  /** What sends do instead of succeeding. */
  readonly hooks: { send: () => Promise<void> }
}

const runs: TaskRun[] = []
// Also after a test that failed half way.
afterEach(async () => {
  for (const run of runs.splice(0)) await run.stop()
})

function rig(polls: Rig['polls'], options: FakeEnvironmentOptions = {}): Rig {
  const environment = fakeEnvironment(options)
  const { env, control, listener } = environment
  const sent: Sent[] = []
  const calls: string[] = []
  const fates: Rig['fates'] = []
  const hooks = { send: () => Promise.resolve() }
  const task: SourceTask = {
    poll({ signal }) {
      const next = polls.shift()
      if (next !== undefined) return next()
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(null), 5)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve(null)
        })
      })
    },
    commitRecord: (one, metadata) => void fates.push([Number(one.sourceOffset['n']), metadata]),
    commit: (offsets) => void calls.push(`commit ${offsets.map(({ offset }) => String(offset['n'])).join()}`),
    stop: () => void calls.push('stop'),
  }
  const plugin = defineSource({
    class: 'test.Task',
    version: '1.0.0',
    summary: 'Plays a script.',
    config: config({}),
    startTask: () => task,
  })
  const text = (bytes: Uint8Array | null): string => (bytes === null ? '' : Buffer.from(bytes).toString())
  const take = (topic: string, columns: RecordColumns): void => {
    for (let i = 0; i < columns.count; i++) {
      const headers = columns.headers(i).map(({ key, value }): [string, string] => [key, text(value)])
      const timestamp = columns.timestamps[i] as number
      sent.push({ topic, key: text(columns.key(i)), value: text(columns.value(i)), timestamp, headers })
    }
  }
  const output: SourceOutput = {
    settings: sourceProducerSettings({ 'linger.ms': '0' }),
    async send(topic: string, _partition: number, builder: RecordBatchBuilder) {
      await hooks.send()
      const baseOffset = sent.length
      take(topic, decodeBatch(builder.build(), 0))
      return { baseOffset }
    },
    knownPartitions: () => 1,
    partitions: () => Promise.resolve(1),
    maxMessageBytes: () => null,
    markUsed: () => false,
    close: () => Promise.resolve(),
    abort: () => {},
  }
  const loop = new SourceLoop(plugin, env, () => output)
  const run = new TaskRun({ id: env.id, control, loop, listener, logger: env.logger, scope: env.scope })
  runs.push(run)
  return { ...environment, loop, run, sent, calls, fates, polls, hooks }
}

/** Runs until `count` records were sent, then stops. */
async function sendAll(given: Rig, count: number): Promise<Sent[]> {
  await given.run.start()
  await eventually(() => given.sent.length >= count, `sending ${count} records`)
  await given.run.stop()
  return given.sent
}

test('testSendRecordsConvertsData', async () => {
  const [sent] = await sendAll(rig([() => [record(1)]]), 1)
  assert.deepEqual([sent?.topic, sent?.key, sent?.value], ['topic', 'key-1', 'value-1'])
})

test('testSendRecordsPropagatesTimestamp', async () => {
  const [sent] = await sendAll(rig([() => [record(1, { timestamp: 77 })]]), 1)
  assert.equal(sent?.timestamp, 77)
})

test('testSendRecordsCorruptTimestamp: a negative one fails the task', async () => {
  const given = rig([() => [record(1, { timestamp: -3 })]])
  await given.run.start()
  assert.match((await given.listener.until('c-0', 'FAILED')).trace ?? '', /Invalid record timestamp -3/)
  await given.run.stop()
  assert.deepEqual(given.sent, [])
})

test('testSendRecordsNoTimestamp: −1 is the clock', async () => {
  const before = Date.now()
  const [sent] = await sendAll(rig([() => [record(1, { timestamp: -1 })]]), 1)
  assert.ok((sent?.timestamp ?? 0) >= before)
})

test('testHeaders and testHeadersWithCustomConverter', async () => {
  const headers = [
    { key: 'header_key', schema: null, value: 'header_välue' },
    { key: 'header_key', schema: null, value: 7 },
  ]
  const [sent] = await sendAll(rig([() => [record(1, { headers })]]), 1)
  assert.deepEqual(sent?.headers, [
    ['header_key', 'header_välue'],
    ['header_key', '7'],
  ])
})

test('testSendRecordsRetriableException: records that were dropped before are not transformed again', async () => {
  let failures = 1
  const applied: string[] = []
  const given = rig([() => [record(1), record(2), record(3)]], {
    props: { ...transformed, 'errors.retry.timeout': '60000', 'errors.retry.delay.max.ms': '1' },
    apply(one) {
      applied.push(String(one.value))
      if (one.value !== 'value-3') return null
      if (failures-- > 0) throw new RetriableError('Retriable exception')
      return one
    },
  })
  assert.equal((await sendAll(given, 1)).length, 1)
  assert.deepEqual(applied, ['value-1', 'value-2', 'value-3', 'value-3'])
  assert.deepEqual(
    given.fates.map(([n, metadata]) => [n, metadata?.offset ?? null]),
    [
      [1, null],
      [2, null],
      [3, 0],
    ],
  )
})

const failing = (): never => {
  throw new RetriableError('Test')
}

for (const [name, options] of [
  ['FailedTransformation', { apply: failing, props: transformed }],
  ['ConversionException', { onConvert: failing, props: {} }],
] as const) {
  test(`testSendRecords${name}ErrorToleranceNone`, async () => {
    const given = rig([() => [record(1)]], options)
    await given.run.start()
    const { trace } = await given.listener.until('c-0', 'FAILED')
    assert.match(trace ?? '', /Tolerance exceeded in error handler/)
    await given.run.stop()
    assert.deepEqual(given.fates, [])
  })

  test(`testSendRecords${name}ErrorToleranceAll: the record is given up, and its task told`, async () => {
    const given = rig([() => [record(1)]], { ...options, props: { ...options.props, 'errors.tolerance': 'all' } })
    await given.run.start()
    await eventually(() => given.fates.length === 1, 'telling the fate')
    await given.run.stop()
    assert.deepEqual(given.fates, [[1, null]])
    assert.deepEqual(given.listener.states('c-0'), ['RUNNING'])
  })
}

test('the offsets of records before the one that fails the task are committed, so that they do not come again', async () => {
  const given = rig([() => [record(1), record(2), record(3), record(1, { sourcePartition: { p: 'b' } })]], {
    props: transformed,
    apply(one) {
      if (one.value === 'value-3') throw new Error('Test')
      return one
    },
  })
  await given.run.start()
  await given.listener.until('c-0', 'FAILED')
  await given.run.stop()
  assert.deepEqual(
    given.sent.map(({ value }) => value),
    ['value-1', 'value-2'],
  )
  assert.deepEqual(given.calls, ['commit 2', 'stop'])
})

test('testSendRecordsProducerCallbackFail: a send that fails later fails the task', async () => {
  const given = rig([() => [record(1)]])
  given.hooks.send = () => Promise.reject(new Error('no more room'))
  await given.run.start()
  const { trace } = await given.listener.until('c-0', 'FAILED')
  assert.match(trace ?? '', /Unrecoverable exception from producer send callback[\s\S]*no more room/)
  await given.run.stop()
})

test('testSourceTaskIgnoresProducerException: with tolerance it does not, and the record counts as settled', async () => {
  const given = rig([() => [record(1), record(2, { topic: 'other' })]], { props: { 'errors.tolerance': 'all' } })
  let failures = 1
  given.hooks.send = () => (failures-- > 0 ? Promise.reject(new Error('no more room')) : Promise.resolve())
  await sendAll(given, 1)
  assert.deepEqual(
    given.fates.map(([n, metadata]) => [n, metadata?.offset ?? null]),
    [
      [1, null],
      [2, 0],
    ],
  )
  assert.ok(given.calls.includes('commit 2'))
})

test('testPollsInBackground, testCommit and testCommitFailure: the final commit comes before the task is stopped', async () => {
  const given = rig([() => [record(1)], () => [record(2)]])
  await sendAll(given, 2)
  assert.deepEqual(given.calls, ['commit 2', 'stop'])
})

test('testPause: a paused task does not poll, and goes on when it is resumed', async () => {
  const given = rig([])
  await given.run.start()
  given.run.setTargetState('PAUSED')
  await given.listener.until('c-0', 'PAUSED')
  given.polls.push(() => [record(1)])
  given.run.setTargetState('STARTED')
  await eventually(() => given.sent.length === 1, 'sending after the pause')
  await given.run.stop()
  assert.deepEqual(given.listener.states('c-0'), ['RUNNING', 'PAUSED', 'RUNNING'])
})

test('testFailureInPoll and testRetriable: only a retriable failure is looked over', async () => {
  const given = rig([
    () => {
      throw new RetriableError('not now')
    },
    () => [record(1)],
    () => {
      throw new Error('broken')
    },
  ])
  await given.run.start()
  assert.match((await given.listener.until('c-0', 'FAILED')).trace ?? '', /broken/)
  await given.run.stop()
  assert.equal(given.sent.length, 1)
})

test('what a stop breaks off is no failure', async () => {
  const given = rig([() => [record(1)]], {
    apply: failing,
    props: { ...transformed, 'errors.retry.timeout': '-1' },
  })
  await given.run.start()
  await given.run.stop()
  assert.deepEqual(given.listener.states('c-0'), ['RUNNING'])
})
