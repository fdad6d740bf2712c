import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Work } from '../../../src/runtime/group/work.ts'
import type { ConnectProtocol } from '../../../src/runtime/worker-config.ts'
import { ownUrl, PlayedWorker, source, task } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: a worker that cannot read the configuration topic to its end.

const BOTH: Work = { connectors: ['c1'], tasks: [task('c1', 1)] }
const LOG = 'taking too long to read the log'

async function start(t: TestContext, protocol: ConnectProtocol, maxDelayMs: number): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({
    protocol,
    props: {
      'scheduled.rebalance.max.delay.ms': String(maxDelayMs),
      'worker.sync.timeout.ms': '50',
      'worker.unsync.backoff.ms': '100',
    },
    before: (configs) => configs.giveConnector('c1', source({ 'tasks.max': '3' }), 3),
  })
  t.after(() => played.stop())
  return played
}

test('testJoinLeaderCatchUpFails: it leaves the group, and joins again after a pause and a look into the topic', async (t) => {
  const played = await start(t, 'eager', 0)
  const { configs } = played
  configs.readToEnd = () => {
    configs.reads++
    // The brokers do not answer.
    return new Promise(() => undefined)
  }
  const begun = performance.now()
  await played.leadWith({ error: 'config-mismatch' })
  assert.deepEqual(played.leaves, [LOG])
  assert.equal((await played.rebalanceMetrics())['completed-rebalances-total'], 0)
  assert.equal((await played.rebalanceMetrics())['rebalancing'], 1)
  configs.readToEnd = async () => {
    configs.reads++
  }
  await eventually(() => played.rejoins.length === 1, 'joining again')
  assert.ok(performance.now() - begun >= 145, 'the timeout and the pause')
  await played.leadWith({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  const metrics = await played.rebalanceMetrics()
  assert.deepEqual(
    [metrics['completed-rebalances-total'], metrics['rebalancing'], metrics['leader-name']],
    [1, 0, ownUrl],
  )
  await played.settle()
  assert.equal(configs.reads, 2)
})

test('testJoinLeaderCatchUpRetriesForIncrementalCooperative: work goes on meanwhile, and is kept', async (t) => {
  const played = await start(t, 'compatible', 5_000)
  await played.leadWith({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  played.configs.readFailure = new Error('not today')
  await played.leadWith({ error: 'config-mismatch' })
  assert.deepEqual(played.leaves, [LOG])
  await eventually(() => played.configs.reads === 3, 'two more tries')
  played.configs.readFailure = null
  await eventually(() => played.rejoins.length === 1, 'joining again')
  assert.deepEqual(played.claimed(), BOTH)
  await played.leadWith({})
  await played.settle()
  assert.deepEqual(played.runner.calls, [])
  assert.equal((await played.rebalanceMetrics())['completed-rebalances-total'], 2)
})

test('testJoinLeaderCatchUpFailsForIncrementalCooperative: after five tries the work is stopped, until it is assigned again', async (t) => {
  const played = await start(t, 'compatible', 3_000)
  await played.leadWith({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
  played.configs.readFailure = new Error('not today')
  await played.leadWith({ error: 'config-mismatch' })
  await played.untilCalls('stop c1', 'stop c1-1')
  assert.ok(played.configs.reads >= 6)
  played.configs.readFailure = null
  await eventually(() => played.rejoins.length === 1, 'joining again')
  assert.deepEqual(played.claimed(), { connectors: [], tasks: [] })
  await played.leadWith({ assigned: BOTH })
  await played.untilCalls('start c1', 'start c1-1', 'taskConfigs c1')
})

test('a follower that is up to date joins again at once when the configurations did not match', async (t) => {
  const played = await start(t, 'compatible', 0)
  played.configs.readFailure = new Error('not today')
  await played.follow({ error: 'config-mismatch' })
  assert.deepEqual(played.leaves, [])
  assert.deepEqual(played.rejoins, ['the configurations of the workers did not match'])
  assert.equal(played.configs.reads, 0)
})
