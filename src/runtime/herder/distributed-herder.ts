import { pause } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import {
  AlreadyExistsError,
  BadRequestError,
  ForbiddenError,
  NotAssignedError,
  NotFoundError,
  NotLeaderError,
  RebalanceNeededError,
  RuntimeError,
} from '../errors.ts'
import type { ConnectGroup, GroupOwner } from '../group/membership.ts'
import { isNoWork, taskKey, type Work } from '../group/work.ts'
import type { Properties } from '../stores/config-records.ts'
import type { ConfigEvent } from '../stores/config-state.ts'
import type { ConfigStore } from '../stores/config-store.ts'
import type { StatusStore } from '../stores/status-store.ts'
import type { ConnectorTaskId, TargetState, TaskCounters } from '../task-runner.ts'
import type { ConfigValidator } from '../validation/config-validator.ts'
import type { WorkerConfig } from '../worker-config.ts'
import * as views from './connector-views.ts'
import type { ConnectorOffsets, OffsetSubject } from './connector-offsets.ts'
import type {
  ConfigInfos,
  ConfigKeyInfo,
  ConnectorInfo,
  ConnectorOffset,
  ConnectorStateInfo,
  Health,
  Herder,
  LoggerLevel,
  LoggerScope,
  OffsetsMessage,
  PluginInfo,
  RequestSignature,
  ServerInfo,
  StalledTaskEntry,
  TaskInfo,
  TaskStateEntry,
} from './herder.ts'
import { dropStaleStatuses, SessionKeyRotation } from './leader-duties.ts'
import type { LocalWork } from './local-work.ts'
import { callPeer } from './peer-client.ts'
import { LoggerAdmin } from './logger-admin.ts'
import type { PluginDirectory } from './plugin-directory.ts'
import type { PartitionOffset } from './sink-offsets.ts'
import { restartPlan } from './restart-plan.ts'
import { threadSettings } from '../threads/thread-settings.ts'
import { sign, verifySignature } from './signature.ts'
import { completeTaskConfigs, taskConfigsChanged } from './task-configs.ts'
import { type PublishOutcome, TaskConfigPublisher } from './task-config-publisher.ts'
import { describeStage, type Stage, WorkQueue } from './work-queue.ts'

/** How long a request waits for a rebalance to end before it is refused. */
const SETTLE_TIMEOUT_MS = 60_000
/** How long a stopping worker tries to write its last statuses. */
const FAREWELL_TIMEOUT_MS = 3_000
const HEALTH_TIMEOUT_MS = 9_000
const PEER_TIMEOUT_MS = 90_000

/** The parts that the herder drives; made by `../worker.ts`. */
export interface HerderParts {
  readonly worker: WorkerConfig
  readonly config: ConfigStore
  readonly statuses: StatusStore
  readonly validator: ConfigValidator
  readonly offsets: ConnectorOffsets
  /** False for a standalone worker: it takes no internal requests. */
  readonly hasPeers: boolean
  readonly plugins: () => Promise<PluginDirectory>
  readonly serverInfo: () => Promise<ServerInfo>
  readonly logger: Logger
}

/** What exists only once the worker's own address is known. */
export interface HerderPlace {
  readonly group: ConnectGroup
  readonly local: LocalWork
}

/**
 * A worker's part in a cluster: takes requests, acts on what the configuration topic says, and keeps what runs here
 * in step with what the group assigned. All decisions go through one queue. Workers agree through the topics and the
 * group alone, so that any of them may disappear at any time.
 */
export class DistributedHerder implements Herder, GroupOwner {
  readonly #parts: HerderParts
  readonly #queue = new WorkQueue()
  readonly #publisher: TaskConfigPublisher
  readonly #sessionKeys: SessionKeyRotation
  readonly #loggers: LoggerAdmin
  readonly #started = Promise.withResolvers<HerderPlace>()
  #place: HerderPlace | null = null
  #ready = false
  readonly #stopSignal = new AbortController()

  constructor(parts: HerderParts) {
    this.#parts = parts
    this.#publisher = new TaskConfigPublisher((connector) => this.#publishTaskConfigs(connector), parts.logger)
    this.#loggers = new LoggerAdmin(parts.config, parts.hasPeers, parts.logger)
    this.#sessionKeys = new SessionKeyRotation(parts.config, parts.worker, parts.logger)
    this.#started.promise.catch(() => undefined)
  }

  /** Reads the internal topics to their end; requests wait until `place` is known. */
  async start(makePlace: () => Promise<HerderPlace>): Promise<void> {
    try {
      this.#place = await this.#queue.run('initializing and reading to the end of internal topics', async () => {
        const place = await makePlace()
        await Promise.all([this.#parts.config.start(), this.#parts.statuses.start()])
        return place
      })
      await this.#place.local.runner.start()
      await this.#place.group.start()
      this.#started.resolve(this.#place)
    } catch (error) {
      this.#started.reject(error)
      throw error
    }
  }

  /** Stops all work, tells the cluster, and leaves the group. */
  async stop(): Promise<void> {
    this.#stopSignal.abort()
    this.#publisher.stop()
    this.#sessionKeys.stop()
    await this.#queue.close()
    if (this.#place === null) return
    const { group, local } = this.#place
    await local.stop(local.placed())
    await Promise.race([this.#parts.statuses.flush(), pause(FAREWELL_TIMEOUT_MS)])
    await group.stop()
    await local.runner.stop()
  }

  get #isStopping(): boolean {
    return this.#stopSignal.signal.aborted
  }

  stage(): Stage | null {
    return this.#queue.stage
  }

  // Reads

  async connectors(): Promise<string[]> {
    await this.#started.promise
    return this.#parts.config.state.connectors()
  }

  async connectorInfo(name: string): Promise<ConnectorInfo> {
    await this.#started.promise
    return views.connectorInfo(this.#parts.config.state, await this.#parts.plugins(), name)
  }

  async connectorConfig(name: string): Promise<Properties> {
    return (await this.connectorInfo(name)).config
  }

  async connectorStatus(name: string): Promise<ConnectorStateInfo> {
    await this.#started.promise
    const { config, statuses, plugins } = this.#parts
    return views.connectorStatus(config.state, statuses, await plugins(), name)
  }

  async taskStatus(id: ConnectorTaskId): Promise<TaskStateEntry> {
    await this.#started.promise
    return views.taskStatus(this.#parts.statuses, id)
  }

  async taskConfigs(name: string): Promise<TaskInfo[]> {
    await this.#started.promise
    return views.taskInfos(this.#parts.config.state, name)
  }

  async activeTopics(name: string): Promise<string[]> {
    await this.#started.promise
    if (!this.#parts.worker.topicTrackingEnable) throw new ForbiddenError('Topic tracking is disabled.')
    return this.#parts.statuses.topics(name).map(({ topic }) => topic)
  }

  async resetActiveTopics(name: string): Promise<void> {
    await this.#started.promise
    const { topicTrackingEnable, topicTrackingAllowReset } = this.#parts.worker
    if (!topicTrackingEnable) throw new ForbiddenError('Topic tracking is disabled.')
    if (!topicTrackingAllowReset) throw new ForbiddenError('Topic tracking reset is disabled.')
    const { statuses } = this.#parts
    for (const { topic } of statuses.topics(name)) statuses.deleteTopic(name, topic)
    await statuses.flush()
    await statuses.readToEnd()
  }

  async connectorOffsets(name: string): Promise<ConnectorOffset[]> {
    return this.#parts.offsets.read(await this.#offsetSubject(name))
  }

  async #offsetSubject(name: string): Promise<OffsetSubject> {
    const { type } = await this.connectorInfo(name)
    const place = await this.#started.promise
    const props = await place.local.resolvedConnectorConfig(name)
    if (props === null) throw views.unknownConnector(name)
    return { name, type, props }
  }

  async plugins(connectorsOnly: boolean): Promise<PluginInfo[]> {
    return (await this.#parts.plugins()).list(connectorsOnly)
  }

  async pluginConfig(plugin: string): Promise<ConfigKeyInfo[]> {
    return this.#parts.validator.pluginConfig(plugin)
  }

  async validateConfig(plugin: string, config: Properties): Promise<ConfigInfos> {
    return this.#parts.validator.validatePlugin(plugin, config)
  }

  async serverInfo(): Promise<ServerInfo> {
    return this.#parts.serverInfo()
  }

  async counters(): Promise<TaskCounters[]> {
    return this.#place === null ? [] : this.#place.local.runner.counters()
  }

  async health(): Promise<Health> {
    if (!this.#ready) {
      return { status: 'starting', message: `Worker is still starting up.${describeStage(this.#queue.stage)}` }
    }
    const probe = this.#queue.passed().then(() => true)
    if (await Promise.race([probe, pause(HEALTH_TIMEOUT_MS).then(() => false)])) {
      const healthy: Health = {
        status: 'healthy',
        message: 'Worker has completed startup and is ready to handle requests.',
      }
      const stalled = await this.#stalledTasks()
      return stalled.length === 0 ? healthy : { ...healthy, stalled_tasks: stalled }
    }
    const message = 'Worker was unable to handle this request and may be unable to handle other requests.'
    return { status: 'unhealthy', message: `${message}${describeStage(this.#queue.stage)}` }
  }

  async #stalledTasks(): Promise<StalledTaskEntry[]> {
    const { progressTimeoutMs } = threadSettings(this.#parts.worker)
    if (progressTimeoutMs === 0 || this.#place === null) return []
    const stalled = await this.#place.local.runner.stalledTasks(progressTimeoutMs)
    return stalled.map(({ connector, task, forMs, hook }) => ({ connector, task, stalled_ms: forMs, in: hook }))
  }

  // Writes

  async putConnector(
    name: string,
    config: Properties,
    options: { allowReplace: boolean; initialState?: TargetState | null },
  ): Promise<{ created: boolean; info: ConnectorInfo }> {
    const place = await this.#joined()
    await this.#parts.validator.requireValid(config)
    return this.#queue.run(`writing a config for connector ${name} to the config topic`, async () => {
      this.#requireLeader(place)
      const exists = this.#parts.config.state.has(name)
      if (exists && !options.allowReplace) throw new AlreadyExistsError(`Connector ${name} already exists`)
      await this.#parts.config.putConnector(name, config, options.initialState ?? null)
      return { created: !exists, info: await this.connectorInfo(name) }
    })
  }

  async patchConnectorConfig(name: string, patch: Properties): Promise<ConnectorInfo> {
    const place = await this.#joined()
    const current = this.#parts.config.state.connectorConfig(name)
    this.#requireLeader(place)
    if (current === null) throw views.unknownConnector(name)
    const patched = Object.fromEntries(Object.entries({ ...current, ...patch }).filter(([, value]) => value !== null))
    return (await this.putConnector(name, patched, { allowReplace: true })).info
  }

  async deleteConnector(name: string): Promise<void> {
    const place = await this.#joined()
    await this.#queue.run(`removing the config for connector ${name} from the config topic`, async () => {
      this.#requireLeader(place)
      this.#requireConnector(name)
      await this.#parts.config.removeConnector(name)
    })
  }

  async pauseConnector(name: string): Promise<void> {
    await this.#putTargetState(name, 'PAUSED')
  }

  async resumeConnector(name: string): Promise<void> {
    await this.#putTargetState(name, 'STARTED')
  }

  async stopConnector(name: string): Promise<void> {
    const place = await this.#joined()
    await this.#queue.run(`writing target state STOPPED for connector ${name} to the config topic`, async () => {
      this.#requireLeader(place)
      this.#requireConnector(name)
      await this.#parts.config.putTaskConfigs(name, [])
      await this.#parts.config.putTargetState(name, 'STOPPED')
    })
  }

  async alterOffsets(name: string, offsets: readonly PartitionOffset[]): Promise<OffsetsMessage> {
    const subject = await this.#stoppedConnector(name)
    return { message: await this.#parts.offsets.alter(subject, offsets) }
  }

  async resetOffsets(name: string): Promise<OffsetsMessage> {
    const subject = await this.#stoppedConnector(name)
    return { message: await this.#parts.offsets.reset(subject) }
  }

  /** Offsets may be changed while nothing can write any, and by the leader, which knows. */
  async #stoppedConnector(name: string): Promise<OffsetSubject> {
    const place = await this.#settled()
    await this.#queue.run(`modifying offsets for connector ${name}`, async () => {
      this.#requireLeader(place)
      await this.#parts.config.readToEnd()
      this.#requireConnector(name)
      const { state } = this.#parts.config
      if (state.targetState(name) === 'STOPPED' && state.taskConfigs(name).length === 0) return
      throw new BadRequestError(
        'Connectors must be in the STOPPED state before their offsets can be modified. ' +
          `This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
      )
    })
    return this.#offsetSubject(name)
  }

  async restartConnector(
    name: string,
    options: { includeTasks: boolean; onlyFailed: boolean },
  ): Promise<ConnectorStateInfo | null> {
    const place = await this.#settled()
    if (options.includeTasks || options.onlyFailed) {
      return this.#queue.run(`restarting connector ${name} and its tasks`, async () => {
        this.#requireLeader(place)
        this.#requireConnector(name)
        const { outlook } = restartPlan(await this.#statusForRestart(name), options)
        await this.#parts.config.putRestartRequest(name, options.includeTasks, options.onlyFailed)
        return outlook
      })
    }
    const starting = await this.#queue.run(`restarting connector ${name}`, async () => {
      this.#requireConnector(name)
      const { group, local } = place
      if (!group.held.connectors.includes(name))
        throw this.#notHere(place, `Connector ${name}`, group.connectorOwner(name))
      return { done: local.restartConnector(name) }
    })
    await starting.done
    return null
  }

  async restartTask(id: ConnectorTaskId): Promise<void> {
    const place = await this.#settled()
    const starting = await this.#queue.run(`restarting task ${taskKey(id)}`, async () => {
      this.#requireConnector(id.connector)
      const { group, local } = place
      if (this.#parts.config.state.taskConfig(id) === null) throw new NotFoundError(`Task ${taskKey(id)} not found`)
      if (!group.held.tasks.some((held) => taskKey(held) === taskKey(id))) {
        throw this.#notHere(place, `Task ${taskKey(id)}`, group.taskOwner(id))
      }
      await local.stopTasks([id])
      return { done: local.startTask(id) }
    })
    await starting.done
  }

  async putTaskConfigs(name: string, configs: readonly Properties[], signature: RequestSignature): Promise<void> {
    if (!this.#parts.hasPeers) throw new RuntimeError('A standalone worker takes no task configurations of others')
    const place = await this.#joined()
    this.#verify(place, signature)
    await this.#queue.run(`writing task configs for connector ${name} to the config topic`, async () => {
      this.#requireLeader(place)
      this.#requireConnector(name)
      await this.#parts.config.putTaskConfigs(name, configs)
    })
  }

  async fenceZombies(name: string, signature: RequestSignature): Promise<void> {
    if (!this.#parts.hasPeers) throw new RuntimeError('A standalone worker does not fence tasks of others')
    const place = await this.#joined()
    this.#verify(place, signature)
    this.#requireLeader(place)
    this.#requireConnector(name)
    throw new RuntimeError(
      `The tasks of connector ${name} cannot be fenced: this worker has no support for exactly-once sources, so none of ` +
        'the workers of its group may have exactly.once.source.support=enabled',
    )
  }

  #verify(place: HerderPlace, signature: RequestSignature): void {
    if (place.group.view?.version !== 2) return
    const { config, worker } = this.#parts
    verifySignature(signature, config.state.sessionKey, worker.interWorkerVerificationAlgorithms)
  }

  async loggers(): Promise<Record<string, LoggerLevel>> {
    return this.#loggers.all()
  }

  async loggerLevel(name: string): Promise<LoggerLevel> {
    return this.#loggers.level(name)
  }

  async setLoggerLevel(name: string, level: string, scope: LoggerScope): Promise<string[] | null> {
    return this.#loggers.set(name, level, scope)
  }

  // What the group asks of its owner

  configOffset(): number {
    return this.#parts.config.state.offset
  }

  configured(): Work {
    return this.#parts.config.state.configured()
  }

  async readConfigToEnd(): Promise<void> {
    await this.#parts.config.readToEnd()
  }

  async revoked(work: Work): Promise<void> {
    if (this.#isStopping) return
    const place = this.#place
    if (place === null) return
    await this.#queue.run('stopping revoked connectors and tasks', async () => {
      await place.local.stop(work)
      await this.#queue.step('flushing updates to the status topic', () => this.#flushUnlessStopping())
    })
  }

  async assigned(): Promise<void> {
    if (this.#isStopping) return
    const place = this.#place
    if (place === null) return
    await this.#queue.run('starting assigned connectors and tasks', async () => {
      await place.local.stopSuperfluous(place.group.held)
      if (!isNoWork(place.group.held)) await this.#parts.plugins()
      place.local.startMissing(place.group.held)
      this.#sessionKeys.stop()
      if (!place.group.isLeader) return
      dropStaleStatuses(this.#parts.config, this.#parts.statuses)
      if (place.group.view?.version !== 2) return
      await this.#queue.step('updating the session key in the config topic', () =>
        this.#sessionKeys.start((job) => this.#queue.run('updating the session key in the config topic', job)),
      )
    })
    this.#ready = true
  }

  /** Writing goes on for as long as the brokers are away; a worker that stops must not wait for them. */
  async #flushUnlessStopping(): Promise<void> {
    const { signal } = this.#stopSignal
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([this.#parts.statuses.flush(), stopped])
  }

  /** For {@link LocalWork}: the connector's tasks may have to change. */
  connectorRunning(connector: string): void {
    this.#publisher.request(connector)
  }

  /** For {@link ConfigStore}: something changed in the configuration topic. */
  configChanged(event: ConfigEvent): void {
    if (this.#isStopping) return
    this.#queue
      .run(`handling ${event.type.replaceAll('-', ' ')}`, () => this.#react(event))
      .catch((error: unknown) => {
        if (!this.#isStopping)
          this.#parts.logger.error({ err: error, event: event.type }, 'Could not follow a change of the configuration')
      })
  }

  async #react(event: ConfigEvent): Promise<void> {
    const place = this.#place
    if (place === null) return
    const { group, local } = place
    switch (event.type) {
      case 'connector-created':
        group.requestRejoin(`connector ${event.connector} was created`)
        return
      case 'connector-removed': {
        const work: Work = { connectors: [event.connector], tasks: local.tasksOf(event.connector) }
        await local.stop(work)
        group.drop({ ...work, tasks: group.held.tasks.filter((id) => id.connector === event.connector) })
        group.requestRejoin(`connector ${event.connector} was removed`)
        return
      }
      case 'connector-updated':
        if (local.hasConnector(event.connector)) void local.restartConnector(event.connector)
        return
      case 'tasks-committed': {
        await local.stopTasks(local.tasksOf(event.connector))
        const known = this.#parts.config.state
        group.drop({
          connectors: [],
          tasks: group.held.tasks.filter((id) => id.connector === event.connector && known.taskConfig(id) === null),
        })
        group.requestRejoin(`the tasks of connector ${event.connector} changed`)
        return
      }
      case 'target-state-changed':
        void local
          .applyTargetState(event.connector, this.#parts.config.state.targetState(event.connector))
          .catch((error: unknown) => {
            this.#parts.logger.error(
              { err: error, connector: event.connector },
              'Could not change the state of a connector',
            )
          })
        return
      case 'restart-requested':
        await this.#restartHere(place, event.connector, event)
        return
      case 'logger-level-changed':
        this.#loggers.follow(event.logger, event.level)
        return
      case 'session-key-changed':
    }
  }

  async #restartHere(
    { local }: HerderPlace,
    name: string,
    options: { includeTasks: boolean; onlyFailed: boolean },
  ): Promise<void> {
    if (!this.#parts.config.state.has(name) || this.#parts.statuses.connector(name) === null) return
    const plan = restartPlan(await this.#statusForRestart(name), options)
    const connector = plan.connector && local.hasConnector(name)
    const tasks = local.tasksOf(name).filter((id) => plan.tasks.has(id.task))
    local.markRestarting(connector, name, tasks)
    await local.stopTasks(tasks)
    if (connector) void local.restartConnector(name)
    for (const id of tasks) void local.startTask(id)
  }

  async #statusForRestart(name: string): Promise<ConnectorStateInfo> {
    const { config, statuses, plugins } = this.#parts
    if (statuses.connector(name) === null) throw new NotFoundError(`Status for connector ${name} not found`)
    return views.connectorStatus(config.state, statuses, await plugins(), name)
  }

  async #publishTaskConfigs(name: string): Promise<PublishOutcome> {
    const place = await this.#settled()
    const { config, worker } = this.#parts
    const { local, group } = place
    const raw = config.state.connectorConfig(name)
    if (raw === null || !local.isRunning(name)) return 'done'
    const resolved = await local.resolvedConnectorConfig(name)
    if (resolved === null) return 'done'
    const plugin = (await this.#parts.plugins()).connector(resolved['connector.class'] ?? '')
    let generated: Record<string, string>[]
    try {
      generated = await local.runner.taskConfigs(name, Number(resolved['tasks.max'] ?? 1))
    } catch {
      return 'failed'
    }
    const configs = completeTaskConfigs(generated, raw, resolved, plugin.class)
    if (!local.isRunning(name) || !taskConfigsChanged(config.state, name, configs)) return 'done'
    if (group.isLeader) {
      await this.#queue.run(`writing task configs for connector ${name} to the config topic`, async () => {
        this.#requireLeader(place)
        if (config.state.has(name)) await config.putTaskConfigs(name, configs)
      })
      return 'done'
    }
    const leaderUrl = group.leaderUrl
    if (leaderUrl === null) throw new RebalanceNeededError('The leader of the group is not known')
    const body = JSON.stringify(configs)
    const key = config.state.sessionKey
    const algorithm = worker.interWorkerSignatureAlgorithm
    const headers =
      group.view?.version === 2 && key !== null
        ? {
            'x-connect-authorization': sign(Buffer.from(body), key, algorithm),
            'x-connect-request-signature-algorithm': algorithm,
          }
        : {}
    const url = new URL(`connectors/${encodeURIComponent(name)}/tasks`, leaderUrl).href
    await callPeer({ method: 'POST', url, body, headers, timeoutMs: PEER_TIMEOUT_MS })
    return 'done'
  }

  async #putTargetState(name: string, state: TargetState): Promise<void> {
    await this.#started.promise
    if (!this.#parts.config.state.has(name)) throw new NotFoundError(`Unknown connector ${name}`)
    await this.#parts.config.putTargetState(name, state)
  }

  /** Waits until the worker is in the group for the first time. */
  async #joined(): Promise<HerderPlace> {
    const place = await this.#started.promise
    if (place.group.view === null) await place.group.settled(SETTLE_TIMEOUT_MS)
    return place
  }

  /** Waits until no rebalance is under way, so that what is known of owners holds. */
  async #settled(): Promise<HerderPlace> {
    const place = await this.#started.promise
    if (!(await place.group.settled(SETTLE_TIMEOUT_MS))) {
      throw new RebalanceNeededError('Request cannot be completed because a rebalance is expected')
    }
    return place
  }

  #requireLeader({ group }: HerderPlace): void {
    if (!group.isLeader) throw new NotLeaderError(group.leaderUrl)
  }

  #requireConnector(name: string): void {
    if (!this.#parts.config.state.has(name)) throw views.unknownConnector(name)
  }

  /** The leader knows the owner; others pass the request on to the leader. */
  #notHere({ group }: HerderPlace, what: string, ownerUrl: string | null): Error {
    if (!group.isLeader) return new NotLeaderError(group.leaderUrl)
    return new NotAssignedError(what, ownerUrl)
  }
}
