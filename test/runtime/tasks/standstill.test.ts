import assert from 'node:assert/strict'
import { test } from 'node:test'
import { config, defineSource, RetriableError, type SinkTaskContext } from '../../../src/connect/index.ts'
import { SourceLoop } from '../../../src/runtime/tasks/source-loop.ts'
import { Standstill } from '../../../src/runtime/tasks/standstill.ts'
import type { SourceOutput } from '../../../src/runtime/tasks/source-output.ts'
import type { TaskLoop } from '../../../src/runtime/tasks/task-run.ts'
import { playSink } from '../../support/played-sink.ts'
import { fakeEnvironment } from '../../support/task-environment.ts'
import { eventually } from '../../support/task-runner.ts'

const TP = { topic: 'test', partition: 0 }
const sinceOf = (loop: TaskLoop): number | undefined => loop.standstill?.at
const about = { class: 'test.Task', version: '1.0.0', summary: 'For tests.', config: config({}) }

test('a refusal counts from its first time until the task has gone on', () => {
  let now = 1000
  const standstill = new Standstill(() => now)
  assert.equal(standstill.since, null)
  standstill.refused('put')
  now = 5000
  standstill.refused('put')
  assert.deepEqual(standstill.since, { hook: 'put', at: 1000 })
  standstill.wentOn()
  assert.equal(standstill.since, null)
})

test('going back to the same offset again and again is a standstill, going on from there and then back is not', () => {
  let now = 0
  const standstill = new Standstill(() => now)
  const back = (offset: number, at: number): number | undefined => {
    now = at
    standstill.wentBack({ ...TP, offset })
    return standstill.since?.at
  }
  assert.equal(back(10, 1000), undefined, 'once is no standstill')
  assert.equal(back(10, 2000), 1000)
  assert.equal(back(7, 3000), 1000)
  assert.equal(back(10, 4000), 1000)
  now = 9000
  assert.equal(standstill.since?.at, 6000, 'for three seconds at least')
  assert.equal(back(11, 10_000), undefined, 'it has come further')
  assert.equal(back(11, 16_000), 10_000)
  standstill.committed([{ ...TP, offset: 11 }])
  assert.notEqual(standstill.since, null)
  standstill.committed([{ ...TP, offset: 12 }])
  assert.equal(standstill.since, null)
  assert.equal(back(12, 17_000), undefined)
  assert.equal(back(12, 18_000), 17_000)
  standstill.forget(TP)
  assert.equal(standstill.since, null)
  assert.equal(back(11, 19_000), undefined)
  assert.equal(back(11, 700_000), undefined, 'so much later it is something else')
  assert.equal(back(11, 701_000), 700_000)
  now = 1_400_000
  assert.equal(standstill.since, null, 'it has gone on since')
})

/** A sink loop whose task does `put`, and which is given one record a poll. */
async function sinkLoop(put: (offset: number | undefined, context: SinkTaskContext) => void) {
  let context: SinkTaskContext | null = null
  const { loop, consumer, control } = await playSink(TP, (given) => {
    context = given
    return { put: (records) => put(records[0]?.originalKafkaOffset, given) }
  })
  const contextOf = (): SinkTaskContext => context ?? assert.fail('the task has not been started')
  return { loop, consumer, control, context: contextOf, give: () => consumer.polls.push(() => [consumer.fetch(TP, 1)]) }
}

test('a sink that wants the same records again stands still until it takes them, or is paused', async () => {
  let isRefusing = true
  const { loop, control, give } = await sinkLoop((offset, context) => {
    if (offset === undefined || !isRefusing) return
    context.timeout(1)
    throw new RetriableError('not yet')
  })
  assert.equal(sinceOf(loop), undefined)
  give()
  await loop.iteration()
  assert.equal(loop.standstill?.hook, 'put')
  const since = sinceOf(loop) ?? Number.NaN
  await eventually(async () => {
    await loop.iteration()
    return performance.now() - since > 5
  }, 'another refusal')
  assert.equal(sinceOf(loop), since)
  isRefusing = false
  await eventually(async () => {
    await loop.iteration()
    return loop.standstill === null
  }, 'the record being taken')
  isRefusing = true
  give()
  await loop.iteration()
  assert.notEqual(sinceOf(loop), undefined)
  control.setPaused(true)
  await loop.iteration()
  assert.equal(sinceOf(loop), undefined)
})

test('a sink that goes back to the same record again and again stands still, until it is committed', async () => {
  let isGoingBack = true
  const { loop, consumer, context, give } = await sinkLoop((offset, task) => {
    if (offset !== undefined && isGoingBack) task.offset([{ ...TP, offset: 0 }])
  })
  give()
  await loop.iteration()
  assert.equal(sinceOf(loop), undefined)
  give()
  await loop.iteration()
  assert.deepEqual(consumer.seeks, [
    ['test-0', 0],
    ['test-0', 0],
  ])
  assert.equal(loop.standstill?.hook, 'put')
  isGoingBack = false
  give()
  await loop.iteration()
  assert.notEqual(sinceOf(loop), undefined)
  context().requestCommit()
  await eventually(async () => {
    await loop.iteration()
    return sinceOf(loop) === undefined
  }, 'the commit')
  assert.equal(consumer.commits.length, 1)
})

test('a partition that is taken away takes its standstill along', async () => {
  const { loop, consumer, give } = await sinkLoop((offset, task) => {
    if (offset !== undefined) task.offset([{ ...TP, offset: 0 }])
  })
  for (let i = 0; i < 2; i++) {
    give()
    await loop.iteration()
  }
  assert.notEqual(sinceOf(loop), undefined)
  await consumer.revoke(TP)
  assert.equal(sinceOf(loop), undefined)
})

test('a source whose poll asks to be tried again stands still until a poll ends well', async () => {
  const { env, control } = fakeEnvironment()
  const seen: (string | null | undefined)[] = []
  let polls = 0
  const plugin = defineSource({
    ...about,
    startTask: () => ({
      poll() {
        seen.push(loop.standstill?.hook)
        if (polls++ < 1) throw new RetriableError('not yet')
        if (polls > 2) control.stop()
        return null
      },
    }),
  })
  const settings = { bufferBytes: 1000, batchBytes: 1000, lingerMs: 0, maxRequestBytes: 1000, compression: 'none' }
  const output = { settings: { ...settings, producer: { maxInFlight: 1 } }, close: () => Promise.resolve() }
  const loop: SourceLoop = new SourceLoop(plugin, env, () => output as unknown as SourceOutput)
  await loop.start()
  await loop.run()
  await loop.finish(false)
  assert.deepEqual(seen, [undefined, 'poll', undefined])
})
