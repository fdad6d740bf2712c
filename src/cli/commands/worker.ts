import { createLogger, type Logger } from '../../base/logger.ts'
import { startWorker } from '../../rest/start-worker.ts'
import type { ExitCode } from '../exit-codes.ts'
import { loadProperties, type Properties } from '../properties.ts'
import { runUntilSignal, type Service } from '../stop-signals.ts'
import type { ServerOptions } from './options.ts'

const defaults = new URL('../../../config/worker.properties', import.meta.url)

/** `millrace worker`: a worker that joins others on the brokers of `bootstrap.servers`. */
export async function runWorker(file: string | undefined, options: ServerOptions): Promise<ExitCode> {
  const logger = createLogger({ level: options.logLevel, bindings: { part: 'worker' } })
  const worker = await openWorker(loadProperties(file ?? defaults, options.override), logger)
  return runUntilSignal(worker, logger)
}

/** Starts a worker with REST and says when it is ready. Rejects when it cannot run. */
export async function openWorker(properties: Properties, logger: Logger): Promise<Service> {
  let fail: (error: unknown) => void = () => undefined
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  failed.catch(() => undefined)
  const worker = await startWorker(properties, { logger, onFatal: fail })
  await worker.started
  logger.info({ rest: worker.urls, advertised: worker.advertisedUrl }, 'Millrace is ready')
  return { stop: () => worker.stop(), failed }
}
