import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { restTimeouts } from '../../../src/rest/timeouts.ts'
import type { ConnectorInfo, ConnectorStateInfo, Health } from '../../../src/runtime/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { eventually } from '../../support/task-runner.ts'

// Kafka's StandaloneHerderTest, asked over REST: its rules are those of a worker that is alone.

/** Starts fail, and task configurations change, when a test says so. */
class MoodyTaskRunner extends FakeTaskRunner {
  /** Connectors (`c`) and tasks (`c-0`) that do not start. */
  readonly lame = new Set<string>()
  /** Starts of connectors wait for this. */
  gate: Promise<void> = Promise.resolve()
  /** Stops of tasks wait for this. */
  stopGate: Promise<void> = Promise.resolve()
  /** Added to each task configuration. */
  extra: Record<string, string> = {}

  override async startConnector(...[name, props, target]: Parameters<FakeTaskRunner['startConnector']>): Promise<void> {
    await this.gate
    await super.startConnector(name, this.lame.has(name) ? { ...props, fail: 'connector' } : props, target)
  }

  override async startTask(...[id, props, task, target]: Parameters<FakeTaskRunner['startTask']>): Promise<void> {
    const isLame = this.lame.has(`${id.connector}-${id.task}`)
    await super.startTask(id, isLame ? { ...props, fail: 'task-making' } : props, task, target)
  }

  override async stopTasks(...args: Parameters<FakeTaskRunner['stopTasks']>): Promise<void> {
    await this.stopGate
    await super.stopTasks(...args)
  }

  override async taskConfigs(...args: Parameters<FakeTaskRunner['taskConfigs']>): Promise<Record<string, string>[]> {
    return (await super.taskConfigs(...args)).map((config) => ({ ...config, ...this.extra }))
  }
}

let broker: TestBroker
let folder: string
let worker: TestWorker
let runner: MoodyTaskRunner

/** A worker that is alone, with the runner that it starts things on. */
async function startAlone(file: string): Promise<{ worker: TestWorker; runner: MoodyTaskRunner }> {
  let made: MoodyTaskRunner | null = null
  const started = await startTestWorker(
    broker.bootstrap,
    { 'offset.storage.file.filename': join(folder, file) },
    {
      standalone: true,
      timeouts: { ...restTimeouts, healthMs: 300 },
      makeRunner: (_config, listener) => (made = new MoodyTaskRunner(listener)),
    },
  )
  return { worker: started, runner: made as unknown as MoodyTaskRunner }
}

before(async () => {
  broker = await startTestBroker()
  folder = await mkdtemp(join(tmpdir(), 'millrace-standalone-herder-'))
  ;({ worker, runner } = await startAlone('offsets'))
})

after(async () => {
  await worker.stop()
  await broker.close()
  await rm(folder, { recursive: true, force: true })
})

const sourceConfig = (given: Record<string, string> = {}) => ({ 'connector.class': 'FakeSource', topic: 't', ...given })
const sinkConfig = { 'connector.class': 'FakeSink', topics: 'topic1,topic2' }

async function expect(status: number, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await worker.call(method, path, body)
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function create(name: string, config: Record<string, string> = sourceConfig()): Promise<ConnectorInfo> {
  return (await expect(201, 'POST', '/connectors', { name, config })) as ConnectorInfo
}

const status = async (name: string): Promise<ConnectorStateInfo> =>
  (await expect(200, 'GET', `/connectors/${name}/status`)) as ConnectorStateInfo

async function untilRunning(name: string, tasks = 1): Promise<void> {
  await eventually(async () => {
    const { connector, tasks: found } = await status(name)
    return [connector, ...found].every(({ state }) => state === 'RUNNING') && found.length === tasks
  }, `${name} running`)
}

/** What the runner was asked to start and stop meanwhile. */
async function callsDuring(work: () => Promise<unknown>): Promise<string[]> {
  const before = runner.calls.length
  await work()
  return runner.calls.slice(before).filter((call) => /^(?:start|stop) /.test(call))
}

const messageOf = (body: unknown): string => (body as { message: string }).message

describe('StandaloneHerderTest', () => {
  test('testCreateSourceConnector: the answer has the tasks that it made', async () => {
    assert.deepEqual(await create('source', sourceConfig({ 'tasks.max': '2' })), {
      name: 'source',
      config: { name: 'source', ...sourceConfig({ 'tasks.max': '2' }) },
      tasks: [0, 1].map((task) => ({ connector: 'source', task })),
      type: 'source',
    })
    await untilRunning('source', 2)
  })

  test('testCreateSinkConnector: the same', async () => {
    const { tasks, type } = await create('sink', sinkConfig)
    assert.deepEqual(tasks, [{ connector: 'sink', task: 0 }])
    assert.equal(type, 'sink')
    await untilRunning('sink')
    assert.equal(runner.tasks.get('sink-0')?.['topics'], 'topic1,topic2')
  })

  test('testCreateConnectorFailedValidation: what is missing is told together with what the connector says', async () => {
    const creating = worker.herder.putConnector('unnamed', { 'connector.class': 'FakeSource' }, { allowReplace: false })
    await assert.rejects(creating, ({ name, message }: Error) => {
      assert.equal(name, 'BadRequestError')
      assert.match(message, /contains the following 2 error\(s\):\n.*"name".*\n.*"topic"/s)
      return true
    })
    assert.ok(!(await worker.herder.connectors()).includes('unnamed'))
  })

  test('testCreateConnectorAlreadyExists: the second one is refused', async () => {
    await create('twice')
    const body = await expect(409, 'POST', '/connectors', { name: 'twice', config: sourceConfig() })
    assert.equal(messageOf(body), 'Connector twice already exists')
  })

  test('testCreateConnectorWithStoppedInitialState: the connector alone, without tasks', async () => {
    const request = { name: 'stopped', config: sinkConfig, initial_state: 'STOPPED' }
    const calls = await callsDuring(async () => {
      const info = (await expect(201, 'POST', '/connectors', request)) as ConnectorInfo
      assert.deepEqual([info.tasks, info.type], [[], 'sink'])
    })
    assert.deepEqual(calls, ['start stopped'])
    assert.equal((await status('stopped')).connector.state, 'STOPPED')
  })

  test('testDestroyConnector: connector and tasks go, a second time there is none', async () => {
    await create('gone')
    await untilRunning('gone')
    await expect(204, 'DELETE', '/connectors/gone')
    await expect(404, 'GET', '/connectors/gone/status')
    await expect(404, 'GET', '/connectors/gone/tasks/0/status')
    await eventually(
      () => !runner.connectors.has('gone') && !runner.tasks.has('gone-0'),
      'the end of connector and task',
    )
    await expect(404, 'DELETE', '/connectors/gone')
  })

  test('testRestartConnectorSameTaskConfigs: the tasks go on', async () => {
    await create('same')
    await untilRunning('same')
    const calls = await callsDuring(() => expect(204, 'POST', '/connectors/same/restart'))
    assert.deepEqual(calls, ['stop same', 'start same'])
  })

  test('testRestartConnectorNewTaskConfigs: tasks are replaced', async () => {
    await create('changed')
    await untilRunning('changed')
    runner.extra = { k: 'v' }
    const calls = await callsDuring(async () => {
      await expect(204, 'POST', '/connectors/changed/restart')
      await eventually(() => runner.tasks.get('changed-0')?.['k'] === 'v', 'the new task')
    })
    runner.extra = {}
    assert.deepEqual(calls, ['stop changed', 'start changed', 'stop changed-0', 'start changed-0'])
  })

  test('testRestartConnectorFailureOnStart: the answer is the failure', async () => {
    await create('lame')
    runner.lame.add('lame')
    const body = await expect(500, 'POST', '/connectors/lame/restart')
    assert.equal(messageOf(body), 'cannot start with nothing')
    assert.equal((await status('lame')).connector.state, 'FAILED')
  })

  test('a connector that fails when it is created or changed is there, and the answer is its failure', async () => {
    runner.lame.add('born-lame')
    const config = sourceConfig()
    const body = await expect(500, 'POST', '/connectors', { name: 'born-lame', config })
    assert.equal(messageOf(body), 'cannot start with nothing')
    assert.equal((await status('born-lame')).connector.state, 'FAILED')
    runner.lame.delete('born-lame')
    const healed = (await expect(200, 'PUT', '/connectors/born-lame/config', config)) as ConnectorInfo
    assert.equal(healed.tasks.length, 1)
    await untilRunning('born-lame')
  })

  test('testRestartTask: it is stopped and started', async () => {
    await create('task')
    await untilRunning('task')
    const calls = await callsDuring(() => expect(204, 'POST', '/connectors/task/tasks/0/restart'))
    assert.deepEqual(calls, ['stop task-0', 'start task-0'])
    await expect(404, 'POST', '/connectors/task/tasks/1/restart')
  })

  test('testRestartTaskFailureOnStart: the answer is the failure of a task that cannot be made', async () => {
    await create('lame-task')
    await untilRunning('lame-task')
    runner.lame.add('lame-task-0')
    const body = await expect(500, 'POST', '/connectors/lame-task/tasks/0/restart')
    assert.equal(messageOf(body), 'Failed to start task: lame-task-0')
    assert.equal((await status('lame-task')).tasks[0]?.state, 'FAILED')
  })

  test('testRestartConnectorAndTasksUnknownConnector: 404', async () => {
    const body = await expect(404, 'POST', '/connectors/UnknownConnector/restart?includeTasks=true')
    assert.equal(messageOf(body), 'Connector UnknownConnector not found')
  })

  test('testRestartConnectorAndTasksNoStatus: 404 for one that has not said anything yet', async (t) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    t.after(() => resolve())
    runner.gate = promise
    const creating = create('silent')
    await eventually(async () => (await worker.herder.connectors()).includes('silent'), 'the configuration')
    const body = await expect(404, 'POST', '/connectors/silent/restart?includeTasks=true')
    assert.equal(messageOf(body), 'Status for connector silent not found')
    resolve()
    assert.equal((await creating).tasks.length, 1)
  })

  test('testRestartConnectorAndTasksNoRestarts: nothing is restarted, and the answer is the status', async () => {
    await create('well')
    await untilRunning('well')
    const calls = await callsDuring(async () => {
      const found = await expect(202, 'POST', '/connectors/well/restart?includeTasks=true&onlyFailed=true')
      assert.deepEqual(found, await status('well'))
    })
    assert.deepEqual(calls, [])
  })

  for (const [name, failing, restarted] of [
    ['testRestartConnectorAndTasksOnlyConnector', ['part'], ['part']],
    ['testRestartConnectorAndTasksOnlyTasks', ['part-0'], ['part-0']],
    ['testRestartConnectorAndTasksBoth', ['part', 'part-0'], ['part', 'part-0']],
  ] as const) {
    test(`${name}: what failed is RESTARTING in the answer, and runs afterwards`, async () => {
      await create('part', sinkConfig)
      await untilRunning('part')
      if ((failing as readonly string[]).includes('part')) runner.listener.connectorStatus('part', 'FAILED', 'trace')
      if ((failing as readonly string[]).includes('part-0'))
        runner.listener.taskStatus({ connector: 'part', task: 0 }, 'FAILED', 'trace')
      const calls = await callsDuring(async () => {
        const path = '/connectors/part/restart?includeTasks=true&onlyFailed=true'
        const { connector, tasks } = (await expect(202, 'POST', path)) as ConnectorStateInfo
        const states = { part: connector.state, 'part-0': tasks[0]?.state }
        for (const [what, state] of Object.entries(states))
          assert.equal(state, (restarted as readonly string[]).includes(what) ? 'RESTARTING' : 'RUNNING', what)
        await untilRunning('part')
      })
      assert.deepEqual(
        calls.filter((call) => call.startsWith('start ')).toSorted(),
        restarted.map((what) => `start ${what}`),
      )
      await expect(204, 'DELETE', '/connectors/part')
      await eventually(() => !runner.connectors.has('part') && !runner.tasks.has('part-0'), 'the end of part')
    })
  }

  test('testAccessors: nothing of an unknown connector, and references stay references', async () => {
    for (const path of ['', '/config', '/tasks']) await expect(404, 'GET', `/connectors/read${path}`)
    const config = sourceConfig({ 'secret.text': '${env:PATH}' })
    await create('read', config)
    assert.ok(((await expect(200, 'GET', '/connectors')) as string[]).includes('read'))
    const named = { name: 'read', ...config }
    assert.deepEqual(await expect(200, 'GET', '/connectors/read/config'), named)
    const tasks = [{ connector: 'read', task: 0 }]
    assert.deepEqual(await expect(200, 'GET', '/connectors/read'), {
      name: 'read',
      config: named,
      tasks,
      type: 'source',
    })
    assert.deepEqual(await expect(200, 'GET', '/connectors/read/tasks'), [
      { id: tasks[0], config: { 'task.class': 'fake.FakeSourceTask', topic: 't', part: '0' } },
    ])
  })

  test('testPutConnectorConfig: equal task configurations of another configuration restart the task', async () => {
    await create('put')
    await untilRunning('put')
    const calls = await callsDuring(async () => {
      const info = (await expect(200, 'PUT', '/connectors/put/config', sourceConfig({ foo: 'bar' }))) as ConnectorInfo
      assert.deepEqual(info.tasks, [{ connector: 'put', task: 0 }])
      await eventually(() => runner.calls.findLast((call) => call.includes('put-0')) === 'start put-0', 'the task')
    })
    assert.deepEqual(calls, ['stop put', 'start put', 'stop put-0', 'start put-0'])
    assert.equal(runner.connectors.get('put')?.['foo'], 'bar')
    assert.equal(((await expect(200, 'GET', '/connectors/put/config')) as { foo: string }).foo, 'bar')
  })

  test('testPatchConnectorConfigNotFound: 404', async () => {
    const body = await expect(404, 'PATCH', '/connectors/unpatched/config', { foo1: 'baz1' })
    assert.equal(messageOf(body), 'Connector unpatched not found')
  })

  test('testPatchConnectorConfig: one key is changed, one removed, one added', async () => {
    const original = sourceConfig({ foo0: 'unaffected', foo1: 'will-be-changed', foo2: 'will-be-removed' })
    await create('patched', original)
    const patch = { foo1: 'changed', foo2: null, foo3: 'added' }
    const { config } = (await expect(200, 'PATCH', '/connectors/patched/config', patch)) as ConnectorInfo
    const rest = { name: 'patched', ...sourceConfig({ foo0: 'unaffected', foo1: 'changed', foo3: 'added' }) }
    assert.deepEqual(config, rest)
    assert.deepEqual(await expect(200, 'GET', '/connectors/patched/config'), rest)
  })

  test('testPutTaskConfigs: nobody sets task configurations from outside', async () => {
    await create('own')
    const body = await expect(500, 'POST', '/connectors/own/tasks', [{ config: 'value' }])
    assert.match(messageOf(body), /^A standalone worker takes no task configurations/)
  })

  test('testCorruptConfig: errors of the connector are told with where to find them', async () => {
    const config = { 'connector.class': 'FakeSource' }
    assert.equal(
      messageOf(await expect(400, 'PUT', '/connectors/corrupt/config', config)),
      'Connector configuration is invalid and contains the following 1 error(s):\n' +
        'Missing required configuration "topic" which has no default value.\n' +
        'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
    )
  })

  test('testModifyConnectorOffsetsUnknownConnector: 404', async () => {
    await expect(404, 'PATCH', '/connectors/unknown-connector/offsets', offsets)
    await expect(404, 'DELETE', '/connectors/unknown-connector/offsets')
  })

  test('testModifyConnectorOffsetsConnectorNotInStoppedState: 400', async () => {
    await create('busy')
    for (const [method, body] of [['PATCH', offsets], ['DELETE']] as const)
      assert.match(
        messageOf(await expect(400, method, '/connectors/busy/offsets', body)),
        /^Connectors must be in the STOPPED state before their offsets can be modified\./,
      )
  })

  test('testAlterConnectorOffsets, testResetConnectorOffsets: a stopped one has its offsets changed', async () => {
    await create('moved')
    await expect(204, 'PUT', '/connectors/moved/stop')
    assert.equal(
      messageOf(await expect(200, 'PATCH', '/connectors/moved/offsets', offsets)),
      alteredFramework('altered'),
    )
    assert.deepEqual(await expect(200, 'GET', '/connectors/moved/offsets'), offsets)
    assert.equal(messageOf(await expect(200, 'DELETE', '/connectors/moved/offsets')), alteredFramework('reset'))
    assert.deepEqual(await expect(200, 'GET', '/connectors/moved/offsets'), { offsets: [] })
  })

  test('testRequestTaskReconfigurationDoesNotDeadlock: a connector that asks for tasks while it is changed gets them', async () => {
    await create('asking')
    await untilRunning('asking')
    runner.extra = { k: 'v' }
    const changing = expect(200, 'PUT', '/connectors/asking/config', sourceConfig({ dummy: 'yes' }))
    runner.listener.taskReconfigurationRequested('asking')
    const { tasks } = (await changing) as ConnectorInfo
    assert.deepEqual(tasks, [{ connector: 'asking', task: 0 }])
    await eventually(() => runner.tasks.get('asking-0')?.['k'] === 'v', 'the new task')
    runner.extra = {}
  })
})

/** The connector was not asked, so the message says how far that goes. */
const alteredFramework = (verb: string): string =>
  `The Connect framework-managed offsets for this connector have been ${verb} successfully. However, if this connector ` +
  `manages offsets externally, they will need to be manually ${verb} in the system that the connector uses.`

const offsets = { offsets: [{ partition: { partitionKey: 'partitionValue' }, offset: { offsetKey: 'offsetValue' } }] }

describe('AbstractHerderTest', () => {
  test('testPauseConnector, testResumeConnector: connector and task follow', async () => {
    await create('paused')
    await untilRunning('paused')
    await expect(202, 'PUT', '/connectors/paused/pause')
    await eventually(async () => {
      const { connector, tasks } = await status('paused')
      return connector.state === 'PAUSED' && tasks[0]?.state === 'PAUSED'
    }, 'the pause')
    await expect(202, 'PUT', '/connectors/paused/resume')
    await untilRunning('paused')
  })

  test('testConnectorOffsetsConnectorNotFound: 404', async () => {
    await expect(404, 'GET', '/connectors/unknown-connector/offsets')
  })

  test('testConnectorOffsets: one entry a partition', async () => {
    await expect(201, 'POST', '/connectors', { name: 'two', config: sourceConfig(), initial_state: 'STOPPED' })
    const second = { partition: { partitionKey: 'partitionValue2' }, offset: { offsetKey: 'offsetValue' } }
    const both = { offsets: [...offsets.offsets, second] }
    await expect(200, 'PATCH', '/connectors/two/offsets', both)
    assert.deepEqual(await expect(200, 'GET', '/connectors/two/offsets'), both)
  })
})

describe('StandaloneWorkerIntegrationTest', () => {
  test('testHealthCheck: unable to handle requests while the herder waits for something that does not end', async (t) => {
    await create('stuck')
    await untilRunning('stuck')
    const { promise, resolve } = Promise.withResolvers<void>()
    t.after(() => resolve())
    runner.stopGate = promise
    const restarting = expect(204, 'POST', '/connectors/stuck/tasks/0/restart')
    await eventually(() => worker.herder.stage()?.description === 'restarting task stuck-0', 'the restart')
    const { message } = (await expect(500, 'GET', '/health')) as Health
    assert.match(
      message,
      /^Worker was unable to handle this request and may be unable to handle other requests\. The worker is currently restarting task stuck-0,/,
    )
    resolve()
    await restarting
    await expect(200, 'GET', '/health')
  })
})

describe('StandaloneHerderTest, of a worker that stops', () => {
  test('testCreateAndStop, testTargetStates: paused, then stopped without tasks; the end of the worker ends all the rest', async (t) => {
    const { worker: own, runner: ownRunner } = await startAlone('other-offsets')
    t.after(() => own.stop())
    for (const name of ['left', 'halted']) {
      const created = await own.call('POST', '/connectors', { name, config: sourceConfig() })
      assert.equal(created.status, 201)
    }
    assert.equal((await own.call('PUT', '/connectors/halted/pause')).status, 202)
    const paused = async (): Promise<boolean> =>
      (await own.herder.connectorStatus('halted')).connector.state === 'PAUSED'
    await eventually(paused, 'the pause')
    assert.equal((await own.call('PUT', '/connectors/halted/stop')).status, 204)
    assert.deepEqual((await own.call('GET', '/connectors/halted/tasks')).body, [])
    await eventually(() => [...ownRunner.tasks.keys()].join() === 'left-0', 'the end of the task')
    await own.stop()
    assert.deepEqual([ownRunner.connectors.size, ownRunner.tasks.size], [0, 0])
    assert.ok(ownRunner.calls.includes('stop left') && ownRunner.calls.includes('stop left-0'))
  })
})
