import type { ConnectorStateInfo } from '../../src/runtime/index.ts'
import type { Logger } from '../../src/base/logger.ts'
import { restTimeouts } from '../../src/rest/timeouts.ts'
import { startTestBroker, type TestBroker } from './broker.ts'
import { type RestAnswer, startTestWorker, type TestWorker } from './connect-worker.ts'
import { eventually } from './task-runner.ts'

/** Kafka's waits are of minutes; a test that passes does not wait so long. */
const WAIT_MS = 60_000

/**
 * A broker and workers of one group in this process, as Kafka's EmbeddedConnectCluster; requests go to the first worker
 * unless another is named.
 */
export class ConnectCluster {
  readonly broker: TestBroker
  readonly workers: TestWorker[] = []
  /** When the workers give up REST requests; may be changed while they run. */
  readonly timeouts: { requestMs: number; healthMs: number } = { ...restTimeouts }
  readonly #props: Record<string, string>

  private constructor(broker: TestBroker, props: Record<string, string>) {
    this.broker = broker
    this.#props = props
  }

  static async start(
    workers: number,
    props: Record<string, string> = {},
    brokerProps: Record<string, string> = {},
  ): Promise<ConnectCluster> {
    const cluster = new ConnectCluster(await startTestBroker(brokerProps), props)
    try {
      for (let i = 0; i < workers; i++) await cluster.addWorker()
      return cluster
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  async addWorker(given: Record<string, string> = {}, options: { logger?: Logger } = {}): Promise<TestWorker> {
    const worker = await startTestWorker(
      this.broker.bootstrap,
      { ...this.#props, ...given },
      {
        timeouts: this.timeouts,
        ...options,
      },
    )
    this.workers.push(worker)
    await eventually(
      async () => (await worker.call('GET', '/health')).status === 200,
      'the new worker being healthy',
      WAIT_MS,
    )
    return worker
  }

  async removeWorker(worker = this.workers.at(-1)): Promise<void> {
    if (worker === undefined) return
    this.workers.splice(this.workers.indexOf(worker), 1)
    await worker.stop()
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()))
    await this.broker.close()
  }

  call(method: string, path: string, body?: unknown, worker = this.workers[0]): Promise<RestAnswer> {
    if (worker === undefined) throw new Error('the cluster has no worker')
    return worker.call(method, path, body)
  }

  /** Does something while requests, health checks included, may take only so long. */
  async withRequestTimeout<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
    Object.assign(this.timeouts, { requestMs: timeoutMs, healthMs: timeoutMs })
    try {
      return await work()
    } finally {
      Object.assign(this.timeouts, restTimeouts)
    }
  }

  /** The same, and fails unless the answer has this status. */
  async expect(status: number, method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.call(method, path, body)
    if (answer.status === status) return answer.body
    throw new Error(`${method} ${path} gave ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`)
  }

  /** Creates a connector or changes its configuration. */
  async configure(name: string, config: Record<string, string>): Promise<void> {
    const { status, body } = await this.call('PUT', `/connectors/${name}/config`, config)
    if (status !== 200 && status !== 201) throw new Error(`configuring ${name} gave ${status}: ${JSON.stringify(body)}`)
  }

  async status(name: string): Promise<ConnectorStateInfo | null> {
    const { status, body } = await this.call('GET', `/connectors/${name}/status`)
    return status === 200 ? (body as ConnectorStateInfo) : null
  }

  /** Waits until the connector has the state, and exactly `tasks` tasks that all have theirs. */
  async until(name: string, state: string, tasks: number, taskState = state): Promise<ConnectorStateInfo> {
    let last: ConnectorStateInfo | null = null
    const look = async (): Promise<ConnectorStateInfo | null> => {
      last = await this.status(name)
      const fits = last?.connector.state === state && last.tasks.every((task) => task.state === taskState)
      return fits && last?.tasks.length === tasks ? last : null
    }
    try {
      return await eventually(look, `${name} being ${state} with ${tasks} tasks ${taskState}`, WAIT_MS)
    } catch (error) {
      throw new Error(`${(error as Error).message}; it was ${JSON.stringify(last)}`, { cause: error })
    }
  }

  /** Waits until it is gone from the list and its status as well. */
  async untilGone(name: string): Promise<void> {
    await eventually(
      async () => {
        const { body } = await this.call('GET', '/connectors')
        return !(body as string[]).includes(name) && (await this.status(name)) === null
      },
      `${name} being gone`,
      WAIT_MS,
    )
  }

  async offsets(name: string): Promise<{ partition: Record<string, unknown>; offset: Record<string, unknown> }[]> {
    const body = await this.expect(200, 'GET', `/connectors/${name}/offsets`)
    return (body as { offsets: { partition: Record<string, unknown>; offset: Record<string, unknown> }[] }).offsets
  }
}

/** The configuration of a source of four tasks that Kafka's tests use, with the settings of one test on top. */
export function monitorableSource(given: Record<string, string> = {}): Record<string, string> {
  return {
    'connector.class': 'MonitorableSource',
    'tasks.max': '4',
    topic: 'test-topic',
    throughput: '10',
    'topic.creation.default.partitions': '1',
    'topic.creation.default.replication.factor': '1',
    ...given,
  }
}
