import type { Logger } from '../base/logger.ts'
import {
  adminListenerTls,
  createStandaloneWorker,
  createWorker,
  type Herder,
  listenerTls,
  loadRestExtensions,
  loggerNames,
  resolveWorkerProperties,
  serverTlsOptions,
  TaskThreads,
  type WorkerConfig,
  type WorkerOptions,
} from '../runtime/index.ts'
import { basicAuth } from './extensions/basic-auth.ts'
import { clusterState } from './extensions/cluster-state.ts'
import { RestExtensions } from './extensions/rest-extensions.ts'
import { advertisedUrl, unreachableNotice } from './listeners.ts'
import { routesOf } from './routes/index.ts'
import { metricsPath } from './routes/metrics.ts'
import { createRestServer } from './server.ts'
import { restTimeouts, type RestTimeouts } from './timeouts.ts'
import { kafkaVersion, productVersion } from './version.ts'

export interface StartWorkerOptions {
  readonly logger: Logger
  /** Default: task threads. */
  readonly makeRunner?: WorkerOptions['makeRunner']
  /** A worker of its own, with offsets in a file; default: one of a cluster. */
  readonly standalone?: boolean
  readonly prepare?: WorkerOptions['prepare']
  /** When REST requests are given up. Default: as with Kafka Connect. */
  readonly timeouts?: RestTimeouts
  /** The group refuses this worker for good. */
  readonly onFatal?: (error: unknown) => void
}

/** A worker with its REST server. */
export interface RunningWorker {
  readonly herder: Herder
  /** REST addresses, with the real ports and a slash at the end. */
  readonly urls: readonly string[]
  /** Those of the administration endpoints, when they have listeners of their own. */
  readonly adminUrls: readonly string[]
  /** What the other workers are told. */
  readonly advertisedUrl: string
  /** Resolves when the worker has started and was prepared; rejects, after everything was closed, when it cannot be. */
  readonly started: Promise<void>
  stop(): Promise<void>
}

/**
 * Opens the REST server and starts a worker with Kafka Connect's properties. Resolves as soon as REST answers; wait
 * for `started` to know that the internal topics were read. Rejects for wrong properties and ports in use.
 */
export async function startWorker(
  props: Readonly<Record<string, string>>,
  options: StartWorkerOptions,
): Promise<RunningWorker> {
  const { logger, onFatal, prepare, timeouts } = options
  const create = options.standalone ? createStandaloneWorker : createWorker
  const worker = create(await resolveWorkerProperties(props, logger), {
    logger,
    version: kafkaVersion,
    commit: `millrace-${productVersion()}`,
    makeRunner:
      options.makeRunner ??
      ((config, listener, _logger, offsets) =>
        new TaskThreads({ config, listener, logger, offsets: offsets ?? undefined })),
    ...(prepare === undefined ? {} : { prepare }),
    ...(onFatal === undefined ? {} : { onFatal }),
  })
  const { herder, metrics } = worker
  const { config, peers } = worker
  const [own, admin] = [listenerTls(config), adminListenerTls(config)]
  const restLogger = logger.child({ logger: loggerNames.rest })
  const extensions = await restExtensions(config, herder, restLogger)
  const server = await createRestServer({
    herder,
    logger: restLogger,
    metrics,
    ...(extensions === null ? {} : { extensions }),
    ...(timeouts === undefined ? {} : { timeouts }),
    peers,
    rest: config.rest,
    listeners: config.listeners,
    adminListeners: config.rest.adminListeners,
    tls: () => serverTlsOptions(own.tls, own.prefix),
    adminTls: () => serverTlsOptions(admin.tls, admin.prefix),
  }).catch(async (error: unknown) => {
    await extensions?.close()
    throw error
  })
  const url = advertisedUrl(config, server.bound)
  const notice = options.standalone === true ? null : unreachableNotice(url, server.bound, config.bootstrapServers)
  if (notice !== null) restLogger.warn({ url }, notice)
  let stopping: Promise<void> | null = null
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await server.close()
      await extensions?.close()
      await worker.stop()
      peers.close()
    })()
    return stopping
  }
  const started = worker.start(url).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  started.catch(() => undefined)
  return { herder: worker.herder, urls: server.urls, adminUrls: server.adminUrls, advertisedUrl: url, started, stop }
}

/** Those of `rest.extension.classes`; null when there are none. */
async function restExtensions(config: WorkerConfig, herder: Herder, logger: Logger): Promise<RestExtensions | null> {
  const classes = config.rest.extensionClasses
  if (classes.length === 0) return null
  const plugins = await loadRestExtensions({ classes, bundled: [basicAuth], pluginPath: config.pluginPath, logger })
  const taken = new Set([...routesOf(herder, logger, 'all', true).map(({ path }) => path), metricsPath])
  return RestExtensions.create({
    plugins,
    properties: config.properties,
    clusterState: clusterState(herder, Math.min(restTimeouts.requestMs, config.rebalanceTimeoutMs)),
    logger,
    isTaken: (path) => taken.has(path),
  })
}
