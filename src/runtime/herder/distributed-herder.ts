import { Backoff } from '../../base/backoff.ts'
import { pause } from '../../base/deadline.ts'
import type { GroupOwner } from '../group/membership.ts'
import { isNoWork, type Work } from '../group/work.ts'
import type { Properties } from '../stores/config-records.ts'
import type { ConfigEvent } from '../stores/config-state.ts'
import type { ConnectorTaskId, TargetState, TaskCounters } from '../task-runner.ts'
import { ConfigReactions } from './config-reactions.ts'
import { ConnectorChanges } from './connector-changes.ts'
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
  TaskInfo,
  TaskStateEntry,
} from './herder.ts'
import { HerderContext, type HerderParts, type HerderPlace } from './herder-context.ts'
import { HerderReads } from './herder-reads.ts'
import { dropStaleStatuses, SessionKeyRotation } from './leader-duties.ts'
import { LoggerAdmin } from './logger-admin.ts'
import { PeerRequests } from './peer-requests.ts'
import { QueueWatch } from './queue-watch.ts'
import { Restarts } from './restarts.ts'
import type { PartitionOffset } from './sink-offsets.ts'
import { TaskConfigPublisher } from './task-config-publisher.ts'
import type { Stage } from './work-queue.ts'

export type { HerderParts, HerderPlace } from './herder-context.ts'

/** How long a stopping worker tries to write its last statuses. */
const FAREWELL_TIMEOUT_MS = 3_000
/** Pauses between attempts to list the plugins, which whatever is assigned here waits for. */
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 10_000

/**
 * A worker's part in a cluster: takes requests, acts on what the configuration topic says, and keeps what runs here
 * in step with what the group assigned. All decisions go through one queue. Workers agree through the topics and the
 * group alone, so that any of them may disappear at any time. A standalone worker has one as well, alone in its group.
 *
 * Each subject is a class of its own; here they meet.
 */
export class DistributedHerder implements Herder, GroupOwner {
  readonly #context: HerderContext
  readonly #reads: HerderReads
  readonly #changes: ConnectorChanges
  readonly #restarts: Restarts
  readonly #peers: PeerRequests
  readonly #loggers: LoggerAdmin
  readonly #reactions: ConfigReactions
  readonly #publisher: TaskConfigPublisher
  readonly #sessionKeys: SessionKeyRotation
  /** The first assignment is in effect. */
  #assigned = false
  #ready = false

  constructor(parts: HerderParts) {
    this.#context = new HerderContext(parts)
    this.#reads = new HerderReads(this.#context)
    this.#publisher = new TaskConfigPublisher((connector) => this.#peers.publishTaskConfigs(connector), parts.logger)
    this.#changes = new ConnectorChanges(this.#context, this.#reads, this.#publisher)
    this.#restarts = new Restarts(this.#context, this.#reads)
    this.#peers = new PeerRequests(this.#context)
    this.#loggers = new LoggerAdmin(parts.config, parts.hasPeers, parts.logger)
    this.#reactions = new ConfigReactions(this.#context, this.#restarts, this.#loggers)
    this.#sessionKeys = new SessionKeyRotation(parts.config, parts.worker, parts.logger)
    if (parts.hasPeers) {
      const watch = new QueueWatch(parts.worker.rebalanceTimeoutMs, () => this.#leaveUntilCaughtUp(watch))
      this.#context.queue.watchBy(watch)
    }
  }

  /** Reads the internal topics to their end; requests wait until `place` is known. */
  async start(makePlace: () => Promise<HerderPlace>): Promise<void> {
    const { queue, parts, started } = this.#context
    try {
      const place = await queue.run('initializing and reading to the end of internal topics', async () => {
        const made = await makePlace()
        await Promise.all([parts.config.start(), parts.statuses.start()])
        return made
      })
      this.#context.place = place
      await place.local.runner.start()
      await place.group.start()
      started.resolve(place)
    } catch (error) {
      started.reject(error)
      throw error
    }
  }

  /** Nothing is left to be done before others may rely on this worker: its health says so from now on. */
  ready(): void {
    this.#ready = true
  }

  /** Stops all work, tells the cluster, and leaves the group. */
  async stop(): Promise<void> {
    const { stopSignal, queue, parts, place } = this.#context
    stopSignal.abort()
    place?.group.prepareStop()
    this.#publisher.stop()
    this.#sessionKeys.stop()
    const ended = new AbortController()
    // The job that runs may write to brokers that are away.
    void parts.config.giveUpWrites(FAREWELL_TIMEOUT_MS, ended.signal)
    await queue.close()
    ended.abort()
    if (place === null) return
    const { group, local } = place
    await local.stop(local.placed())
    await Promise.race([parts.statuses.flush(), pause(FAREWELL_TIMEOUT_MS)])
    await group.stop()
    await local.runner.stop()
  }

  stage(): Stage | null {
    return this.#context.stage()
  }

  // Reads

  connectors(): Promise<string[]> {
    return this.#reads.connectors()
  }

  connectorInfo(name: string): Promise<ConnectorInfo> {
    return this.#reads.connectorInfo(name)
  }

  async connectorConfig(name: string): Promise<Properties> {
    return (await this.#reads.connectorInfo(name)).config
  }

  connectorStatus(name: string): Promise<ConnectorStateInfo> {
    return this.#reads.connectorStatus(name)
  }

  taskStatus(id: ConnectorTaskId): Promise<TaskStateEntry> {
    return this.#reads.taskStatus(id)
  }

  taskConfigs(name: string): Promise<TaskInfo[]> {
    return this.#reads.taskConfigs(name)
  }

  activeTopics(name: string): Promise<string[]> {
    return this.#reads.activeTopics(name)
  }

  resetActiveTopics(name: string): Promise<void> {
    return this.#reads.resetActiveTopics(name)
  }

  async connectorOffsets(name: string): Promise<ConnectorOffset[]> {
    return this.#context.parts.offsets.read(await this.#reads.offsetSubject(name))
  }

  async plugins(connectorsOnly: boolean): Promise<PluginInfo[]> {
    return (await this.#context.parts.plugins()).list(connectorsOnly)
  }

  pluginConfig(plugin: string, version: string | null = null): Promise<ConfigKeyInfo[]> {
    return this.#context.parts.validator.pluginConfig(plugin, version)
  }

  validateConfig(plugin: string, config: Properties): Promise<ConfigInfos> {
    return this.#context.parts.validator.validatePlugin(plugin, config)
  }

  serverInfo(): Promise<ServerInfo> {
    return this.#context.parts.serverInfo()
  }

  counters(): Promise<TaskCounters[]> {
    return this.#reads.counters()
  }

  health(timeoutMs: number): Promise<Health> {
    return this.#reads.health(this.#assigned && this.#ready, timeoutMs)
  }

  // Changes

  putConnector(
    name: string,
    config: Properties,
    options: { allowReplace: boolean; initialState?: TargetState | null },
  ): Promise<{ created: boolean; info: ConnectorInfo }> {
    return this.#changes.put(name, config, options)
  }

  patchConnectorConfig(name: string, patch: Properties): Promise<ConnectorInfo> {
    return this.#changes.patch(name, patch)
  }

  deleteConnector(name: string): Promise<void> {
    return this.#changes.remove(name)
  }

  pauseConnector(name: string): Promise<void> {
    return this.#changes.putTargetState(name, 'PAUSED')
  }

  resumeConnector(name: string): Promise<void> {
    return this.#changes.putTargetState(name, 'STARTED')
  }

  stopConnector(name: string): Promise<void> {
    return this.#changes.stop(name)
  }

  alterOffsets(name: string, offsets: readonly PartitionOffset[]): Promise<OffsetsMessage> {
    return this.#changes.alterOffsets(name, offsets)
  }

  resetOffsets(name: string): Promise<OffsetsMessage> {
    return this.#changes.resetOffsets(name)
  }

  restartConnector(
    name: string,
    options: { includeTasks: boolean; onlyFailed: boolean },
  ): Promise<ConnectorStateInfo | null> {
    return this.#restarts.connector(name, options)
  }

  restartTask(id: ConnectorTaskId): Promise<void> {
    return this.#restarts.task(id)
  }

  putTaskConfigs(name: string, configs: readonly Properties[], signature: RequestSignature): Promise<void> {
    return this.#peers.putTaskConfigs(name, configs, signature)
  }

  fenceZombies(name: string, signature: RequestSignature): Promise<void> {
    return this.#peers.fenceZombies(name, signature)
  }

  async loggers(): Promise<Record<string, LoggerLevel>> {
    return this.#loggers.all()
  }

  async loggerLevel(name: string): Promise<LoggerLevel> {
    return this.#loggers.level(name)
  }

  setLoggerLevel(name: string, level: string, scope: LoggerScope): Promise<string[] | null> {
    return this.#loggers.set(name, level, scope)
  }

  // What the group asks of its owner

  configOffset(): number {
    return this.#context.parts.config.state.offset
  }

  configured(): Work {
    return this.#context.parts.config.state.configured()
  }

  async readConfigToEnd(): Promise<void> {
    await this.#context.parts.config.readToEnd()
  }

  async revoked(work: Work): Promise<void> {
    const { isStopping, place, queue } = this.#context
    if (isStopping || place === null) return
    const { generation } = place.group
    await this.#runForGroup('stopping revoked connectors and tasks', async () => {
      await place.local.stop(work, generation)
      await queue.step('flushing updates to the status topic', () => this.#flushUnlessStopping())
    })
  }

  /** A worker that stops leaves undone what the group asked of it before: it ends all its work by itself. */
  async #runForGroup(description: string, job: () => Promise<void>): Promise<void> {
    try {
      await this.#context.queue.run(description, job)
    } catch (error) {
      if (!this.#context.isStopping) throw error
    }
  }

  async abandoned(work: Work): Promise<void> {
    await this.#context.place?.local.stop(work)
  }

  /**
   * Others must not count on a worker whose queue hangs (Kafka Connect's expired poll timeout): it leaves the group, and
   * joins again when everything that it was given has been done.
   */
  #leaveUntilCaughtUp(watch: QueueWatch): void {
    const { queue, place, parts } = this.#context
    const caughtUp = queue.passed()
    void caughtUp.then(() => watch.resume())
    if (this.#context.isStopping || place === null || place.group.view === null) return
    const { rebalanceTimeoutMs } = parts.worker
    parts.logger.warn(
      { rebalanceTimeoutMs },
      'worker poll timeout has expired. The last known action being performed by the worker is : ' +
        `${queue.stage?.description ?? 'not known'}. It has held up everything else for longer than ` +
        'rebalance.timeout.ms, so this worker leaves the group until it is done. If it needs that long, increase ' +
        'rebalance.timeout.ms, which is also how long a rebalance waits for a worker that does not answer',
    )
    place.group.leaveUntil(caughtUp, 'worker poll timeout has expired.')
  }

  async assigned(): Promise<void> {
    const { isStopping, place, queue, parts } = this.#context
    if (isStopping || place === null) return
    await this.#runForGroup('starting assigned connectors and tasks', async () => {
      await place.local.stopSuperfluous(place.group.held)
      if (!isNoWork(place.group.held)) await this.#untilPluginsAreKnown()
      place.local.startMissing(place.group.held)
      this.#sessionKeys.stop()
      if (!place.group.isLeader) return
      dropStaleStatuses(parts.config, parts.statuses)
      if (place.group.view?.version !== 2) return
      const description = 'writing a new session key to the config topic'
      const whenLeading = (job: () => Promise<void>): Promise<void> =>
        queue.run(description, async () => {
          if (place.group.isLeader) await job()
        })
      await queue.step(description, () => this.#sessionKeys.start(whenLeading))
    })
    this.#assigned = true
  }

  /** What is assigned has to start some time: nobody would notice that it never did. */
  async #untilPluginsAreKnown(): Promise<void> {
    const { stopSignal, parts } = this.#context
    const backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS)
    for (;;) {
      try {
        await parts.plugins()
        return
      } catch (error) {
        if (this.#context.isStopping) return
        const delayMs = backoff.next()
        parts.logger.warn({ err: error, delayMs }, 'Could not find out which plugins there are; trying again')
        await pause(delayMs, stopSignal.signal)
      }
    }
  }

  /** Writing goes on for as long as the brokers are away; a worker that stops must not wait for them. */
  async #flushUnlessStopping(): Promise<void> {
    const { stopSignal, parts, isStopping } = this.#context
    if (isStopping) return
    const stopped = new Promise<void>((resolve) =>
      stopSignal.signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    await Promise.race([parts.statuses.flush(), stopped])
  }

  /** For {@link LocalWork}: the connector's tasks may have to change. */
  connectorRunning(connector: string): void {
    this.#publisher.request(connector)
  }

  /** For {@link ConfigStore}: something changed in the configuration topic. */
  configChanged(event: ConfigEvent): void {
    this.#reactions.follow(event)
  }
}
