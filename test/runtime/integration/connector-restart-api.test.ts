import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ConnectorStateInfo } from '../../../src/runtime/index.ts'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import type { TestWorker } from '../../support/connect-worker.ts'
import { eventually } from '../../support/task-runner.ts'

/** Kafka's ConnectorRestartApiIntegrationTest: which instances start again is read off a file that the plugin writes. */
describe('ConnectorRestartApiIntegrationTest', () => {
  let cluster: ConnectCluster
  let folder: string
  let names = 0

  interface Subject {
    readonly name: string
    /** Starts of the connector and of each task since it was made. */
    readonly starts: () => Promise<{ connector: number; tasks: number[] }>
  }

  /** A connector of four tasks of which those listed fail when they start. */
  async function subject(faults: { connector?: boolean; tasks?: number[] } = {}): Promise<Subject> {
    const name = `restarted-${names++}`
    const events = join(folder, name)
    const failing = faults.tasks ?? []
    await cluster.configure(name, {
      'connector.class': 'MonitorableSource',
      'tasks.max': '4',
      topic: 'restarts',
      throughput: '10',
      'events.to': events,
      ...(faults.connector ? { 'connector.start.inject.error': 'true' } : {}),
      ...Object.fromEntries(failing.map((task) => [`task-${name}-${task}.start.inject.error`, 'true'])),
    })
    const starts = async (): Promise<{ connector: number; tasks: number[] }> => {
      const lines = (await readFile(events, 'utf8').catch(() => '')).split('\n')
      const count = (what: string): number => lines.filter((line) => line === `start ${what}`).length
      return { connector: count(name), tasks: [0, 1, 2, 3].map((task) => count(`${name}-${task}`)) }
    }
    if (faults.connector) await cluster.until(name, 'FAILED', 0)
    else await untilTasks(name, failing)
    return { name, starts }
  }

  async function untilTasks(name: string, failing: readonly number[]): Promise<void> {
    await eventually(
      async () => {
        const status = await cluster.status(name)
        return (
          status?.connector.state === 'RUNNING' &&
          status.tasks.length === 4 &&
          status.tasks.every(({ id, state }) => state === (failing.includes(id) ? 'FAILED' : 'RUNNING'))
        )
      },
      `the tasks of ${name} running, but ${failing.join()}`,
      20_000,
    )
  }

  async function restart(name: string, onlyFailed: boolean, includeTasks: boolean): Promise<ConnectorStateInfo | null> {
    const { connector } = (await cluster.status(name)) as ConnectorStateInfo
    const status = onlyFailed || includeTasks ? 202 : connector.state === 'FAILED' ? 500 : 204
    const path = `/connectors/${name}/restart?onlyFailed=${onlyFailed}&includeTasks=${includeTasks}`
    return ((await cluster.expect(status, 'POST', path)) ?? null) as ConnectorStateInfo | null
  }

  const restarting = (status: ConnectorStateInfo | null): string[] =>
    status === null
      ? []
      : [status.connector, ...status.tasks].filter(({ state }) => state === 'RESTARTING').map(({ state }) => state)

  /** Restarts, waits for the starts, and compares; starts beyond those expected show by the second look. */
  async function expectStarts(
    { name, starts }: Subject,
    query: [onlyFailed: boolean, includeTasks: boolean],
    expected: { connector: number; tasks: number[] },
  ): Promise<ConnectorStateInfo | null> {
    const before = await starts()
    const answer = await restart(name, ...query)
    const wanted = {
      connector: before.connector + expected.connector,
      tasks: before.tasks.map((count, task) => count + (expected.tasks[task] ?? 0)),
    }
    await eventually(
      async () => {
        const now = await starts()
        return now.connector >= wanted.connector && now.tasks.every((count, task) => count >= (wanted.tasks[task] ?? 0))
      },
      `the restarts of ${name}`,
      15_000,
    )
    // What came after the restart in the config topic is behind it at the worker as well.
    await cluster.expect(202, 'PUT', `/connectors/${name}/resume`)
    assert.deepEqual(await starts(), wanted)
    return answer
  }

  const none = [0, 0, 0, 0]
  const each = [1, 1, 1, 1]

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restart-api-'))
    cluster = await ConnectCluster.start(1)
  })

  after(async () => {
    await cluster?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('testRestartUnknownConnectorNoParams, testRestartUnknownConnector: 404', async () => {
    await cluster.expect(404, 'POST', '/connectors/nobody/restart')
    for (const onlyFailed of [true, false]) {
      for (const includeTasks of [true, false]) {
        const path = `/connectors/nobody/restart?onlyFailed=${onlyFailed}&includeTasks=${includeTasks}`
        await cluster.expect(404, 'POST', path)
      }
    }
  })

  test('testRunningConnectorAndTasksRestartOnlyConnector: one start of the connector, none of tasks', async () => {
    await expectStarts(await subject(), [false, false], { connector: 1, tasks: none })
  })

  test('testRunningConnectorAndTasksRestartBothConnectorAndTasks: one start of each', async () => {
    const all = await subject()
    const answer = await expectStarts(all, [false, true], { connector: 1, tasks: each })
    assert.equal(restarting(answer).length, 5)
    await untilTasks(all.name, [])
  })

  test('testRunningConnectorAndTasksRestartOnlyFailedConnectorNoop, testRunningConnectorAndTasksRestartBothConnectorAndTasksNoop: nothing starts', async () => {
    const running = await subject()
    for (const includeTasks of [false, true]) {
      const answer = await expectStarts(running, [true, includeTasks], { connector: 0, tasks: none })
      assert.deepEqual(restarting(answer), [])
    }
  })

  test('testFailedConnectorRestartOnlyConnector, testFailedConnectorRestartBothConnectorAndTasks, testFailedConnectorRestartOnlyFailedConnectorAndTasks: it is tried once more each time', async () => {
    const failed = await subject({ connector: true })
    for (const [onlyFailed, includeTasks] of [
      [false, false],
      [false, true],
      [true, true],
    ] as const) {
      await expectStarts(failed, [onlyFailed, includeTasks], { connector: 1, tasks: none })
      await cluster.until(failed.name, 'FAILED', 0)
    }
  })

  test('testFailedTasksRestartOnlyConnector: the connector alone', async () => {
    await expectStarts(await subject({ tasks: [0, 1, 2, 3] }), [false, false], { connector: 1, tasks: none })
  })

  test('testFailedTasksRestartOnlyTasks: each task once', async () => {
    const failed = await subject({ tasks: [0, 1, 2, 3] })
    const answer = await expectStarts(failed, [true, true], { connector: 0, tasks: each })
    assert.equal(restarting(answer).length, 4)
    await untilTasks(failed.name, [0, 1, 2, 3])
  })

  test('testFailedTasksRestartWithoutIncludeTasksNoop: nothing', async () => {
    const answer = await expectStarts(await subject({ tasks: [0, 1, 2, 3] }), [true, false], {
      connector: 0,
      tasks: none,
    })
    assert.deepEqual(restarting(answer), [])
  })

  test('testFailedTasksRestartBothConnectorAndTasks: both', async () => {
    await expectStarts(await subject({ tasks: [0, 1, 2, 3] }), [false, true], { connector: 1, tasks: each })
  })

  test('testOneFailedTasksRestartOnlyOneTasks: the task that failed', async () => {
    await expectStarts(await subject({ tasks: [1] }), [true, true], { connector: 0, tasks: [0, 1, 0, 0] })
  })

  test('testMultiWorkerRestartOnlyConnector, testMultiWorkerRestartBothConnectorAndTasks: asked of one of six workers that has nothing of it', async () => {
    // Only tasks of one connector are sure to be at different workers.
    const others = (await cluster.expect(200, 'GET', '/connectors')) as string[]
    await Promise.all(others.map((name) => cluster.expect(204, 'DELETE', `/connectors/${name}`)))
    const spread = await subject()
    const hostOf = ({ advertisedUrl }: TestWorker): string => new URL(advertisedUrl).host
    try {
      await Promise.all([1, 2, 3, 4, 5].map(() => cluster.addWorker()))
      const { connector, tasks } = await eventually(
        async () => {
          const status = await cluster.status(spread.name)
          const hosts = new Set(status?.tasks.map(({ worker_id }) => worker_id))
          return hosts.size === 4 && status?.tasks.every(({ state }) => state === 'RUNNING') ? status : null
        },
        'its four tasks running on a worker each',
        60_000,
      )
      const owners = [connector, ...tasks].map(({ worker_id }) => worker_id)
      const idle = cluster.workers.find((worker) => !owners.includes(hostOf(worker)))
      const path = `/connectors/${spread.name}/restart`
      const before = await spread.starts()
      await eventually(
        async () => (await cluster.call('POST', path, undefined, idle)).status === 204,
        'the group being at rest',
        15_000,
      )
      const after = await spread.starts()
      assert.equal(after.connector, before.connector + 1)
      assert.deepEqual(after.tasks, before.tasks)
      const answer = await cluster.call('POST', `${path}?onlyFailed=false&includeTasks=true`, undefined, idle)
      assert.equal(answer.status, 202)
      assert.equal(restarting(answer.body as ConnectorStateInfo).length, 5)
      await eventually(
        async () => {
          const { connector, tasks } = await spread.starts()
          return connector === after.connector + 1 && tasks.every((count, task) => count > (after.tasks[task] ?? 0))
        },
        'everything starting again',
        15_000,
      )
      await untilTasks(spread.name, [])
    } finally {
      while (cluster.workers.length > 1) await cluster.removeWorker()
    }
  })
})
