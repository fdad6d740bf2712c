import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { TargetState } from '../../../src/runtime/index.ts'
import { BadRequestError, NotFoundError, NotLeaderError } from '../../../src/runtime/index.ts'
import { startTestBroker } from '../../support/broker.ts'
import { startTestWorker } from '../../support/connect-worker.ts'
import { FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { PlayedWorker, source } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: offsets of connectors.

const OFFSET = { partition: { partitionKey: 'partitionValue' }, offset: { offsetKey: 'offsetValue' } }

async function start(t: TestContext, state: TargetState, tasks = 0): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({
    before: (configs) => {
      configs.giveConnector('c1', source({ 'tasks.wanted': String(tasks) }), tasks)
      configs.giveTargetState('c1', state)
    },
  })
  t.after(() => played.stop())
  return played
}

test('testConnectorOffsets: what is stored, in any state of the connector and on any worker', async (t) => {
  const played = await start(t, 'STARTED')
  await played.follow()
  assert.deepEqual(await played.herder.connectorOffsets('c1'), [])
  played.offsets?.foreign(JSON.stringify(['c1', OFFSET.partition]), JSON.stringify(OFFSET.offset))
  played.offsets?.foreign(JSON.stringify(['c2', OFFSET.partition]), JSON.stringify(OFFSET.offset))
  assert.deepEqual(await played.herder.connectorOffsets('c1'), [OFFSET])
  await assert.rejects(played.herder.connectorOffsets('c2'), NotFoundError)
})

test('testModifyConnectorOffsetsUnknownConnector: 404', async (t) => {
  const played = await start(t, 'STARTED')
  await played.lead()
  await assert.rejects(played.herder.alterOffsets('connector-does-not-exist', [OFFSET]), NotFoundError)
  await assert.rejects(played.herder.resetOffsets('connector-does-not-exist'), NotFoundError)
})

test('testModifyOffsetsConnectorNotInStoppedState: 400, also for one that is stopped and still has tasks', async (t) => {
  for (const [state, tasks] of [
    ['STARTED', 0],
    ['PAUSED', 0],
    ['STOPPED', 1],
  ] as const) {
    const played = await start(t, state, tasks)
    await played.lead()
    await assert.rejects(played.herder.resetOffsets('c1'), BadRequestError)
    await assert.rejects(played.herder.alterOffsets('c1', [OFFSET]), BadRequestError)
    assert.equal(played.offsets, null)
  }
})

test('testModifyOffsetsNotLeader: a follower sends to the leader', async (t) => {
  const played = await start(t, 'STOPPED')
  await played.follow()
  await assert.rejects(played.herder.alterOffsets('c1', [OFFSET]), NotLeaderError)
  await assert.rejects(played.herder.resetOffsets('c1'), NotLeaderError)
})

test('testModifyOffsetsSourceConnectorExactlyOnceDisabled: they are altered and reset, and the answer says so', async (t) => {
  const played = await start(t, 'STOPPED')
  await played.lead()
  const altered = await played.herder.alterOffsets('c1', [OFFSET])
  assert.match(
    altered.message,
    /^The Connect framework-managed offsets for this connector have been altered successfully/,
  )
  assert.deepEqual(await played.herder.connectorOffsets('c1'), [OFFSET])
  const reset = await played.herder.resetOffsets('c1')
  assert.match(reset.message, /^The Connect framework-managed offsets for this connector have been reset successfully/)
  assert.deepEqual(await played.herder.connectorOffsets('c1'), [])
  played.runner.alterOffsets = async () => true
  const external = await played.herder.alterOffsets('c1', [OFFSET])
  assert.equal(external.message, 'The offsets for this connector have been altered successfully')
})

test('testModifyOffsetsSinkConnector: those of its consumer group', async (t) => {
  const broker = await startTestBroker()
  t.after(() => broker.close())
  const worker = await startTestWorker(
    broker.bootstrap,
    {},
    {
      makeRunner: (_config, listener) => {
        const runner = new FakeTaskRunner(listener)
        runner.alterOffsets = async () => true
        return runner
      },
    },
  )
  t.after(() => worker.stop())
  const config = { 'connector.class': 'FakeSink', topics: 'connect-status' }
  await worker.call('POST', '/connectors', { name: 'sink', config, initial_state: 'STOPPED' })
  await eventually(async () => (await worker.call('GET', '/connectors/sink/status')).status === 200, 'its status')
  const offsets = [{ partition: { kafka_topic: 'connect-status', kafka_partition: 1 }, offset: { kafka_offset: 0 } }]
  const altered = await worker.call('PATCH', '/connectors/sink/offsets', { offsets })
  assert.equal(altered.status, 200)
  assert.deepEqual(altered.body, { message: 'The offsets for this connector have been altered successfully' })
  assert.deepEqual((await worker.call('GET', '/connectors/sink/offsets')).body, { offsets })
})
