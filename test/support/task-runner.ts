import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { withDeadline } from '../../src/base/deadline.ts'
import type { ConnectorTaskId, TaskRunnerListener } from '../../src/runtime/task-runner.ts'
import { type WorkerConfig, workerConfig } from '../../src/runtime/worker-config.ts'

export const testPlugins = fileURLToPath(new URL('../fixtures/plugins/', import.meta.url))

/** A worker configuration for tests of task runners; `given` overrides. */
export function testWorkerConfig(bootstrap: string, given: Record<string, string> = {}): WorkerConfig {
  return workerConfig({
    'bootstrap.servers': bootstrap,
    'group.id': 'test-workers',
    'config.storage.topic': 'test-configs',
    'offset.storage.topic': 'test-offsets',
    'status.storage.topic': 'test-status',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
    'plugin.path': testPlugins,
    'offset.flush.interval.ms': '50',
    'task.shutdown.graceful.timeout.ms': '2000',
    ...given,
  })
}

export interface Report {
  subject: string
  state: string
  trace: string | null
}

/** Keeps what a runner reports; statuses by `connector` or `connector-task`. */
export class RecordingListener implements TaskRunnerListener {
  readonly reports: Report[] = []
  readonly topics: string[] = []
  readonly reconfigurations: string[] = []
  readonly #began = performance.now()
  #waiting: (() => void)[] = []

  connectorStatus(connector: string, state: string, trace: string | null): void {
    this.#add({ subject: connector, state, trace })
  }

  taskStatus(id: ConnectorTaskId, state: string, trace: string | null): void {
    this.#add({ subject: `${id.connector}-${id.task}`, state, trace })
  }

  taskReconfigurationRequested(connector: string): void {
    this.reconfigurations.push(connector)
  }

  topicUsed(connector: string, task: number, topic: string): void {
    this.topics.push(`${connector}-${task} ${topic}`)
  }

  /**
   * Each topic once, in the order of first use: it is told again when it is used a second later. Fails if one was told more
   * often than that.
   */
  usedTopics(): string[] {
    const most = 1 + Math.floor((performance.now() - this.#began) / 1000)
    const byTopic = Map.groupBy(this.topics, (topic) => topic)
    for (const [topic, told] of byTopic) assert.ok(told.length <= most, `${topic} was told ${told.length} times`)
    return [...byTopic.keys()]
  }

  states(subject: string): string[] {
    return this.reports.filter((report) => report.subject === subject).map((report) => report.state)
  }

  last(subject: string): Report | undefined {
    return this.reports.findLast((report) => report.subject === subject)
  }

  /** Resolves with the first report of a state that comes (or came) for a subject. */
  async until(subject: string, state: string, timeoutMs = 30_000): Promise<Report> {
    const look = async (): Promise<Report> => {
      for (;;) {
        const found = this.reports.find((report) => report.subject === subject && report.state === state)
        if (found) return found
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      }
    }
    return withDeadline(
      look(),
      timeoutMs,
      `Waiting for ${subject} to be ${state}; reported was ${JSON.stringify(this.reports)}`,
    )
  }

  #add(report: Report): void {
    this.reports.push(report)
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

/**
 * Resolves when `condition` gives something other than undefined, false or null. Looks every 10 ms, and more rarely the longer
 * it has waited: each look may be a request that takes as much of the processor as what it waits for.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  what: string,
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  const began = performance.now()
  for (;;) {
    const found = await condition()
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<T>
    const waitedMs = performance.now() - began
    if (waitedMs > timeoutMs) throw new Error(`${what} did not happen within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(10, waitedMs / 10), 50)))
  }
}
