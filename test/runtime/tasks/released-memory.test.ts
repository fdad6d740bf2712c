import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FetchedRecords } from '../../../src/client/index.ts'
import { RetriableError, type SinkBatch, type SinkTask, type SinkTaskContext } from '../../../src/connect/index.ts'
import { playSink } from '../../support/played-sink.ts'
import type { FakeEnvironmentOptions } from '../../support/task-environment.ts'
import { eventually } from '../../support/task-runner.ts'

// Memory of what was fetched may be written over as soon as the loop says so: when nobody can look at it any more.

const TP = { topic: 'test', partition: 0 }

interface Given {
  readonly options?: FakeEnvironmentOptions
  /** Called before a batch is taken; by default it is just taken. */
  readonly take?: (batch: SinkBatch, context: SinkTaskContext) => void | Promise<void>
}

/** A sink loop whose polls give one fetch of two records each, `fetches` of them, which are what it answers. */
async function rig({ options = {}, take = () => {} }: Given, fetches = 1) {
  const taken: FetchedRecords[] = []
  const task = (context: SinkTaskContext): SinkTask => ({
    put: () => {},
    putBatch: (batch) => take(batch, context),
  })
  const { loop, consumer, control } = await playSink(TP, task, { raw: true, ...options })
  for (let i = 0; i < fetches; i++) {
    consumer.polls.push(() => {
      taken.push(consumer.fetch(TP, 2))
      return taken.slice(-1)
    })
  }
  return { loop, consumer, control, taken }
}

test('what a task took as bytes is released when its call has ended, not before', async () => {
  const { loop, consumer, taken } = await rig(
    {
      take() {
        assert.equal(consumer.released.length, taken.length - 1)
      },
    },
    2,
  )
  await loop.iteration()
  await loop.iteration()
  assert.equal(taken.length, 2)
  assert.deepEqual(consumer.released, taken)
})

test('records may be kept: what they were made of is not released', async () => {
  const asRecords: Given[] = [
    { take: (batch) => void batch.records() },
    { options: { raw: false } },
    { options: { props: { transforms: 't', 'transforms.t.type': 'test.Transform' } } },
  ]
  for (const given of asRecords) {
    const { loop, consumer, taken } = await rig(given)
    await loop.iteration()
    assert.equal(taken.length, 1)
    assert.deepEqual(consumer.released, [])
  }
})

test('what a task wants to have again is not released before it has taken it', async () => {
  let refusals = 1
  const seen: string[] = []
  const { loop, consumer } = await rig({
    take(batch, context) {
      seen.push(Buffer.from(batch.bytes.subarray(batch.valueStarts[0], batch.valueEnds[1])).toString('latin1'))
      assert.deepEqual(consumer.released, [])
      if (refusals-- <= 0) return
      context.timeout(1)
      throw new RetriableError('again')
    },
  })
  await eventually(async () => {
    await loop.iteration()
    return seen.length === 2
  }, 'the redelivery')
  assert.equal(seen[0], seen[1])
})

test('what a pause holds up is not released before it was given', async () => {
  const { loop, consumer, control, taken } = await rig({ take: () => control.setPaused(true) }, 2)
  await loop.iteration()
  assert.deepEqual(consumer.released, taken)
  await loop.iteration()
  assert.equal(taken.length, 2)
  assert.equal(consumer.released.length, 1)
})

test('a partition that is lost while its records are taken is not released', async () => {
  const { loop, consumer, taken } = await rig({ take: () => consumer.lose(TP) })
  await loop.iteration()
  assert.equal(taken.length, 1)
  assert.deepEqual(consumer.released, [])
})
