import { Limit } from '../../base/limit.ts'
import type { Logger } from '../../base/logger.ts'
import { traceOf } from '../errors/trace.ts'
import { parseTaskKey, taskKey, type Work, workSets } from '../group/work.ts'
import type { StartupMeter } from '../metrics/startup-meter.ts'
import type { ConfigProviders, ResolvedProps } from '../providers/config-providers.ts'
import { ReloadTimers } from '../providers/reload-timers.ts'
import { PluginCallError } from '../plugins/plugin-scope.ts'
import { VersionRange } from '../plugins/version-range.ts'
import type { Properties } from '../stores/config-records.ts'
import type { ConfigState } from '../stores/config-state.ts'
import type { Status } from '../stores/status-records.ts'
import type { StatusStore } from '../stores/status-store.ts'
import type { ConnectorTaskId, TargetState, TaskRunner, TaskRunnerListener } from '../task-runner.ts'
import { checkTasksMax } from '../tasks/tasks-max.ts'
import { AutomaticRestarts, type RestartPolicy, restartPolicy } from './automatic-restarts.ts'
import { ConnectorSecrets } from './connector-secrets.ts'
import { Lanes } from './lanes.ts'
import { type Place, Places } from './places.ts'
import type { PluginDirectory } from './plugin-directory.ts'
import type { SecretSource } from './redaction.ts'

/**
 * So many tasks start at a time. The others wait, so that thousands of them hold up neither this thread, which has to answer
 * and to stay in the group meanwhile, nor those that they start in.
 */
const MOST_TASK_STARTS = 256
/** A start that takes longer waits for something else than this worker, and lets another one begin. */
const COUNTED_START_MS = 5000

export interface LocalWorkOptions {
  readonly config: ConfigState
  readonly statuses: StatusStore
  readonly providers: ConfigProviders
  readonly plugins: () => PluginDirectory
  readonly logger: Logger
  /** `host:port` of this worker's REST address. */
  readonly workerId: string
  readonly topicTracking: boolean
  readonly generation: () => number
  /** The connector runs (again) and its tasks should be looked at. */
  readonly onConnectorRunning: (connector: string) => void
  /** Count how starts end. */
  readonly starts?: StartMeters
}

export interface StartMeters {
  readonly connectors: StartupMeter
  readonly tasks: StartupMeter
}

/** Why something did not start, without secrets. */
export interface StartFailure {
  readonly reason: string
  /** It was made, but its own code failed. */
  readonly isOfPlugin: boolean
}

/**
 * What is placed on this worker. Starts and stops it through the task runner and writes its statuses. An item that
 * failed stays placed: it is not started again by a rebalance, only by a restart, a new configuration or a move.
 */
export class LocalWork implements TaskRunnerListener {
  readonly #options: LocalWorkOptions
  readonly #runner: TaskRunner
  readonly #lanes = new Lanes()
  readonly #taskStarts = new Limit(MOST_TASK_STARTS, COUNTED_START_MS)
  readonly #connectors = new Places()
  readonly #tasks = new Places()
  readonly #running = new Set<string>()
  /** Connectors and tasks whose present start the runner has reported as failed. */
  readonly #failed = new Set<string>()
  readonly #secrets: ConnectorSecrets
  readonly #restarts = new AutomaticRestarts()
  readonly #reloads = new ReloadTimers()
  /** How the last start of each connector here ends. */
  readonly #starts = new Map<string, Promise<StartFailure | null>>()
  /** What each connector here was started with last. */
  readonly #started = new Map<string, ResolvedProps<string>>()
  readonly #restartPolicies = new Map<string, RestartPolicy | null>()
  readonly #topicsSeen = new Set<string>()

  constructor(options: LocalWorkOptions, makeRunner: (listener: TaskRunnerListener) => TaskRunner) {
    this.#options = options
    this.#secrets = new ConnectorSecrets(options.plugins)
    this.#runner = makeRunner(this)
  }

  get runner(): TaskRunner {
    return this.#runner
  }

  hasConnector(connector: string): boolean {
    return this.#connectors.has(connector)
  }

  hasTask(id: ConnectorTaskId): boolean {
    return this.#tasks.has(taskKey(id))
  }

  /** True when the connector instance is here and last reported RUNNING. */
  isRunning(connector: string): boolean {
    return this.#running.has(connector)
  }

  /** All the tasks of a connector that are placed here. */
  tasksOf(connector: string): ConnectorTaskId[] {
    const prefix = `${connector}-`
    return this.#tasks
      .names()
      .filter((name) => name.startsWith(prefix))
      .map(parseTaskKey)
      .filter((id) => id.connector === connector)
  }

  placed(): Work {
    return { connectors: this.#connectors.names(), tasks: this.#tasks.names().map(parseTaskKey) }
  }

  /** Starts what is held and not placed yet. Does not wait for the starts. */
  startMissing(held: Work): void {
    const { config } = this.#options
    for (const connector of held.connectors)
      if (!this.hasConnector(connector) && config.has(connector)) void this.startConnector(connector)
    for (const id of held.tasks) if (!this.hasTask(id) && config.taskConfig(id) !== null) void this.startTask(id)
  }

  /** Stops what is placed and not held any more. */
  async stopSuperfluous(held: Work): Promise<void> {
    const wanted = workSets(held)
    await this.stop({
      connectors: this.#connectors.names().filter((connector) => !wanted.connectors.has(connector)),
      tasks: this.#tasks
        .names()
        .filter((name) => !wanted.tasks.has(name))
        .map(parseTaskKey),
    })
  }

  /** Null unless it failed, which its status tells as well; also when something else overtook the start. */
  startConnector(connector: string): Promise<StartFailure | null> {
    return this.#noted(connector, this.#startConnector(connector))
  }

  /** Stops and starts the instance with its present configuration. */
  restartConnector(connector: string): Promise<StartFailure | null> {
    // Both at once, so that whoever stops it meanwhile stops its start as well, which waits for the stop.
    void this.#stopConnector(connector)
    return this.#noted(connector, this.#startConnector(connector))
  }

  /** How the start ends that was begun last, as {@link startConnector} tells it. */
  lastStart(connector: string): Promise<StartFailure | null> {
    return this.#starts.get(connector) ?? Promise.resolve(null)
  }

  #noted(connector: string, start: Promise<StartFailure | null>): Promise<StartFailure | null> {
    this.#starts.set(connector, start)
    return start
  }

  #startConnector(connector: string): Promise<StartFailure | null> {
    const place = this.#connectors.take(connector)
    return this.#lanes.run(connectorLane(connector), async () => {
      await place.ready
      const raw = this.#options.config.connectorConfig(connector)
      if (raw === null || !place.isCurrent()) return null
      try {
        this.#failed.delete(connectorLane(connector))
        this.#options.starts?.connectors.begin(connector)
        const resolved = await this.#resolved(connector, raw)
        const { props, ttls } = resolved
        if (!place.isCurrent()) return null
        this.#started.set(connector, resolved)
        this.#reloads.schedule(connectorLane(connector), props, ttls, () => {
          if (this.#connectors.has(connector)) void this.startConnector(connector)
        })
        await this.#runner.startConnector(connector, props, this.#options.config.targetState(connector))
      } catch (error) {
        if (!place.isCurrent()) return null
        const trace = this.#secrets.shown(connector, traceOf(error))
        this.#options.logger.error({ connector, trace }, 'Connector failed to start')
        if (!this.#failed.has(connectorLane(connector))) this.connectorStatus(connector, 'FAILED', trace)
        return this.#failure(connector, error)
      }
      if (!place.isCurrent()) {
        // It was stopped while it started, perhaps before the runner knew of it.
        await this.#runner.stopConnector(connector)
        return null
      }
      this.#options.onConnectorRunning(connector)
      return null
    })
  }

  #failure(connector: string, error: unknown): StartFailure {
    const { name, message } = error instanceof Error ? error : { name: '', message: String(error) }
    return { reason: this.#secrets.shown(connector, message) ?? '', isOfPlugin: name === PluginCallError.name }
  }

  /** As {@link startConnector}. */
  startTask(id: ConnectorTaskId): Promise<StartFailure | null> {
    const place = this.#tasks.take(taskKey(id))
    return this.#lanes.run(taskLane(id), async () => {
      await place.ready
      return this.#taskStarts.run(() => this.#startTask(id, place))
    })
  }

  async #startTask(id: ConnectorTaskId, place: Place): Promise<StartFailure | null> {
    const { config, logger } = this.#options
    const rawConnector = config.connectorConfig(id.connector)
    const rawTask = config.taskConfig(id)
    if (rawConnector === null || rawTask === null || !place.isCurrent()) return null
    try {
      this.#failed.delete(taskLane(id))
      this.#options.starts?.tasks.begin(taskKey(id))
      const { props: connectorProps, ttls } = await this.#resolved(id.connector, rawConnector)
      const task = await this.#options.providers.resolveWithTtls(rawTask)
      const taskProps = withoutNulls(task.props)
      const found = { raw: rawTask, resolved: taskProps, provided: task.provided }
      this.#secrets.learn(id.connector, connectorProps, found)
      if (!place.isCurrent()) return null
      // Task sets from before a lower tasks.max, or that someone wrote by hand.
      checkTasksMax(id.connector, config.taskConfigs(id.connector).length, connectorProps, logger)
      this.#reloads.schedule(taskLane(id), connectorProps, new Map([...ttls, ...task.ttls]), () => {
        if (this.hasTask(id)) void this.startTask(id)
      })
      await this.#runner.startTask(id, connectorProps, taskProps, config.targetState(id.connector))
    } catch (error) {
      if (!place.isCurrent()) return null
      const trace = this.#secrets.shown(id.connector, traceOf(error))
      logger.error({ ...id, trace }, 'Task failed to start')
      if (!this.#failed.has(taskLane(id))) this.taskStatus(id, 'FAILED', trace)
      return this.#failure(id.connector, error)
    }
    if (!place.isCurrent()) await this.#runner.stopTasks([id])
    return null
  }

  /**
   * Stops connectors and tasks that are placed here; what is still configured gets the status UNASSIGNED, unless it has
   * been placed here again by then.
   * @param generation in which they ceased to be this worker's: stopping takes time, and meanwhile others, in a later one,
   * may have written that they run
   */
  async stop(work: Work, generation = this.#options.generation()): Promise<void> {
    await Promise.all([
      ...work.connectors.map((connector) => this.#stopConnector(connector)),
      this.stopTasks(work.tasks),
    ])
    const { config } = this.#options
    for (const connector of work.connectors) {
      if (this.#connectors.has(connector)) continue
      if (config.has(connector)) this.#putConnectorStatus(connector, 'UNASSIGNED', null, generation)
      else this.#forget(connector)
    }
    for (const id of work.tasks) {
      if (this.hasTask(id)) continue
      this.#failed.delete(taskLane(id))
      if (config.taskConfig(id) !== null) this.#putTaskStatus(id, 'UNASSIGNED', null, generation)
    }
  }

  /** All of them in one call, since they share the time for a graceful stop. */
  async stopTasks(ids: readonly ConnectorTaskId[]): Promise<void> {
    const mine = ids.filter((id) => this.hasTask(id))
    if (mine.length === 0) return
    const stopping = this.#runner.stopTasks(mine).catch((error: unknown) => {
      this.#options.logger.error({ err: error, tasks: mine.map(taskKey) }, 'Tasks did not stop cleanly')
    })
    for (const id of mine) {
      this.#tasks.leave(taskKey(id), stopping)
      this.#restarts.forget(taskLane(id))
      this.#reloads.cancel(taskLane(id))
    }
    await stopping
  }

  async applyTargetState(connector: string, target: TargetState): Promise<void> {
    if (!this.#connectors.has(connector) && this.tasksOf(connector).length === 0) return
    await this.#lanes.run(connectorLane(connector), async () => {
      await this.#runner.setTargetState(connector, target)
    })
    if (target === 'STARTED' && this.#running.has(connector)) this.#options.onConnectorRunning(connector)
  }

  markRestarting(connector: boolean, name: string, ids: readonly ConnectorTaskId[]): void {
    if (connector) this.#putConnectorStatus(name, 'RESTARTING', null)
    for (const id of ids) this.#putTaskStatus(id, 'RESTARTING', null)
  }

  /** The connector's configuration as plugins see it: references resolved, without null values. */
  async resolvedConnectorConfig(connector: string): Promise<Record<string, string> | null> {
    const raw = this.#options.config.connectorConfig(connector)
    return raw === null ? null : (await this.#resolved(connector, raw)).props
  }

  /**
   * The configuration that the connector here was started with last: what its task configurations are made from. A
   * provider may give something else by now, which would not be found in them. Null for one that is not configured.
   */
  async startedConnectorConfig(connector: string): Promise<ResolvedProps<string> | null> {
    const started = this.#started.get(connector)
    if (started !== undefined) return started
    const raw = this.#options.config.connectorConfig(connector)
    return raw === null ? null : this.#resolved(connector, raw)
  }

  connectorStatus(connector: string, state: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED', trace: string | null): void {
    if (!this.#connectors.has(connector)) return
    this.#options.starts?.connectors.report(connector, state)
    if (state === 'RUNNING') this.#running.add(connector)
    else this.#running.delete(connector)
    const lane = connectorLane(connector)
    if (state === 'FAILED') {
      this.#failed.add(lane)
      this.#restartLater(lane, connector, () => {
        if (this.#connectors.has(connector)) void this.startConnector(connector)
      })
    } else if (state === 'RUNNING') this.#restarts.running(lane)
    this.#putConnectorStatus(connector, state, trace)
  }

  taskStatus(id: ConnectorTaskId, state: 'RUNNING' | 'PAUSED' | 'FAILED', trace: string | null): void {
    if (!this.hasTask(id)) return
    this.#options.starts?.tasks.report(taskKey(id), state)
    const lane = taskLane(id)
    if (state === 'FAILED') {
      this.#failed.add(lane)
      this.#restartLater(lane, id.connector, () => {
        if (this.hasTask(id)) void this.startTask(id)
      })
    } else if (state === 'RUNNING') this.#restarts.running(lane)
    this.#putTaskStatus(id, state, trace)
  }

  taskReconfigurationRequested(connector: string): void {
    if (this.#running.has(connector)) this.#options.onConnectorRunning(connector)
  }

  topicUsed(connector: string, task: number, topic: string): void {
    if (!this.#options.topicTracking || !this.#options.config.has(connector)) return
    const key = `${topic}:${connector}`
    const { statuses } = this.#options
    if (this.#topicsSeen.has(key) && statuses.topics(connector).some((entry) => entry.topic === topic)) return
    this.#topicsSeen.add(key)
    statuses.putTopic({ topic, connector, task, discoveredAt: Date.now() })
  }

  /** What failed is started again after a while, where its connector asks for that. */
  #restartLater(lane: string, connector: string, restart: () => void): void {
    const policy = this.#restartPolicies.get(connector) ?? null
    this.#restarts.failed(lane, policy, () => {
      if (!this.#failed.has(lane)) return
      this.#options.logger.info({ connector }, `Restarting ${lane}, which failed, by itself`)
      restart()
    })
  }

  async #stopConnector(connector: string): Promise<void> {
    if (!this.#connectors.has(connector)) return
    this.#running.delete(connector)
    const stopping = this.#runner.stopConnector(connector).catch((error: unknown) => {
      this.#options.logger.error({ connector, err: error }, 'Connector did not stop cleanly')
    })
    this.#connectors.leave(connector, stopping)
    this.#restarts.forget(connectorLane(connector))
    this.#reloads.cancel(connectorLane(connector))
    this.#started.delete(connector)
    await stopping
  }

  async #resolved(connector: string, raw: Properties): Promise<ResolvedProps<string>> {
    // What the configuration says without its references counts until they are resolved, which may fail.
    this.#learn(connector, { raw, resolved: withoutNulls(raw) })
    const resolved = await this.#options.providers.resolveWithTtls(raw)
    const props = withoutNulls(resolved.props)
    this.#learn(connector, { raw, resolved: props, provided: resolved.provided })
    return { ...resolved, props }
  }

  #learn(connector: string, found: SecretSource & { resolved: Readonly<Record<string, string>> }): void {
    this.#secrets.learn(connector, found.resolved, found)
    this.#restartPolicies.set(connector, restartPolicy(found.resolved))
  }

  #forget(connector: string): void {
    this.#secrets.forget(connector)
    this.#restartPolicies.delete(connector)
    this.#starts.delete(connector)
    this.#failed.delete(connectorLane(connector))
    for (const key of this.#topicsSeen) if (key.endsWith(`:${connector}`)) this.#topicsSeen.delete(key)
  }

  #putConnectorStatus(connector: string, state: Status, trace: string | null, generation?: number): void {
    this.#tell({ connector }, `Connector ${connector}`, state)
    this.#options.statuses.putConnector(connector, {
      state,
      trace: this.#secrets.shown(connector, trace),
      restart: this.#restarts.count(connectorLane(connector)),
      ...this.#writer(connector, state, generation),
    })
  }

  #putTaskStatus(id: ConnectorTaskId, state: Status, trace: string | null, generation?: number): void {
    this.#tell(id, `Task ${taskKey(id)}`, state)
    this.#options.statuses.putTask(id, {
      state,
      trace: this.#secrets.shown(id.connector, trace),
      restart: this.#restarts.count(taskLane(id)),
      ...this.#writer(id.connector, state, generation),
    })
  }

  /** Of failures there are lines already, with their causes. */
  #tell(fields: object, what: string, state: Status): void {
    if (state !== 'FAILED') this.#options.logger.info({ ...fields, state }, `${what} is ${state}`)
  }

  #writer(
    connector: string,
    state: Status,
    generation = this.#options.generation(),
  ): { workerId: string; generation: number; version: string | null } {
    const { workerId } = this.#options
    return { workerId, generation, version: state === 'UNASSIGNED' ? null : this.#version(connector) }
  }

  #version(connector: string): string | null {
    const raw = this.#options.config.connectorConfig(connector)
    const className = raw?.['connector.class']
    if (className === null || className === undefined) return null
    try {
      const range = VersionRange.parse(raw?.['connector.plugin.version'])
      return this.#options.plugins().find(className.trim(), ['source', 'sink'], range)?.version ?? null
    } catch {
      return null
    }
  }
}

function withoutNulls(props: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(props).filter((entry): entry is [string, string] => entry[1] !== null))
}

function connectorLane(connector: string): string {
  return `connector ${connector}`
}

function taskLane(id: ConnectorTaskId): string {
  return `task ${taskKey(id)}`
}
