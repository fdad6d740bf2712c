import { DeadlineExceededError, withDeadline } from '../../base/deadline.ts'
import { ForbiddenError, NotFoundError } from '../errors.ts'
import { threadSettings } from '../threads/thread-settings.ts'
import type { ConnectorTaskId, TaskCounters } from '../task-runner.ts'
import type { OffsetSubject } from './connector-offsets.ts'
import * as views from './connector-views.ts'
import type { ConnectorInfo, ConnectorStateInfo, Health, StalledTaskEntry, TaskInfo, TaskStateEntry } from './herder.ts'
import type { HerderContext } from './herder-context.ts'
import { describeStage } from './work-queue.ts'

/** What the herder can answer from what this worker has read, without a decision. */
export class HerderReads {
  readonly #context: HerderContext

  constructor(context: HerderContext) {
    this.#context = context
  }

  async connectors(): Promise<string[]> {
    await this.#context.started.promise
    return this.#context.parts.config.state.connectors()
  }

  async connectorInfo(name: string): Promise<ConnectorInfo> {
    await this.#context.started.promise
    const { config, plugins } = this.#context.parts
    return views.connectorInfo(config.state, await plugins(), name)
  }

  async connectorStatus(name: string): Promise<ConnectorStateInfo> {
    await this.#context.started.promise
    const { config, statuses, plugins } = this.#context.parts
    return views.connectorStatus(config.state, statuses, await plugins(), name)
  }

  /** What a restart goes by. */
  async statusForRestart(name: string): Promise<ConnectorStateInfo> {
    if (this.#context.parts.statuses.connector(name) === null)
      throw new NotFoundError(`Status for connector ${name} not found`)
    return this.connectorStatus(name)
  }

  async taskStatus(id: ConnectorTaskId): Promise<TaskStateEntry> {
    await this.#context.started.promise
    const { config, statuses } = this.#context.parts
    return views.taskStatus(config.state, statuses, id)
  }

  async taskConfigs(name: string): Promise<TaskInfo[]> {
    await this.#context.started.promise
    return views.taskInfos(this.#context.parts.config.state, name)
  }

  async activeTopics(name: string): Promise<string[]> {
    await this.#context.started.promise
    const { worker, statuses } = this.#context.parts
    if (!worker.topicTrackingEnable) throw new ForbiddenError('Topic tracking is disabled.')
    return statuses.topics(name).map(({ topic }) => topic)
  }

  /** Forgets the topics; what is still in use comes back with the next record. */
  async resetActiveTopics(name: string): Promise<void> {
    await this.#context.started.promise
    const { worker, statuses } = this.#context.parts
    if (!worker.topicTrackingEnable) throw new ForbiddenError('Topic tracking is disabled.')
    if (!worker.topicTrackingAllowReset) throw new ForbiddenError('Topic tracking reset is disabled.')
    for (const { topic } of statuses.topics(name)) statuses.deleteTopic(name, topic)
    await statuses.flush()
    await statuses.readToEnd()
  }

  async offsetSubject(name: string): Promise<OffsetSubject> {
    const { type } = await this.connectorInfo(name)
    const place = await this.#context.started.promise
    const props = await place.local.resolvedConnectorConfig(name)
    if (props === null) throw views.unknownConnector(name)
    return { name, type, props }
  }

  async counters(): Promise<TaskCounters[]> {
    const { place } = this.#context
    return place === null ? [] : place.local.runner.counters()
  }

  /** @param isReady the first assignment is in effect */
  async health(isReady: boolean, timeoutMs: number): Promise<Health> {
    if (!isReady) {
      return { status: 'starting', message: `Worker is still starting up.${describeStage(this.#context.stage())}` }
    }
    try {
      // What any request that changes something would wait for.
      const able = Promise.all([this.#context.queue.passed(), this.#context.joined()])
      await withDeadline(able, timeoutMs, 'The health check')
    } catch (error) {
      if (!(error instanceof DeadlineExceededError)) throw error
      const message = 'Worker was unable to handle this request and may be unable to handle other requests.'
      return { status: 'unhealthy', message: `${message}${describeStage(this.#context.stage())}` }
    }
    const healthy: Health = {
      status: 'healthy',
      message: 'Worker has completed startup and is ready to handle requests.',
    }
    const stalled = await this.#stalledTasks()
    return stalled.length === 0 ? healthy : { ...healthy, stalled_tasks: stalled }
  }

  async #stalledTasks(): Promise<StalledTaskEntry[]> {
    const { place, parts } = this.#context
    const { progressTimeoutMs } = threadSettings(parts.worker)
    if (progressTimeoutMs === 0 || place === null) return []
    const stalled = await place.local.runner.stalledTasks(progressTimeoutMs)
    return stalled.map(({ connector, task, forMs, hook }) => ({ connector, task, stalled_ms: forMs, in: hook }))
  }
}
