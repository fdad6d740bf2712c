import type { Logger } from '../../base/logger.ts'
import { type RunningWorker, startWorker, type StartWorkerOptions } from '../../rest/start-worker.ts'
import type { ExitCode } from '../exit-codes.ts'
import { loadProperties, type Properties } from '../properties.ts'
import { runUntilSignal, type Start, type StopSignals } from '../stop-signals.ts'
import { serverLogger, type ServerOptions } from './options.ts'

const defaults = new URL('../../../config/worker.properties', import.meta.url)

/** `millrace worker`: a worker that joins others on the brokers of `bootstrap.servers`. */
export async function runWorker(
  file: string | undefined,
  options: ServerOptions,
  signals: StopSignals,
): Promise<ExitCode> {
  const logger = serverLogger(options.logLevel, 'worker')
  const properties = loadProperties(file ?? defaults, options.override)
  return runUntilSignal((...start) => openClusterWorker(properties, logger, ...start), signals, logger)
}

/** Starts a worker of a cluster with REST and says when it is ready. Rejects when it cannot run. */
export async function openClusterWorker(
  properties: Properties,
  logger: Logger,
  ...start: Parameters<Start>
): Promise<void> {
  const { urls, advertisedUrl } = await openWorker(properties, { logger }, ...start)
  logger.info({ rest: urls, advertised: advertisedUrl }, 'Millrace is ready')
}

/** Starts a worker with REST, and resolves when it is ready. Rejects when it cannot run. */
export async function openWorker(
  properties: Properties,
  options: StartWorkerOptions,
  ...[opened, stop]: Parameters<Start>
): Promise<RunningWorker> {
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => undefined)
  const worker = await startWorker(properties, { ...options, onFatal: failure.reject })
  opened({ stop: () => worker.stop(), failed: failure.promise })
  await worker.started
  stop.throwIfAborted()
  return worker
}
