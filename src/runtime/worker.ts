import type { Logger } from '../base/logger.ts'
import {
  Admin,
  ClientTimeoutError,
  type Cluster,
  ConnectionError,
  createCluster,
  GroupMember,
  Producer,
} from '../client/index.ts'
import { RuntimeError, WorkerConfigError } from './errors.ts'
import { ConnectGroup, type GroupHandler, type GroupMembership } from './group/membership.ts'
import { ConnectorOffsets } from './herder/connector-offsets.ts'
import { DistributedHerder, type HerderPlace } from './herder/distributed-herder.ts'
import type { Herder } from './herder/herder.ts'
import { LocalWork } from './herder/local-work.ts'
import { PeerClient } from './herder/peer-client.ts'
import { PluginDirectory } from './herder/plugin-directory.ts'
import { loggerNames } from './logger-names.ts'
import type { MetricsSource } from './metrics/group.ts'
import { WorkerMetrics } from './metrics/worker-metrics.ts'
import { bundledPolicy } from './plugins/override-policies.ts'
import { logPluginPathProblems } from './plugins/plugin-path.ts'
import {
  hasConverterVersions,
  hasOwnConverters,
  requireKnownConverters,
  warnOfConverterVersions,
} from './plugins/require-known-converters.ts'
import { requireKnownPolicy } from './plugins/require-known-policy.ts'
import { ConfigProviders } from './providers/config-providers.ts'
import { ConfigStore } from './stores/config-store.ts'
import { ensureInternalTopics } from './stores/internal-topics.ts'
import { KafkaBasedLog } from './stores/kafka-based-log.ts'
import type { KafkaLogFactory } from './stores/kafka-log.ts'
import { StatusStore } from './stores/status-store.ts'
import type { TaskRunner, TaskRunnerListener } from './task-runner.ts'
import { clientOptions } from './tasks/client-settings.ts'
import type { OffsetStore } from './tasks/offset-stores.ts'
import { ConfigValidator } from './validation/config-validator.ts'
import { logNotices } from './worker-config/notices.ts'
import { type WorkerConfig, workerConfig } from './worker-config.ts'
import { clientTlsOptions, listenerTls } from './worker-config/tls-options.ts'

export interface WorkerOptions {
  readonly logger: Logger
  /** Shown by `GET /`. */
  readonly version: string
  readonly commit: string
  /** Makes what runs connectors and tasks; the task threads, but for tests. */
  readonly makeRunner: (
    config: WorkerConfig,
    listener: TaskRunnerListener,
    logger: Logger,
    offsets: OffsetStore | null,
  ) => TaskRunner
  /** What is to be done before the worker calls itself ready, e.g. create the connectors of a command line. */
  readonly prepare?: (herder: Herder) => Promise<void>
  /** The group will not have this worker any more, e.g. because the others use another protocol. */
  readonly onFatal?: (error: unknown) => void
}

/** A worker of a cluster, without its REST server. */
export interface Worker {
  readonly config: WorkerConfig
  readonly herder: Herder
  /** Calls the other workers' REST servers. */
  readonly peers: PeerClient
  readonly metrics: MetricsSource
  /**
   * Creates or checks the internal topics, reads them, and begins to join the group.
   * @param advertisedUrl this worker's REST address for the others, with a slash at the end
   */
  start(advertisedUrl: string): Promise<void>
  /** Stops all work gracefully, leaves the group, closes all connections. */
  stop(): Promise<void>
}

const PRODUCER_CLOSE_TIMEOUT_MS = 1_000
/** After this long the log says what the start is waiting for. */
const PATIENCE_MS = 2_000

/** What a worker of a cluster and a standalone one do differently. */
export interface WorkerMode {
  /** Opens what the configuration, the statuses and the herder's view of the offsets stand on. */
  readonly openLog: KafkaLogFactory
  /** Makes sure that all is there that the logs need; called before they are read. */
  prepare(): Promise<void>
  join(handler: GroupHandler): GroupMembership
  /** Internal requests of other workers make sense. */
  readonly hasPeers: boolean
  /** Where tasks keep source offsets; null: in the topics that their configuration names. */
  readonly offsets: OffsetStore | null
}

/** The connections that every worker has, for a {@link WorkerMode}. */
export interface WorkerClients {
  readonly cluster: Cluster
  readonly producer: Producer
  readonly admin: Admin
  /** Aborted when the worker stops. */
  readonly stopping: AbortSignal
  readonly onFatal: (error: unknown) => void
  readonly logger: Logger
}

/** Puts a worker of a cluster together from its properties. Throws {@link WorkerConfigError} for wrong ones. */
export function createWorker(props: Readonly<Record<string, string>>, options: WorkerOptions): Worker {
  const config = workerConfig(props)
  refuseExactlyOnce(config)
  logNotices(props, 'cluster', options.logger)
  return new ConnectWorker(config, options, (clients) => new DistributedMode(config, clients))
}

/** Puts a worker together that runs by the given mode. */
export function createWorkerOf(
  config: WorkerConfig,
  options: WorkerOptions,
  mode: (clients: WorkerClients) => WorkerMode,
): Worker {
  return new ConnectWorker(config, options, mode)
}

function refuseExactlyOnce(config: WorkerConfig): void {
  if (config.exactlyOnceSupport !== 'disabled') {
    const name = 'exactly.once.source.support'
    throw new WorkerConfigError({ [name]: [`${name}=${config.exactlyOnceSupport} is not supported yet; use disabled`] })
  }
}

/** A worker of a cluster: its state is in topics, and the brokers' group coordinator brings the workers together. */
class DistributedMode implements WorkerMode {
  readonly openLog: KafkaLogFactory
  readonly hasPeers = true
  readonly offsets = null
  readonly #config: WorkerConfig
  readonly #clients: WorkerClients

  constructor(config: WorkerConfig, clients: WorkerClients) {
    this.#config = config
    this.#clients = clients
    this.openLog = (topic, use, listener) =>
      new KafkaBasedLog(
        topic.topic,
        clients.cluster,
        clients.producer,
        listener,
        clients.logger.child({ logger: loggerNames.logs, log: use }),
      )
  }

  async prepare(): Promise<void> {
    const topics = [
      { kind: 'config', config: this.#config.configStorage },
      { kind: 'offset', config: this.#config.offsetStorage },
      { kind: 'status', config: this.#config.statusStorage },
    ] as const
    const { admin, cluster, logger, stopping } = this.#clients
    const timeoutMs = cluster.options.defaultApiTimeoutMs
    await ensureInternalTopics(admin, topics, { timeoutMs, logger, signal: stopping })
  }

  join(handler: GroupHandler): GroupMember {
    const { groupId, sessionTimeoutMs, rebalanceTimeoutMs, heartbeatIntervalMs } = this.#config
    const { cluster, logger, onFatal } = this.#clients
    return new GroupMember(
      cluster,
      {
        groupId,
        protocolType: 'connect',
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        heartbeatIntervalMs,
        // A worker that may have lost its work to others does not wait for the end of its session.
        unreachableTimeoutMs: heartbeatIntervalMs,
      },
      {
        ...handler,
        onFatal: (error) => {
          logger.fatal({ err: error, group: groupId }, 'The group does not accept this worker')
          onFatal(error)
        },
      },
    )
  }
}

class ConnectWorker implements Worker {
  readonly config: WorkerConfig
  readonly herder: DistributedHerder
  readonly peers: PeerClient
  readonly metrics: WorkerMetrics
  readonly #options: WorkerOptions
  readonly #cluster: Cluster
  readonly #producer: Producer
  readonly #providers: ConfigProviders
  readonly #configStore: ConfigStore
  readonly #statuses: StatusStore
  readonly #offsets: ConnectorOffsets
  readonly #stopping = new AbortController()
  readonly #mode: WorkerMode
  #runner: TaskRunner | null = null
  #isStarted = false
  #plugins: Promise<PluginDirectory> | null = null
  #knownPlugins = new PluginDirectory([])

  constructor(config: WorkerConfig, options: WorkerOptions, mode: (clients: WorkerClients) => WorkerMode) {
    const { logger } = options
    this.config = config
    this.#options = options
    const { prefix, tls } = listenerTls(config)
    this.peers = new PeerClient(() => clientTlsOptions(tls, prefix))
    const clientId = config.clientId === '' ? config.groupId : `${config.groupId}-${config.clientId}`
    this.#cluster = createCluster({
      ...clientOptions(
        { 'request.timeout.ms': '40000', ...config.properties },
        logger.child({ logger: loggerNames.clients }),
      ),
      bootstrapServers: [...config.bootstrapServers],
      clientId,
    })
    const { maxRequestSize } = config
    this.#producer = new Producer(this.#cluster, {
      acks: -1,
      lingerMs: 0,
      deliveryTimeoutMs: 2 ** 31 - 1,
      maxRequestSize,
    })
    this.#providers = new ConfigProviders(config.configProviders, logger, (...args) =>
      this.#theRunner().readProvider(...args),
    )
    this.#mode = mode({
      cluster: this.#cluster,
      producer: this.#producer,
      admin: new Admin(this.#cluster),
      stopping: this.#stopping.signal,
      onFatal: (error) => options.onFatal?.(error),
      logger,
    })
    const { openLog } = this.#mode
    this.#configStore = new ConfigStore(
      config.configStorage,
      openLog,
      (event) => this.herder.configChanged(event),
      logger.child({ logger: loggerNames.configs }),
    )
    this.#statuses = new StatusStore(config.statusStorage, openLog, logger.child({ logger: loggerNames.statuses }))
    this.metrics = new WorkerMetrics({
      version: options.version,
      commit: options.commit,
      clientId,
      client: this.#cluster.meter,
      workerProps: config.properties,
      config: this.#configStore.state,
      statuses: this.#statuses,
      plugins: () => this.#knownPlugins,
    })
    this.#offsets = new ConnectorOffsets(
      config,
      openLog,
      (plugin, props, offsets) => this.#theRunner().alterOffsets(plugin, props, offsets),
      this.#mode.offsets === null,
      logger.child({ logger: loggerNames.offsets }),
    )
    this.herder = new DistributedHerder({
      worker: config,
      config: this.#configStore,
      statuses: this.#statuses,
      offsets: this.#offsets,
      hasPeers: this.#mode.hasPeers,
      peers: this.peers,
      validator: new ConfigValidator({
        worker: config,
        providers: this.#providers,
        plugins: () => this.#directory(),
        validate: (...args) => this.#theRunner().validateConnector(...args),
        checkOverrides: (...args) => this.#theRunner().checkOverrides(...args),
      }),
      plugins: () => this.#directory(),
      serverInfo: async () => ({
        version: options.version,
        commit: options.commit,
        kafka_cluster_id: (await this.#cluster.clusterId()) ?? '',
      }),
      logger: logger.child({
        logger: this.#mode.hasPeers ? loggerNames.herder : loggerNames.standaloneHerder,
      }),
    })
  }

  async start(advertisedUrl: string): Promise<void> {
    const { logger } = this.#options
    const brokers = this.config.bootstrapServers.join(', ')
    const waiting = setTimeout(() => {
      logger.warn(
        { brokers },
        'Not ready yet: the brokers of bootstrap.servers do not answer, or the internal topics are not there',
      )
    }, PATIENCE_MS)
    try {
      await this.herder.start(() => this.#prepare(advertisedUrl))
    } catch (error) {
      if (!(error instanceof ClientTimeoutError) && !(error instanceof ConnectionError)) throw error
      throw new RuntimeError(
        `The brokers of bootstrap.servers=${brokers} cannot be reached: ${error.message}. Start them, or correct the setting.`,
        { cause: error },
      )
    } finally {
      clearTimeout(waiting)
    }
    this.#isStarted = true
    await this.#options.prepare?.(this.herder)
    this.herder.ready()
    logger.info({ url: advertisedUrl, group: this.config.groupId }, 'Worker started')
    const pluginLogger = logger.child({ logger: loggerNames.plugins })
    await logPluginPathProblems(this.config.pluginPath, pluginLogger)
    if (hasConverterVersions(this.config)) warnOfConverterVersions(this.config, await this.#directory(), pluginLogger)
  }

  async #prepare(advertisedUrl: string): Promise<HerderPlace> {
    const place = this.#place(advertisedUrl)
    if (this.#providers.needsPlugins) this.#providers.requireKnown(await this.#directory())
    const { clientConfigOverridePolicy: policy, properties } = this.config
    if (bundledPolicy(policy, properties) === null) requireKnownPolicy(policy, await this.#directory())
    if (hasOwnConverters(this.config)) requireKnownConverters(this.config, await this.#directory())
    await this.#mode.prepare()
    return place
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    // What waits for brokers or plugins that do not answer ends with the connections and threads.
    if (!this.#isStarted) await Promise.all([this.#cluster.close(), this.#runner?.stop()])
    await this.herder.stop()
    // A start that failed may have left threads that the herder never got to know.
    await this.#runner?.stop()
    await Promise.all([this.#configStore.stop(), this.#statuses.stop(), this.#offsets.stop()])
    await this.#producer.close(PRODUCER_CLOSE_TIMEOUT_MS)
    await this.#cluster.close()
  }

  #place(advertisedUrl: string): HerderPlace {
    const { logger, makeRunner } = this.#options
    const local = new LocalWork(
      {
        config: this.#configStore.state,
        statuses: this.#statuses,
        providers: this.#providers,
        plugins: () => this.#knownPlugins,
        logger: logger.child({ logger: loggerNames.worker }),
        workerId: new URL(advertisedUrl).host,
        topicTracking: this.config.topicTrackingEnable,
        generation: () => group.generation,
        onConnectorRunning: (connector) => this.herder.connectorRunning(connector),
        starts: this.metrics.starts,
      },
      (listener) => makeRunner(this.config, listener, logger, this.#mode.offsets),
    )
    this.#runner = local.runner
    const group: ConnectGroup = new ConnectGroup(
      advertisedUrl,
      this.config,
      this.herder,
      (handler) => this.#mode.join(handler),
      logger.child({ logger: loggerNames.group }),
      this.metrics.rebalances,
    )
    this.metrics.use({ local, group: this.#mode.hasPeers ? group : null })
    return { group, local }
  }

  #theRunner(): TaskRunner {
    if (this.#runner === null) throw new Error('the worker has not been started')
    return this.#runner
  }

  /** Plugins are looked for once, when they are first needed. */
  #directory(): Promise<PluginDirectory> {
    this.#plugins ??= this.#theRunner()
      .plugins()
      .then(
        (plugins) => (this.#knownPlugins = new PluginDirectory(plugins)),
        (error: unknown) => {
          this.#plugins = null
          throw error
        },
      )
    return this.#plugins
  }
}
