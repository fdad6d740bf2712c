import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConnectorStateInfo } from '../../../src/runtime/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { readTopic } from '../../support/read-topic.ts'
import { eventually } from '../../support/task-runner.ts'

// Kafka's RebalanceSourceConnectorsIntegrationTest.

const CONNECTORS = 4
const TASKS = 4

describe('rebalance of source connectors', () => {
  let broker: TestBroker
  let groups = 0
  before(async () => {
    broker = await startTestBroker()
  })
  after(() => broker.close())

  const propsOf = (group: number): Record<string, string> => ({
    'connect.protocol': 'compatible',
    'group.id': `rebalance-${group}`,
    'config.storage.topic': `rebalance-${group}-config`,
    'offset.storage.topic': `rebalance-${group}-offset`,
    'status.storage.topic': `rebalance-${group}-status`,
    'offset.storage.partitions': '2',
    'scheduled.rebalance.max.delay.ms': '1000',
  })

  test('testStartTwoConnectors, testReconfigConnector: all tasks run, and a new topic is written to by restarted ones', async (t) => {
    const group = groups++
    const workers: TestWorker[] = []
    for (let i = 0; i < 3; i++) workers.push(await startTestWorker(broker.bootstrap, propsOf(group)))
    t.after(() => Promise.all(workers.map((worker) => worker.stop())))
    const [first] = workers as [TestWorker]
    const config = { 'connector.class': 'test.CountingSource', 'tasks.max': String(TASKS), count: '1000', topic: 'one' }
    for (const name of ['c1', 'c2']) await first.call('PUT', `/connectors/${name}/config`, config)
    const run = async (name: string): Promise<boolean> => {
      const answer = await first.call('GET', `/connectors/${name}/status`)
      if (answer.status !== 200) return false
      const { connector, tasks } = answer.body as ConnectorStateInfo
      return tasks.length === TASKS && [connector, ...tasks].every(({ state }) => state === 'RUNNING')
    }
    await eventually(async () => (await run('c1')) && (await run('c2')), 'two connectors with all tasks', 60_000)
    await readTopic(broker.bootstrap, 'one', 100)
    await first.call('PUT', '/connectors/c1/config', { ...config, topic: 'two', count: '2000' })
    await readTopic(broker.bootstrap, 'two', 100)
    await eventually(() => run('c1'), 'the changed connector', 60_000)
  })

  interface Worker extends TestWorker {
    readonly runner: FakeTaskRunner
  }

  /** Workers whose runners tell what is really running where. */
  class Group {
    readonly workers: Worker[] = []
    readonly #number = groups++

    async add(count = 1): Promise<void> {
      for (let i = 0; i < count; i++) {
        const runners: FakeTaskRunner[] = []
        const worker = await startTestWorker(broker.bootstrap, propsOf(this.#number), {
          makeRunner: (_config, listener) => {
            runners.push(new FakeTaskRunner(listener))
            return runners[0] as FakeTaskRunner
          },
        })
        this.workers.push({ ...worker, runner: runners[0] as FakeTaskRunner })
      }
    }

    async remove(): Promise<void> {
      await this.workers.pop()?.stop()
    }

    async stop(): Promise<void> {
      await Promise.all(this.workers.map((worker) => worker.stop()))
    }

    async create(): Promise<void> {
      for (let i = 0; i < CONNECTORS; i++) {
        const config = { 'connector.class': 'FakeSource', 'tasks.max': String(TASKS), topic: 't' }
        await this.workers[0]?.call('PUT', `/connectors/c${i}/config`, config)
      }
    }

    /** Everything runs, nothing twice, and workers differ by at most one. */
    isBalanced(connectors: number): boolean {
      const of = (kind: 'connectors' | 'tasks', wanted: number): boolean => {
        const held = this.workers.map(({ runner }) => [...runner[kind].keys()])
        const sizes = held.map(({ length }) => length)
        const all = held.flat()
        return all.length === wanted && new Set(all).size === wanted && Math.max(...sizes) - Math.min(...sizes) <= 1
      }
      return of('connectors', connectors) && of('tasks', connectors * TASKS)
    }

    async balanced(what: string, connectors = CONNECTORS): Promise<void> {
      const shown = (): string =>
        this.workers.map(({ runner }) => `${runner.connectors.size} and ${runner.tasks.size}`).join(', ')
      await eventually(() => this.isBalanced(connectors), what, 60_000).catch((error: unknown) => {
        throw new Error(`${(error as Error).message}; connectors and tasks: ${shown()}`, { cause: error })
      })
    }
  }

  test('testDeleteConnector, testAddingWorker, testRemovingWorker: assignments are unique and differ by less than two', async (t) => {
    const group = new Group()
    t.after(() => group.stop())
    await group.add(3)
    await group.create()
    await group.balanced('sharing the work')
    await group.workers[0]?.call('DELETE', '/connectors/c3')
    await group.balanced('a connector was deleted', CONNECTORS - 1)
    await group.add()
    await group.balanced('a worker was added', CONNECTORS - 1)
    await group.remove()
    await group.balanced('a worker was removed', CONNECTORS - 1)
  })

  test('testMultipleWorkersRejoining: two workers go and two come, and all is balanced again', async (t) => {
    const group = new Group()
    t.after(() => group.stop())
    await group.add(3)
    await group.create()
    await group.balanced('sharing the work')
    await group.remove()
    await group.remove()
    await eventually(() => group.workers[0]?.runner.tasks.size === CONNECTORS * TASKS, 'one worker has it all', 30_000)
    await group.add(2)
    await group.balanced('two workers came')
    assert.equal(group.workers.length, 3)
  })
})
