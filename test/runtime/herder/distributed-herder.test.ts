import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ConnectorStateInfo } from '../../../src/runtime/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker, testWorkerProps } from '../../support/connect-worker.ts'
import { FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { eventually } from '../../support/task-runner.ts'

interface FakeWorker extends TestWorker {
  readonly runner: FakeTaskRunner
}

let broker: TestBroker
let groups = 0
const workers: TestWorker[] = []

/** A worker with a fake runner; those with the same `cluster` number form a group. */
async function startFakeWorker(cluster: number, given: Record<string, string> = {}): Promise<FakeWorker> {
  const runners: FakeTaskRunner[] = []
  const worker = await startTestWorker(
    broker.bootstrap,
    { ...clusterProps(cluster), ...given },
    {
      makeRunner: (_config, listener) => {
        const runner = new FakeTaskRunner(listener)
        runners.push(runner)
        return runner
      },
    },
  )
  workers.push(worker)
  return { ...worker, runner: runners[0] as FakeTaskRunner }
}

function clusterProps(cluster: number): Record<string, string> {
  return {
    'group.id': `group-${cluster}`,
    'config.storage.topic': `configs-${cluster}`,
    'offset.storage.topic': `offsets-${cluster}`,
    'status.storage.topic': `status-${cluster}`,
  }
}

async function status(worker: TestWorker, name: string): Promise<ConnectorStateInfo | null> {
  const { status: code, body } = await worker.call('GET', `/connectors/${name}/status`)
  return code === 200 ? (body as ConnectorStateInfo) : null
}

/** Waits until the connector and exactly `tasks` tasks have that state. */
async function untilState(worker: TestWorker, name: string, state: string, tasks: number): Promise<ConnectorStateInfo> {
  let last: ConnectorStateInfo | null = null
  const look = async (): Promise<ConnectorStateInfo | null> => {
    last = await status(worker, name)
    const all = last !== null && last.connector.state === state && last.tasks.every((task) => task.state === state)
    return all && last?.tasks.length === tasks ? last : null
  }
  try {
    return await eventually(look, `${name} being ${state} with ${tasks} tasks`, 15_000)
  } catch (error) {
    throw new Error(`${(error as Error).message}; it was ${JSON.stringify(last)}`)
  }
}

/** Waits until that many tasks run, all of them on this worker. */
async function untilOwner(worker: TestWorker, name: string, tasks: number): Promise<void> {
  const host = new URL(worker.urls[0] ?? '').host
  const look = async (): Promise<boolean> => {
    const found = (await status(worker, name))?.tasks.filter(
      (task) => task.worker_id === host && task.state === 'RUNNING',
    )
    return found?.length === tasks
  }
  await eventually(look, `${name} running here with ${tasks} tasks`, 15_000)
}

const source = (given: Record<string, string> = {}): Record<string, string> => ({
  'connector.class': 'FakeSource',
  topic: 'out',
  ...given,
})

before(async () => {
  broker = await startTestBroker()
})

after(async () => {
  await Promise.all(workers.map((worker) => worker.stop()))
  await broker.close()
})

describe('one worker', () => {
  let worker: FakeWorker

  before(async () => {
    worker = await startFakeWorker(groups++)
  })

  test('a connector that is created runs with its tasks, and is gone after it was deleted', async () => {
    const created = await worker.call('POST', '/connectors', { name: 'c', config: source({ 'tasks.max': '3' }) })
    assert.equal(created.status, 201)
    assert.deepEqual((created.body as { tasks: unknown }).tasks, [])
    assert.equal(created.headers.get('location'), `${worker.urls[0]}connectors/c`)
    const state = await untilState(worker, 'c', 'RUNNING', 3)
    assert.equal(state.connector.worker_id, new URL(worker.urls[0] ?? '').host)
    assert.equal(state.connector.version, '1.2.3')
    const tasks = await worker.call('GET', '/connectors/c/tasks')
    assert.deepEqual((tasks.body as unknown[])[1], {
      id: { connector: 'c', task: 1 },
      config: { 'task.class': 'fake.FakeSourceTask', topic: 'out', part: '1' },
    })
    assert.equal((await worker.call('DELETE', '/connectors/c')).status, 204)
    await eventually(() => worker.runner.tasks.size === 0 && worker.runner.connectors.size === 0, 'stopping')
    assert.equal((await worker.call('GET', '/connectors/c/status')).status, 404)
    assert.deepEqual((await worker.call('GET', '/connectors')).body, [])
  })

  test('a connector of the same name as a deleted one has none of its tasks', async () => {
    await worker.call('PUT', '/connectors/again/config', source({ 'tasks.max': '3' }))
    await untilState(worker, 'again', 'RUNNING', 3)
    await worker.call('DELETE', '/connectors/again')
    await worker.call('PUT', '/connectors/again/config', source({ topic: 'other' }))
    await untilState(worker, 'again', 'RUNNING', 1)
    await eventually(() => worker.runner.tasks.size === 1, 'one task')
    assert.equal(worker.runner.tasks.get('again-0')?.['topic'], 'other')
    await worker.call('DELETE', '/connectors/again')
  })

  test('creating a connector that exists is refused', async () => {
    await worker.call('POST', '/connectors', { name: 'twice', config: source() })
    const second = await worker.call('POST', '/connectors', { name: 'twice', config: source() })
    assert.equal(second.status, 409)
    assert.deepEqual(second.body, { error_code: 409, message: 'Connector twice already exists' })
    await worker.call('DELETE', '/connectors/twice')
  })

  test('pause, resume and stop move connector and tasks; a stopped one has no tasks; repeating does no harm', async () => {
    await worker.call('PUT', '/connectors/states/config', source({ 'tasks.max': '2' }))
    await untilState(worker, 'states', 'RUNNING', 2)
    const steps = [
      ['stop', 204, 'STOPPED', 0],
      ['resume', 202, 'RUNNING', 2],
      ['pause', 202, 'PAUSED', 2],
      ['stop', 204, 'STOPPED', 0],
      ['pause', 202, 'PAUSED', 0],
      ['resume', 202, 'RUNNING', 2],
    ] as const
    for (const [action, code, state, tasks] of steps) {
      for (let repeat = 0; repeat < 2; repeat++) {
        assert.equal((await worker.call('PUT', `/connectors/states/${action}`)).status, code)
        await untilState(worker, 'states', state, tasks)
      }
    }
    await worker.call('DELETE', '/connectors/states')
  })

  test('an initial state keeps a connector from having tasks until it is resumed', async () => {
    for (const [initial, shown] of [
      ['PAUSED', 'PAUSED'],
      ['stopped', 'STOPPED'],
    ] as const) {
      const name = `initially-${shown}`
      await worker.call('POST', '/connectors', { name, config: source(), initial_state: initial })
      await untilState(worker, name, shown, 0)
      await worker.call('PUT', `/connectors/${name}/resume`)
      await untilState(worker, name, 'RUNNING', 1)
      await worker.call('DELETE', `/connectors/${name}`)
    }
  })

  test('a new configuration restarts the connector, and the tasks because theirs or the applied one changed', async () => {
    await worker.call('PUT', '/connectors/changing/config', source())
    await untilState(worker, 'changing', 'RUNNING', 1)
    worker.runner.calls.length = 0
    const changed = await worker.call('PUT', '/connectors/changing/config', source({ 'errors.tolerance': 'all' }))
    assert.equal(changed.status, 200)
    await eventually(
      () => worker.runner.calls.filter((call) => call === 'start changing-0').length === 1,
      'a restart of the task',
    )
    assert.deepEqual(worker.runner.calls.slice(0, 2), ['stop changing', 'start changing'])
    await untilState(worker, 'changing', 'RUNNING', 1)
    await worker.call('PUT', '/connectors/changing/config', source({ 'tasks.max': '4' }))
    await untilState(worker, 'changing', 'RUNNING', 4)
    await worker.call('PUT', '/connectors/changing/config', source({ 'tasks.max': '2' }))
    await untilState(worker, 'changing', 'RUNNING', 2)
    await worker.call('DELETE', '/connectors/changing')
  })

  test('a patch changes, adds and removes keys', async () => {
    await worker.call('PUT', '/connectors/patched/config', source({ 'tasks.max': '2', keep: 'k', drop: 'd' }))
    const patched = await worker.call('PATCH', '/connectors/patched/config', {
      'tasks.max': '3',
      added: 'a',
      drop: null,
    })
    assert.equal(patched.status, 200)
    const config = { name: 'patched', ...source(), 'tasks.max': '3', keep: 'k', added: 'a' }
    assert.deepEqual((await worker.call('GET', '/connectors/patched/config')).body, config)
    await untilState(worker, 'patched', 'RUNNING', 3)
    assert.equal((await worker.call('PATCH', '/connectors/nobody/config', {})).status, 404)
    await worker.call('DELETE', '/connectors/patched')
  })

  test('a failing connector is FAILED with a trace that hides its password, and runs after it was corrected', async () => {
    const secret = 'correct horse battery'
    await worker.call('PUT', '/connectors/failing/config', source({ fail: 'connector', 'secret.text': secret }))
    const failed = await untilState(worker, 'failing', 'FAILED', 0)
    assert.equal(failed.connector.trace, 'Error: cannot start with [hidden]')
    assert.equal((await worker.call('PUT', '/connectors/failing/stop')).status, 204)
    await worker.call('PUT', '/connectors/failing/config', source())
    await untilState(worker, 'failing', 'STOPPED', 0)
    await worker.call('PUT', '/connectors/failing/resume')
    await untilState(worker, 'failing', 'RUNNING', 1)
    await worker.call('DELETE', '/connectors/failing')
  })

  test('only what failed is restarted when that is asked for, and what is going to restart says so', async () => {
    await worker.call('PUT', '/connectors/restarts/config', source({ fail: 'task', 'tasks.max': '2' }))
    await eventually(
      async () =>
        (await status(worker, 'restarts'))?.tasks.every((t) => t.state === 'FAILED') &&
        (await status(worker, 'restarts'))?.tasks.length === 2,
      'failing',
    )
    worker.runner.calls.length = 0
    const restart = await worker.call('POST', '/connectors/restarts/restart?includeTasks=true&onlyFailed=TRUE')
    assert.equal(restart.status, 202)
    const outlook = restart.body as ConnectorStateInfo
    assert.equal(outlook.connector.state, 'RUNNING')
    assert.deepEqual(
      outlook.tasks.map((task) => task.state),
      ['RESTARTING', 'RESTARTING'],
    )
    await eventually(() => worker.runner.calls.length === 2, 'restarts')
    assert.deepEqual(worker.runner.calls.toSorted(), ['start restarts-0', 'start restarts-1'])
    worker.runner.calls.length = 0
    assert.equal((await worker.call('POST', '/connectors/restarts/restart')).status, 204)
    assert.deepEqual(worker.runner.calls, ['stop restarts', 'start restarts'])
    assert.equal((await worker.call('POST', '/connectors/restarts/tasks/1/restart')).status, 204)
    assert.equal(worker.runner.calls.at(-1), 'start restarts-1')
    assert.equal((await worker.call('POST', '/connectors/restarts/tasks/7/restart')).status, 404)
    assert.equal((await worker.call('POST', '/connectors/nobody/restart?includeTasks=true')).status, 404)
    await worker.call('DELETE', '/connectors/restarts')
  })

  test('topics that tasks report are listed, and forgotten on request', async () => {
    await worker.call('PUT', '/connectors/topics/config', source())
    await untilState(worker, 'topics', 'RUNNING', 1)
    worker.runner.listener.topicUsed('topics', 0, 'a.b')
    const listed = async (): Promise<unknown> => (await worker.call('GET', '/connectors/topics/topics')).body
    await eventually(async () => JSON.stringify(await listed()) === '{"topics":{"topics":["a.b"]}}', 'listing').catch(
      async () => {
        assert.deepEqual(await listed(), { topics: { topics: ['a.b'] } })
      },
    )
    assert.equal((await worker.call('PUT', '/connectors/topics/topics/reset')).status, 202)
    assert.deepEqual(await listed(), { topics: { topics: [] } })
    assert.deepEqual((await worker.call('GET', '/connectors/nobody/topics')).body, { nobody: { topics: [] } })
    await worker.call('DELETE', '/connectors/topics')
  })

  test('ensureInternalEndpointIsSecured: task configurations from outside need a signature, whether the connector is there or not', async () => {
    for (const isThere of [false, true]) {
      if (isThere) {
        await worker.call('PUT', '/connectors/secured/config', source())
        await untilState(worker, 'secured', 'RUNNING', 1)
      }
      assert.equal((await worker.call('POST', '/connectors/secured/tasks', [])).status, 400)
      const forged = await fetch(`${worker.urls[0]}connectors/secured/tasks`, {
        method: 'POST',
        body: '[]',
        headers: {
          'content-type': 'application/json',
          'x-connect-authorization': 'S0VZ',
          'x-connect-request-signature-algorithm': 'HmacSHA256',
        },
      })
      assert.equal(forged.status, 403)
    }
    await worker.call('DELETE', '/connectors/secured')
  })
})

test('a worker that starts again finds its connectors in the state they had', async () => {
  const cluster = groups++
  const first = await startFakeWorker(cluster)
  await first.call('PUT', '/connectors/runs/config', source({ 'tasks.max': '2' }))
  await first.call('PUT', '/connectors/rests/config', source())
  await untilState(first, 'runs', 'RUNNING', 2)
  await untilState(first, 'rests', 'RUNNING', 1)
  await first.call('PUT', '/connectors/rests/pause')
  await untilState(first, 'rests', 'PAUSED', 1)
  await first.stop()
  const second = await startFakeWorker(cluster)
  const worker = new URL(second.urls[0] ?? '').host
  const isHere = async (name: string): Promise<boolean> => (await status(second, name))?.tasks[0]?.worker_id === worker
  await eventually(async () => (await isHere('runs')) && (await isHere('rests')), 'taking over')
  await untilState(second, 'runs', 'RUNNING', 2)
  await untilState(second, 'rests', 'PAUSED', 1)
})

for (const protocol of ['sessioned', 'compatible', 'eager']) {
  test(`with connect.protocol=${protocol} two workers share the work, forward requests, and one takes over when the other stops`, async () => {
    const cluster = groups++
    const given = { 'connect.protocol': protocol }
    const one = await startFakeWorker(cluster, given)
    await one.call('PUT', '/connectors/c1/config', source({ 'tasks.max': '4' }))
    await one.call('PUT', '/connectors/c2/config', source({ 'tasks.max': '4' }))
    await untilState(one, 'c1', 'RUNNING', 4)
    await untilState(one, 'c2', 'RUNNING', 4)
    const two = await startFakeWorker(cluster, given)
    await eventually(() => one.runner.tasks.size === 4 && two.runner.tasks.size === 4, 'sharing the tasks')
    await eventually(
      () => one.runner.connectors.size === 1 && two.runner.connectors.size === 1,
      'sharing the connectors',
    )
    for (const worker of [one, two]) {
      const name = `by-${worker === one ? 'one' : 'two'}`
      const created = await worker.call('POST', '/connectors', { name, config: source({ 'tasks.max': '2' }) })
      assert.equal(created.status, 201)
      assert.equal(created.headers.get('location'), `${worker.urls[0]}connectors/${name}`)
      await untilState(one, name, 'RUNNING', 2)
      await untilState(two, name, 'RUNNING', 2)
    }
    for (const worker of [one, two]) {
      for (const name of ['c1', 'c2']) {
        assert.equal((await worker.call('POST', `/connectors/${name}/restart`)).status, 204)
        for (const task of [0, 1, 2, 3]) {
          assert.equal((await worker.call('POST', `/connectors/${name}/tasks/${task}/restart`)).status, 204)
        }
      }
      assert.equal((await worker.call('PUT', '/connectors/c1/stop')).status, 204)
      await untilState(worker, 'c1', 'STOPPED', 0)
      assert.equal((await worker.call('PUT', '/connectors/c1/resume')).status, 202)
      await untilState(worker, 'c1', 'RUNNING', 4)
    }
    const config = source({ 'tasks.max': '4' })
    const put = (worker: TestWorker) => worker.call('PUT', '/connectors/c1/config?forward=false', config)
    const codes = [(await put(one)).status, (await put(two)).status]
    assert.deepEqual(
      codes.toSorted((a, b) => a - b),
      [200, 409],
      'the follower refuses what it must not forward',
    )
    await one.stop()
    await eventually(() => two.runner.connectors.size >= 3, 'taking over the connectors')
    for (const name of ['c1', 'c2', 'by-one', 'by-two']) await untilOwner(two, name, name.startsWith('c') ? 4 : 2)
  })
}

const processMain = fileURLToPath(new URL('../../support/worker-process.ts', import.meta.url))

async function spawnWorker(cluster: number): Promise<{ child: ChildProcess; url: string }> {
  // It is killed, and has to be missed soon.
  const props = testWorkerProps(broker.bootstrap, { ...clusterProps(cluster), 'session.timeout.ms': '2000' })
  const child = spawn(process.execPath, [processMain, JSON.stringify(props)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [url] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as [string]
  return { child, url }
}

test('all the work of a worker that is killed goes to the one that is left, which becomes the leader', async () => {
  const cluster = groups++
  const { child, url } = await spawnWorker(cluster)
  const left = await startFakeWorker(cluster)
  try {
    await left.call('PUT', '/connectors/survivor/config', source({ 'tasks.max': '6' }))
    await untilState(left, 'survivor', 'RUNNING', 6)
    await eventually(() => left.runner.tasks.size === 3, 'sharing the tasks')
    const shared = await status(left, 'survivor')
    assert.ok(shared?.tasks.some((task) => task.worker_id === new URL(url).host))
  } finally {
    child.kill('SIGKILL')
  }
  await eventually(() => left.runner.tasks.size === 6 && left.runner.connectors.size === 1, 'taking over', 20_000)
  await untilOwner(left, 'survivor', 6)
  assert.equal((await left.call('PUT', '/connectors/survivor/config', source({ 'tasks.max': '2' }))).status, 200)
  await untilState(left, 'survivor', 'RUNNING', 2)
})

describe('automatic restarts', () => {
  test('with errors.restart.limit a failed task is started again so often, its status counts, and a user starts over', async () => {
    const worker = await startFakeWorker(++groups)
    const config = {
      ...source({ fail: 'task', 'tasks.max': '1' }),
      'errors.restart.limit': '2',
      'errors.restart.delay.ms': '1',
    }
    const created = await worker.call('POST', '/connectors', { name: 'shaky', config })
    assert.equal(created.status, 201, JSON.stringify(created.body))
    const spent = async (): Promise<ConnectorStateInfo | null> => {
      const shown = await status(worker, 'shaky')
      const task = shown?.tasks[0]
      return task?.state === 'FAILED' && task.restart?.count === 2 && task.restart.next_restart === null ? shown : null
    }
    const shown = await eventually(spent, 'both restarts being spent', 15_000)
    assert.deepEqual(shown.tasks[0]?.restart, { count: 2, limit: 2, next_restart: null })
    assert.equal('restart' in shown.connector, false)
    const starts = () => worker.runner.calls.filter((call) => call === 'start shaky-0').length
    assert.equal(starts(), 3)
    await worker.call('POST', '/connectors/shaky/tasks/0/restart')
    await eventually(
      async () => (starts() === 6 ? true : null),
      'three more starts after the restart by a user',
      15_000,
    )
  })

  test('a negative limit below -1 is refused in validation, and the keys are listed only where they are used', async () => {
    const worker = await startFakeWorker(++groups)
    const names = async (config: Record<string, string>): Promise<string[]> => {
      const { body } = await worker.call('PUT', '/connector-plugins/FakeSource/config/validate', {
        name: 'v',
        ...config,
      })
      const { configs } = body as { configs: { value: { name: string; errors: string[] } }[] }
      return configs
        .filter(({ value }) => value.name.startsWith('errors.restart'))
        .map(({ value }) => `${value.name} ${value.errors.length}`)
    }
    assert.deepEqual(await names(source()), [])
    assert.deepEqual(await names({ ...source(), 'errors.restart.limit': '-2' }), ['errors.restart.limit 1'])
  })
})

describe('health', () => {
  test('names running tasks that do not move, and says nothing of them when there are none', async () => {
    const worker = await startFakeWorker(++groups)
    const healthy = await eventually(
      async () => {
        const { status: code, body } = await worker.call('GET', '/health')
        return code === 200 ? body : null
      },
      'the worker being healthy',
      15_000,
    )
    assert.deepEqual(Object.keys(healthy as object), ['status', 'message'])
    worker.runner.stalled = [{ connector: 'slow', task: 3, forMs: 400_000, hook: 'put' }]
    const { status: code, body } = await worker.call('GET', '/health')
    assert.equal(code, 200)
    assert.deepEqual((body as { stalled_tasks: unknown }).stalled_tasks, [
      { connector: 'slow', task: 3, stalled_ms: 400_000, in: 'put' },
    ])
  })
})

describe('secrets that change', () => {
  test('a failure that quotes the value from before does not show it', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-secrets-'))
    t.after(() => rm(folder, { recursive: true }))
    const file = join(folder, 'secrets.properties')
    await writeFile(file, 'word=first-secret-word\n')
    const worker = await startFakeWorker(++groups, {
      'config.providers': 'file',
      'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    })
    const config = { ...source({ 'tasks.max': '1' }), 'secret.text': `\${file:${file}:word}` }
    await worker.call('POST', '/connectors', { name: 'rotated', config })
    await untilState(worker, 'rotated', 'RUNNING', 1)
    await writeFile(file, 'word=second-secret-word\n')
    await worker.call('POST', '/connectors/rotated/restart?includeTasks=true')
    const starts = (): number => worker.runner.calls.filter((call) => call === 'start rotated-0').length
    await eventually(async () => (starts() === 2 ? true : null), 'the second start', 15_000)
    await untilState(worker, 'rotated', 'RUNNING', 1)
    worker.runner.listener.taskStatus(
      { connector: 'rotated', task: 0 },
      'FAILED',
      'no entry for first-secret-word, second-secret-word',
    )
    const shown = await eventually(
      async () => {
        const task = (await status(worker, 'rotated'))?.tasks[0]
        return task?.state === 'FAILED' ? task : null
      },
      'the task being FAILED',
      15_000,
    )
    assert.equal(shown.trace, 'no entry for [hidden], [hidden]')
  })
})

describe('a stop', () => {
  test('outlives task configurations that the connector sent before it', async () => {
    const worker = await startFakeWorker(++groups, { 'connect.protocol': 'compatible' })
    await worker.call('POST', '/connectors', { name: 'late', config: source({ 'tasks.max': '2' }) })
    await untilState(worker, 'late', 'RUNNING', 2)
    assert.equal((await worker.call('PUT', '/connectors/late/stop')).status, 204)
    assert.equal((await worker.call('POST', '/connectors/late/tasks', [{ topic: 'out' }])).status, 400)
    assert.deepEqual((await worker.call('GET', '/connectors/late/tasks')).body, [])
    await untilState(worker, 'late', 'STOPPED', 0)
  })
})
