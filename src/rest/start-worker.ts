import type { Logger } from '../base/logger.ts'
import {
  adminListenerTls,
  createStandaloneWorker,
  createWorker,
  type Herder,
  listenerTls,
  loggerNames,
  resolveWorkerProperties,
  serverTlsOptions,
  TaskThreads,
  type WorkerOptions,
} from '../runtime/index.ts'
import { advertisedUrl } from './listeners.ts'
import { createRestServer } from './server.ts'
import { productVersion } from './version.ts'

export interface StartWorkerOptions {
  readonly logger: Logger
  /** Default: task threads. */
  readonly makeRunner?: WorkerOptions['makeRunner']
  /** A worker of its own, with offsets in a file; default: one of a cluster. */
  readonly standalone?: boolean
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
  /** Resolves when the worker is ready to join the group; rejects, after everything was closed, when it cannot be. */
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
  const { logger, onFatal } = options
  const create = options.standalone ? createStandaloneWorker : createWorker
  const worker = create(await resolveWorkerProperties(props, logger), {
    logger,
    version: productVersion(),
    commit: 'unknown',
    makeRunner:
      options.makeRunner ??
      ((config, listener, _logger, offsets) =>
        new TaskThreads({ config, listener, logger, offsets: offsets ?? undefined })),
    ...(onFatal === undefined ? {} : { onFatal }),
  })
  const { herder, metrics } = worker
  const { config, peers } = worker
  const [own, admin] = [listenerTls(config), adminListenerTls(config)]
  const server = await createRestServer({
    herder,
    logger: logger.child({ logger: loggerNames.rest }),
    metrics,
    peers,
    rest: config.rest,
    listeners: config.listeners,
    adminListeners: config.rest.adminListeners,
    tls: () => serverTlsOptions(own.tls, own.prefix),
    adminTls: () => serverTlsOptions(admin.tls, admin.prefix),
  })
  const url = advertisedUrl(config, server.bound)
  let stopping: Promise<void> | null = null
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      await server.close()
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
