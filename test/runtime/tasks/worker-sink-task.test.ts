import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FetchedRecords } from '../../../src/client/index.ts'
import {
  config,
  defineSink,
  RetriableError,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../../../src/connect/index.ts'
import { SinkLoop } from '../../../src/runtime/tasks/sink-loop.ts'
import { TaskRun } from '../../../src/runtime/tasks/task-run.ts'
import { FakeSinkConsumer } from '../../support/fake-sink-consumer.ts'
import { recordingPino } from '../../support/recording-pino.ts'
import { type FakeEnvironment, fakeEnvironment, type FakeEnvironmentOptions } from '../../support/task-environment.ts'
import { eventually } from '../../support/task-runner.ts'

// The tests of Kafka Connect's WorkerSinkTaskTest under their names; how it is asserted is ours.

const FIRST = 45
const TP1: TopicPartition = { topic: 'test', partition: 12 }
const TP2: TopicPartition = { topic: 'test', partition: 13 }
const TP3: TopicPartition = { topic: 'test', partition: 14 }
const at = (partition: TopicPartition, offset: number): TopicPartitionOffset => ({ ...partition, offset })
const transformed = { transforms: 't', 'transforms.t.type': 'test.Transform' }

interface Rig extends FakeEnvironment {
  readonly loop: SinkLoop
  readonly consumer: FakeSinkConsumer
  readonly context: () => SinkTaskContext
  /** What `put` got, call by call. */
  readonly puts: SinkRecord[][]
  /** `open 12,13`, `close 12`, `preCommit 12@46`, `stop` in order. */
  readonly calls: string[]
  /** What the task does instead of nothing; replaced by tests. */
  readonly hooks: {
    put: (records: readonly SinkRecord[]) => void
    preCommit: (offsets: readonly TopicPartitionOffset[]) => readonly TopicPartitionOffset[]
    open: () => void
    close: () => void
  }
}

/** A sink loop over a scripted consumer; `polls` are played one an iteration, the first gives TP1 and TP2. */
async function rig(options: FakeEnvironmentOptions = {}, isStarted = true): Promise<Rig> {
  const environment = fakeEnvironment(options)
  const consumer = new FakeSinkConsumer(FIRST)
  const puts: SinkRecord[][] = []
  const { calls } = consumer
  const numbers = (partitions: readonly TopicPartition[]): string =>
    partitions.map(({ partition }) => partition).join(',')
  const hooks: Rig['hooks'] = { put: () => {}, preCommit: (offsets) => offsets, open: () => {}, close: () => {} }
  let context: SinkTaskContext | null = null
  const task: SinkTask = {
    put(records) {
      puts.push([...records])
      hooks.put(records)
    },
    preCommit(offsets) {
      calls.push(`preCommit ${offsets.map(({ partition, offset }) => `${partition}@${offset}`).join(',')}`)
      return hooks.preCommit(offsets)
    },
    open(partitions) {
      calls.push(`open ${numbers(partitions)}`)
      hooks.open()
    },
    close(partitions) {
      calls.push(`close ${numbers(partitions)}`)
      hooks.close()
    },
    stop: () => void calls.push('stop'),
  }
  const plugin = defineSink({
    class: 'test.Task',
    version: '1.0.0',
    summary: 'Records calls.',
    config: config({}),
    startTask(_props, given) {
      context = given
      return task
    },
  })
  const regex = environment.env.connectorProps['topics.regex']
  const subscription = regex === undefined ? { topics: ['test'] } : { pattern: new RegExp(regex) }
  const loop = new SinkLoop(plugin, environment.env, () => ({
    consumer,
    maxRecords: 500,
    subscription,
    disconnect: () => Promise.resolve(),
  }))
  consumer.polls.push(assignBoth)
  if (isStarted) await loop.start()
  return {
    ...environment,
    loop,
    consumer,
    puts,
    calls,
    hooks,
    context: () => {
      assert.ok(context !== null)
      return context
    },
  }
}

const assignBoth = async (consumer: FakeSinkConsumer): Promise<FetchedRecords[]> => {
  await consumer.assign(TP1, TP2)
  return []
}
const give =
  (count: number, of = TP1) =>
  (consumer: FakeSinkConsumer): FetchedRecords[] => [consumer.fetch(of, count)]

async function iterate(loop: SinkLoop, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await loop.iteration()
}

const values = (records: readonly SinkRecord[] | undefined): unknown[] => (records ?? []).map(({ value }) => value)

test('testStartPaused: partitions are paused as soon as they are assigned', async () => {
  const { loop, consumer } = await rig({ paused: true })
  await loop.iteration()
  assert.deepEqual([...consumer.paused], ['test-12', 'test-13'])
})

test('testPause: partitions are paused, offsets committed, and all goes on when the pause is over', async () => {
  const { loop, consumer, control, calls, puts } = await rig()
  const states: string[] = []
  loop.onPaused(
    () => states.push('PAUSED'),
    () => states.push('RUNNING'),
  )
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  assert.equal(puts.length, 2)
  control.setPaused(true)
  await loop.iteration()
  assert.deepEqual(states, ['PAUSED'])
  assert.deepEqual([...consumer.paused], ['test-12', 'test-13'])
  assert.deepEqual(calls.slice(-2), ['preCommit 12@46,13@45', 'commit'])
  control.setPaused(false)
  consumer.polls.push(give(1))
  await loop.iteration()
  assert.deepEqual(states, ['PAUSED', 'RUNNING'])
  assert.equal(consumer.paused.size, 0)
  assert.deepEqual(values(puts.at(-1)), ['value-46'])
})

test('testShutdown: a stop commits, closes the partitions, then the task, then the consumer', async () => {
  const { loop, consumer, control, calls } = await rig()
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  control.stop()
  await loop.finish(false)
  assert.deepEqual(calls, ['open 12,13', 'preCommit 12@46,13@45', 'close 12,13', 'commit', 'stop'])
  assert.equal(consumer.isClosed, true)
})

test('testPollRedelivery: the same batch again, with everything paused meanwhile', async () => {
  const { loop, consumer, hooks, puts, context } = await rig()
  let failures = 1
  hooks.put = (records) => {
    if (records.length === 0 || failures-- <= 0) return
    context().timeout(1)
    throw new RetriableError('retry')
  }
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  assert.deepEqual([...consumer.paused], ['test-12', 'test-13'])
  await eventually(async () => {
    await loop.iteration()
    return puts.filter(({ length }) => length > 0).length === 2
  }, 'the redelivery')
  assert.deepEqual(puts.filter(({ length }) => length > 0).map(values), [['value-45'], ['value-45']])
  assert.equal(consumer.paused.size, 0)
  context().requestCommit()
  await loop.iteration()
  assert.deepEqual(consumer.commits.at(-1)?.offsets, [at(TP1, FIRST + 1)])
})

test('a task that asks for the same batch again and again is a warning once, and again for another reason or batch', async () => {
  const { logger, lines } = recordingPino()
  const { loop, consumer, hooks, context } = await rig({ logger })
  const reasons = ['nobody reads', 'nobody reads', 'nobody reads', 'too slow', 'too slow', null, 'too slow', null]
  hooks.put = (records) => {
    const reason = records.length === 0 ? null : reasons.shift()
    context().timeout(1)
    if (typeof reason === 'string') throw new RetriableError(reason)
  }
  consumer.polls.push(give(1))
  const settled = (left: number): Promise<unknown> =>
    eventually(async () => {
      await loop.iteration()
      return reasons.length === left
    }, `${left} calls to come`)
  await settled(2)
  consumer.polls.push(give(1))
  await settled(0)
  const logged = lines.filter(({ msg }) => msg === 'put asked for a redelivery')
  assert.deepEqual(
    logged.map(({ level, err }) => [level, (err as { message: string }).message]),
    [
      [40, 'nobody reads'],
      [20, 'nobody reads'],
      [20, 'nobody reads'],
      [40, 'too slow'],
      [20, 'too slow'],
      [40, 'too slow'],
    ],
  )
})

test('testPollRedeliveryWithConsumerRebalance: new partitions are paused too; when the batch is gone all are resumed', async () => {
  const { loop, consumer, hooks, calls } = await rig()
  hooks.put = (records) => {
    if (records.length > 0) throw new RetriableError('retry')
  }
  consumer.polls.push(
    give(1),
    async (group) => {
      await group.assign(TP3)
      return []
    },
    async (group) => {
      await group.revoke(TP1, TP2)
      await group.assign()
      return []
    },
  )
  await iterate(loop, 3)
  assert.ok(calls.includes('open 14'))
  assert.ok(consumer.paused.has('test-14'))
  await loop.iteration()
  assert.ok(calls.includes('close 12,13'))
  assert.equal(consumer.paused.has('test-14'), false)
})

for (const [name, happens] of [
  ['testErrorInRebalancePartitionLoss', (consumer: FakeSinkConsumer) => consumer.lose(TP1, TP2)],
  ['testErrorInRebalancePartitionRevocation', (consumer: FakeSinkConsumer) => consumer.revoke(TP1, TP2)],
] as const) {
  test(`${name}: what close throws fails the task`, async () => {
    const { loop, consumer, hooks } = await rig()
    hooks.close = () => {
      throw new Error('Revocation error')
    }
    consumer.polls.push(async (group) => {
      await happens(group)
      return []
    })
    await loop.iteration()
    await assert.rejects(loop.iteration(), /Revocation error/)
  })
}

test('testErrorInRebalancePartitionAssignment: what open throws fails the task', async () => {
  const { loop, consumer, hooks, calls } = await rig()
  await loop.iteration()
  hooks.open = () => {
    throw new Error('Assignment error')
  }
  consumer.polls.push(async (group) => {
    await group.revoke(TP1, TP2)
    await group.assign(TP1, TP2)
    return []
  })
  await assert.rejects(loop.iteration(), /Assignment error/)
  assert.ok(calls.includes('close 12,13'))
})

test('testPartialRevocationAndAssignment: only what changes is closed and opened; lost partitions are not committed', async () => {
  const { loop, consumer, calls, puts } = await rig()
  consumer.polls.push(
    async (group) => {
      await group.revoke(TP1)
      await group.assign()
      return []
    },
    async (group) => {
      await group.assign(TP3)
      return []
    },
    async (group) => {
      await group.lose(TP3)
      await group.assign(TP1)
      return []
    },
  )
  await iterate(loop, 4)
  assert.deepEqual(calls, ['open 12,13', 'preCommit 12@45', 'close 12', 'open 14', 'close 14', 'open 12'])
  assert.equal(puts.length, 4)
})

test('testPreCommitFailureAfterPartialRevocationAndAssignment: only partitions that are still here are rewound', async () => {
  const { loop, consumer, hooks, context } = await rig()
  consumer.polls.push(
    give(1),
    async (group) => {
      await group.revoke(TP1)
      await group.assign()
      return []
    },
    async (group) => {
      await group.assign(TP3)
      return []
    },
  )
  await iterate(loop, 4)
  assert.deepEqual(
    consumer.commits.map(({ offsets }) => offsets),
    [[at(TP1, FIRST + 1)]],
  )
  hooks.preCommit = () => {
    throw new Error('Failed to flush')
  }
  context().requestCommit()
  await loop.iteration()
  assert.deepEqual(consumer.seeks, [
    ['test-13', FIRST],
    ['test-14', FIRST],
  ])
})

test('testWakeupInCommitSyncCausesRetry: a pause or a request during the commit of a close does not break it off', async () => {
  const { loop, consumer, calls, context } = await rig()
  consumer.polls.push(give(1), async (group) => {
    const revoked = group.revoke(TP1, TP2)
    context().requestCommit()
    await revoked
    await group.assign(TP1, TP2)
    return []
  })
  await iterate(loop, 3)
  assert.deepEqual(
    consumer.commits.map(({ offsets }) => offsets),
    [[at(TP1, FIRST + 1)]],
  )
  assert.deepEqual(
    calls.filter((call) => call.startsWith('open')),
    ['open 12,13', 'open 12,13'],
  )
})

test('testWakeupNotThrownDuringShutdown: a stop while it polls ends in the final commit', async () => {
  const { loop, consumer, control, calls } = await rig()
  consumer.polls.push(give(1), () => {
    control.stop()
    return []
  })
  await loop.run()
  await loop.finish(false)
  assert.deepEqual(
    consumer.commits.map(({ offsets }) => offsets),
    [[at(TP1, FIRST + 1)]],
  )
  assert.ok(calls.includes('close 12,13'))
})

const retriable = (): never => {
  throw new RetriableError('Test')
}

test('testRaisesFailedRetriableExceptionFromConvert', async () => {
  const { loop, consumer } = await rig({ onConvert: retriable })
  consumer.polls.push(give(1))
  await loop.iteration()
  await assert.rejects(loop.iteration(), /Tolerance exceeded in error handler/)
})

test('testSkipsFailedRetriableExceptionFromConvert', async () => {
  const { loop, consumer, puts } = await rig({ onConvert: retriable, props: { 'errors.tolerance': 'all' } })
  consumer.polls.push(give(1))
  await iterate(loop, 3)
  assert.deepEqual(puts, [[], [], []])
})

test('testRaisesFailedRetriableExceptionFromTransform', async () => {
  const { loop, consumer } = await rig({ apply: retriable, props: transformed })
  consumer.polls.push(give(1))
  await loop.iteration()
  await assert.rejects(loop.iteration(), /Tolerance exceeded in error handler/)
})

test('testSkipsFailedRetriableExceptionFromTransform', async () => {
  const { loop, consumer, puts } = await rig({
    apply: retriable,
    props: { ...transformed, 'errors.tolerance': 'all' },
  })
  consumer.polls.push(give(1))
  await iterate(loop, 3)
  assert.deepEqual(puts, [[], [], []])
})

test('testRequestCommit: a commit that is asked for comes at the next occasion, once', async () => {
  const { loop, consumer, context } = await rig()
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  context().requestCommit()
  await iterate(loop, 2)
  assert.deepEqual(
    consumer.commits.map(({ offsets }) => offsets),
    [[at(TP1, FIRST + 1)]],
  )
})

test('testPreCommit: what is not assigned or not delivered yet is left out', async () => {
  const { loop, consumer, hooks, context, calls } = await rig()
  consumer.polls.push(give(2))
  await iterate(loop, 2)
  hooks.preCommit = () => [at(TP1, FIRST + 1), at(TP2, FIRST + 1), at({ topic: 'test', partition: 3 }, FIRST)]
  context().requestCommit()
  await loop.iteration()
  assert.ok(calls.includes('preCommit 12@47,13@45'))
  assert.deepEqual(
    consumer.commits.map(({ offsets }) => offsets),
    [[at(TP1, FIRST + 1)]],
  )
})

test('testPreCommitFailure: what was delivered since the last commit is read again', async () => {
  const { loop, consumer, hooks, context, puts } = await rig()
  consumer.polls.push(give(2))
  await iterate(loop, 2)
  hooks.preCommit = () => {
    throw new Error('Failed to flush')
  }
  context().requestCommit()
  consumer.polls.push(give(2))
  await loop.iteration()
  assert.deepEqual(consumer.seeks, [
    ['test-12', FIRST],
    ['test-13', FIRST],
  ])
  assert.deepEqual(values(puts.at(-1)), ['value-45', 'value-46'])
})

test('testIgnoredCommit: offsets that were committed before are not committed again', async () => {
  const { loop, consumer, hooks, context } = await rig()
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  hooks.preCommit = () => [at(TP1, FIRST), at(TP2, FIRST)]
  context().requestCommit()
  await loop.iteration()
  assert.deepEqual(consumer.commits, [])
})

test('testLongRunningCommitWithoutTimeout: delivery goes on while a commit is under way, and no other one begins', async () => {
  const { loop, consumer, context, puts } = await rig()
  consumer.commitsSucceed = false
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  context().requestCommit()
  await loop.iteration()
  consumer.polls.push(give(1))
  context().requestCommit()
  await loop.iteration()
  assert.deepEqual(values(puts.at(-1)), ['value-46'])
  assert.equal(consumer.commits.length, 1)
  consumer.commits[0]?.done.resolve()
  await eventually(async () => {
    await loop.iteration()
    return consumer.commits.length === 2
  }, 'the next commit')
  assert.deepEqual(consumer.commits[1]?.offsets, [at(TP1, FIRST + 2)])
})

test('testSinkTasksHandleCloseErrors: what close throws at the end is logged, and the task is stopped all the same', async () => {
  const { loop, consumer, control, hooks, calls } = await rig()
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  hooks.close = () => {
    throw new Error('close')
  }
  control.stop()
  await loop.finish(false)
  assert.equal(calls.at(-1), 'stop')
  assert.equal(consumer.isClosed, true)
})

test('testSuppressCloseErrors: the first error is what the task fails with', async () => {
  const { loop, consumer, control, listener, hooks, env } = await rig({}, false)
  hooks.put = (records) => {
    if (records.length > 0) throw new Error('put')
  }
  hooks.close = () => {
    throw new Error('close')
  }
  consumer.polls.push(give(1))
  const run = new TaskRun({ id: env.id, control, loop, listener, logger: env.logger, scope: env.scope })
  await run.start()
  const { trace } = await listener.until('c-0', 'FAILED')
  assert.match(trace ?? '', /Exiting WorkerSinkTask due to unrecoverable exception[\s\S]*Caused by: Error: put/)
  await run.stop()
  assert.deepEqual(listener.states('c-0'), ['RUNNING', 'FAILED'])
})

test('testTaskCancelPreventsFinalOffsetCommit', async () => {
  const { loop, consumer, control, calls } = await rig()
  consumer.polls.push(give(2))
  await iterate(loop, 2)
  control.stop()
  loop.cancel()
  await loop.finish(true)
  assert.ok(calls.includes('close 12,13'))
  assert.deepEqual(consumer.commits, [])
})

test('testCommitWithOutOfOrderCallback: a completion that comes after a newer commit changes nothing', async () => {
  const { loop, consumer, context, puts } = await rig()
  consumer.commitsSucceed = false
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  context().requestCommit()
  consumer.polls.push(async (group) => {
    consumer.commitsSucceed = true
    const revoked = group.revoke(TP1, TP2)
    // The answer to the older commit comes when the newer one has begun.
    await Promise.resolve()
    consumer.commits[0]?.done.resolve()
    await revoked
    await group.assign(TP1, TP2, TP3)
    return [group.fetch(TP1, 1), group.fetch(TP3, 1)]
  })
  await loop.iteration()
  assert.deepEqual(values(puts.at(-1)), ['value-46', 'value-45'])
  context().requestCommit()
  await loop.iteration()
  assert.deepEqual(consumer.commits.at(-1)?.offsets, [at(TP1, FIRST + 2), at(TP3, FIRST + 1)])
})

test('testDeliveryWithMutatingTransform: commits are of the topic that a record came from', async () => {
  const { loop, consumer, context, puts } = await rig({
    props: transformed,
    apply: (record) => ({ ...record, topic: `newtopic_${record.topic}` }),
  })
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  assert.equal(puts.at(-1)?.[0]?.topic, 'newtopic_test')
  context().requestCommit()
  await loop.iteration()
  assert.deepEqual(consumer.commits.at(-1)?.offsets, [at(TP1, FIRST + 1)])
})

test('testMissingTimestampPropagation and testTimestampPropagation', async () => {
  const { loop, consumer, puts } = await rig()
  consumer.polls.push(
    (group) => [group.fetch(TP1, 1, { timestamp: -1 })],
    (group) => [group.fetch(TP1, 1, { timestamp: 77 })],
  )
  await iterate(loop, 3)
  assert.deepEqual(
    puts.flat().map(({ timestamp, timestampType }) => [timestamp, timestampType]),
    [
      [null, 'CreateTime'],
      [77, 'CreateTime'],
    ],
  )
})

test('testTopicsRegex: the pattern is what is subscribed to', async () => {
  const { loop, consumer } = await rig({ paused: true, props: { topics: '', 'topics.regex': 'te.*' } })
  assert.ok(consumer.subscription !== null && 'pattern' in consumer.subscription)
  await loop.iteration()
  assert.deepEqual([...consumer.paused], ['test-12', 'test-13'])
})

test('testHeaders and testHeadersWithCustomConverter: headers go through their converter', async () => {
  const { loop, consumer, puts } = await rig()
  const headers = [{ key: 'header_key', value: Buffer.from('header_välue') }]
  consumer.polls.push((group) => [group.fetch(TP1, 1, { headers })])
  await iterate(loop, 2)
  assert.deepEqual(puts.at(-1)?.[0]?.headers, [{ key: 'header_key', schema: null, value: 'header_välue' }])
})

test('testOriginalTopicWithTopicMutatingTransformations: a record knows where it came from, and that is what counts as used', async () => {
  const { loop, consumer, puts, listener } = await rig({
    props: transformed,
    apply: (record) => ({ ...record, topic: `newtopic_${record.topic}` }),
  })
  consumer.polls.push(give(1))
  await iterate(loop, 2)
  const [record] = puts.at(-1) ?? []
  assert.deepEqual(
    [record?.topic, record?.originalTopic, record?.originalKafkaPartition, record?.originalKafkaOffset],
    ['newtopic_test', 'test', 12, FIRST],
  )
  assert.deepEqual(listener.topics, ['c-0 test'])
})

test('testPartitionCountInCaseOfPartitionRevocation: the context tells what is assigned now', async () => {
  const { loop, consumer, context } = await rig()
  consumer.polls.push(async (group) => {
    await group.revoke(TP1)
    await group.assign()
    return []
  })
  await loop.iteration()
  assert.equal(context().assignment().length, 2)
  await loop.iteration()
  assert.deepEqual(context().assignment(), [TP2])
  await loop.finish(false)
  assert.deepEqual(context().assignment(), [])
})

test('one put takes records of several partitions, up to max.poll.records', async () => {
  const { loop, consumer, puts } = await rig()
  consumer.polls.push((group) => [group.fetch(TP1, 300), group.fetch(TP2, 300)])
  await iterate(loop, 2)
  assert.deepEqual(
    puts.map(({ length }) => length),
    [0, 500, 100],
  )
})

test('a task pauses and resumes only partitions that it has, and a pause ends when the partition goes', async () => {
  const { loop, consumer, context } = await rig()
  await loop.iteration()
  assert.throws(() => context().pause(TP3), /SinkTasks may not pause partitions that are not currently assigned/)
  context().pause(TP1)
  assert.deepEqual([...consumer.paused], ['test-12'])
  consumer.polls.push(async (group) => {
    await group.revoke(TP1)
    await group.assign()
    group.paused.clear()
    await group.assign(TP1)
    return []
  })
  await loop.iteration()
  assert.equal(consumer.paused.size, 0)
})

test('a pause outlasts a rebalance that brings the partition back, until the task resumes it when it is opened', async () => {
  const { loop, consumer, context, hooks } = await rig()
  await loop.iteration()
  context().pause(TP1, TP2)
  const rebalance = async (group: FakeSinkConsumer): Promise<FetchedRecords[]> => {
    await group.revoke(TP1, TP2)
    group.paused.clear()
    await group.assign(TP1, TP2)
    return []
  }
  consumer.polls.push(rebalance, rebalance)
  await loop.iteration()
  assert.deepEqual([...consumer.paused], ['test-12', 'test-13'])
  hooks.open = () => context().resume(TP1)
  await loop.iteration()
  assert.deepEqual([...consumer.paused], ['test-13'])
})
