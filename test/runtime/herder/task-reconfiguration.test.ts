import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { isPossiblyExpiredKey } from '../../../src/runtime/herder/task-config-publisher.ts'
import { BadRequestError, NotFoundError, PeerError } from '../../../src/runtime/index.ts'
import type { Work } from '../../../src/runtime/group/work.ts'
import { PlayedWorker, source, task, taskProperties } from '../../support/played-worker.ts'
import { eventually } from '../../support/task-runner.ts'

// Of Kafka's DistributedHerderTest: how the cluster learns what tasks a connector wants.

const C1: Work = { connectors: ['c1'], tasks: [] }

interface Leader {
  readonly url: string
  /** Bodies of the requests, and when they came. */
  readonly asked: { path: string; body: unknown; at: number }[]
  /** What the next requests are answered with; 204 when there is nothing more. */
  readonly answers: number[]
}

/** The REST server of a leader that takes task configurations. */
async function startPlayedLeader(t: TestContext): Promise<Leader> {
  const asked: Leader['asked'] = []
  const answers: number[] = []
  const server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ path: request.url ?? '', body: JSON.parse(body), at: performance.now() })
      const status = answers.shift() ?? 204
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(status < 300 ? '' : JSON.stringify({ error_code: status, message: 'not today' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return { url: `http://127.0.0.1:${address.port}/`, asked, answers }
}

/** A worker for which c1 is configured, with `tasks` of the three tasks that it wants. */
async function start(t: TestContext, tasks: number): Promise<PlayedWorker> {
  const played = await PlayedWorker.start({
    before: (configs) => configs.giveConnector('c1', source({ 'tasks.max': '3' }), tasks),
  })
  t.after(() => played.stop())
  return played
}

/** Waits 250 ms × 2ⁿ, give or take a fifth. */
function assertBackedOff(times: readonly number[]): void {
  for (const [i, at] of times.slice(1).entries()) {
    const waited = at - (times[i] ?? 0)
    assert.ok(waited >= 250 * 2 ** i * 0.8 - 2, `pause ${i + 1} was ${waited} ms`)
  }
}

test('testTaskReconfigurationRetriesWithConnectorTaskConfigsException: the connector is asked until it answers', async (t) => {
  const played = await start(t, 1)
  const times: number[] = []
  const { runner } = played
  const taskConfigs = runner.taskConfigs.bind(runner)
  runner.taskConfigs = (...args) => {
    times.push(performance.now())
    return times.length <= 2 ? Promise.reject(new Error('Failed to generate task configs')) : taskConfigs(...args)
  }
  await played.lead()
  await eventually(() => played.configs.keys().includes('commit-c1'), 'the tasks being written')
  assert.equal(times.length, 3)
  assertBackedOff(times)
  assert.deepEqual(
    (await played.herder.taskConfigs('c1')).map(({ id }) => id),
    [0, 1, 2].map((number) => task('c1', number)),
  )
  assert.equal((await played.herder.connectorStatus('c1')).connector.state, 'RUNNING')
})

test('testTaskReconfigurationNoRetryWithTooManyTasks: a connector that failed by what it answered is not asked again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const played = await start(t, 1)
  const { runner } = played
  let asked = 0
  runner.taskConfigs = async (name) => {
    asked++
    runner.listener.connectorStatus(name, 'FAILED', 'more tasks than tasks.max')
    throw new Error('more tasks than tasks.max')
  }
  await played.lead()
  await played.settle()
  assert.equal(asked, 1)
  t.mock.timers.tick(120_000)
  await played.settle()
  assert.equal(asked, 1)
  assert.equal((await played.herder.connectorStatus('c1')).connector.state, 'FAILED')
})

test('testTaskReconfigurationRetriesWithLeaderRequestForwardingException: a follower asks the leader until it takes them', async (t) => {
  const leader = await startPlayedLeader(t)
  leader.answers.push(500, 409)
  const played = await start(t, 1)
  await played.follow({ leaderUrl: leader.url, assigned: C1 })
  await eventually(() => leader.asked.length === 3, 'three requests')
  assertBackedOff(leader.asked.map(({ at }) => at))
  for (const { path, body } of leader.asked) {
    assert.equal(path, '/connectors/c1/tasks')
    assert.deepEqual(
      body,
      [0, 1, 2].map((number) => taskProperties({ topic: 'out' }, number)),
    )
  }
  await played.settle()
  assert.equal(leader.asked.length, 3)
})

test('a request that comes while another waits to be repeated is not kept waiting', async (t) => {
  const leader = await startPlayedLeader(t)
  leader.answers.push(...Array.from({ length: 5 }, () => 500))
  const played = await start(t, 1)
  await played.follow({ leaderUrl: leader.url, assigned: C1 })
  await eventually(() => leader.asked.length === 5, 'five requests')
  const begun = performance.now()
  played.configs.giveConnector('c1', source({ 'tasks.max': '2' }))
  await eventually(() => leader.asked.length === 6, 'the tasks of the new configuration')
  assert.ok(performance.now() - begun < 3_000)
  assert.deepEqual(leader.asked[5]?.body, [taskProperties({ topic: 'out' }, 0), taskProperties({ topic: 'out' }, 1)])
})

test('what is configured already is not written again', async (t) => {
  const leader = await startPlayedLeader(t)
  const played = await start(t, 3)
  await played.follow({ leaderUrl: leader.url, assigned: C1 })
  await played.untilCalls('start c1', 'taskConfigs c1')
  played.runner.listener.taskReconfigurationRequested('c1')
  await played.untilCalls('taskConfigs c1')
  await played.settle()
  assert.deepEqual(leader.asked, [])
})

test('testKeyExceptionDetection: a refusal soon after the request may be due to a new key', () => {
  const now = Date.now()
  assert.equal(isPossiblyExpiredKey(new Error('broken'), now), false)
  assert.equal(isPossiblyExpiredKey(new BadRequestError(''), now), false)
  assert.equal(isPossiblyExpiredKey(new PeerError(403, ''), now - 120_000), false)
  assert.equal(isPossiblyExpiredKey(new PeerError(403, ''), now), true)
})

test('a leader refuses tasks for a stopped connector with 400, and takes it when told that there are none', async (t) => {
  const played = await PlayedWorker.start({
    protocol: 'compatible',
    before: (configs) => {
      configs.giveConnector('c1', source())
      configs.giveTargetState('c1', 'STOPPED')
    },
  })
  t.after(() => played.stop())
  await played.lead()
  const put = (name: string, tasks: Record<string, string>[]): Promise<void> =>
    played.herder.putTaskConfigs(name, tasks, { signature: undefined, algorithm: undefined, body: Buffer.from('') })
  await assert.rejects(put('c1', [{ topic: 'out' }]), (error) => {
    assert.ok(error instanceof BadRequestError)
    assert.equal(error.message, 'Cannot submit non-empty set of task configs for stopped connector c1')
    return true
  })
  assert.deepEqual(played.configs.keys(), [])
  await assert.rejects(put('none', [{ topic: 'out' }]), NotFoundError)
  await put('c1', [])
  assert.deepEqual(played.configs.keys(), ['commit-c1'])
})
