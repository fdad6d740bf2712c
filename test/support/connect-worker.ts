import { silentLogger, type Logger } from '../../src/base/logger.ts'
import { type RunningWorker, startWorker, type StartWorkerOptions } from '../../src/rest/start-worker.ts'
import { testPlugins } from './task-runner.ts'

/**
 * Properties of a worker for tests: short times, a free REST port, and one thread for tasks, since each takes half a second
 * of the processor to start. `given` overrides.
 */
export function testWorkerProps(bootstrap: string, given: Record<string, string> = {}): Record<string, string> {
  return {
    'bootstrap.servers': bootstrap,
    'group.id': 'connect-test',
    'config.storage.topic': 'connect-configs',
    'offset.storage.topic': 'connect-offsets',
    'status.storage.topic': 'connect-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'plugin.path': testPlugins,
    // A broker in the same thread reads heartbeats as late as the workers send them when the process stands still.
    'session.timeout.ms': '10000',
    'heartbeat.interval.ms': '200',
    'rebalance.timeout.ms': '10000',
    'scheduled.rebalance.max.delay.ms': '0',
    'task.shutdown.graceful.timeout.ms': '2000',
    'offset.flush.interval.ms': '200',
    'task.threads': '1',
    listeners: 'http://127.0.0.1:0',
    ...given,
  }
}

export interface RestAnswer {
  readonly status: number
  readonly headers: Headers
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown
}

/** A worker with a small REST client. */
export interface TestWorker extends RunningWorker {
  call(method: string, path: string, body?: unknown): Promise<RestAnswer>
}

/** Starts a worker that is stopped by the caller. */
export async function startTestWorker(
  bootstrap: string,
  given: Record<string, string> = {},
  options: Partial<StartWorkerOptions> & { logger?: Logger } = {},
): Promise<TestWorker> {
  const worker = await startWorker(testWorkerProps(bootstrap, given), { logger: silentLogger, ...options })
  await worker.started
  return { ...worker, call: (method, path, body) => callRest(worker.urls[0] ?? '', method, path, body) }
}

/** One request; `body` is sent as JSON. */
export async function callRest(base: string, method: string, path: string, body?: unknown): Promise<RestAnswer> {
  const response = await fetch(new URL(path.replace(/^\//, ''), base), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}
