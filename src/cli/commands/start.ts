import { createLogger } from '../../base/logger.ts'
import type { ExitCode } from '../exit-codes.ts'
import { loadProperties, splitBroker } from '../properties.ts'
import { runUntilSignal, type Service } from '../stop-signals.ts'
import { openBroker } from './broker.ts'
import type { ServerOptions } from './options.ts'
import { openWorker } from './worker.ts'

const defaults = new URL('../../../config/millrace.properties', import.meta.url)

/**
 * `millrace start`: a worker with the integrated broker, in one process. The broker's properties carry the prefix
 * `broker.`; the worker uses the broker unless `bootstrap.servers` is set, and then no broker is started.
 */
export async function runStart(file: string | undefined, options: ServerOptions): Promise<ExitCode> {
  const logger = createLogger({ level: options.logLevel, bindings: { part: 'worker' } })
  const { broker: brokerProperties, worker: workerProperties } = splitBroker(
    loadProperties(file ?? defaults, options.override),
  )
  if (workerProperties['bootstrap.servers'] !== undefined && Object.keys(brokerProperties).length === 0) {
    return runUntilSignal(await openWorker(workerProperties, logger), logger)
  }
  const broker = await openBroker(brokerProperties, logger, options.logLevel)
  try {
    const worker = await openWorker({ 'bootstrap.servers': broker.bootstrapServers, ...workerProperties }, logger)
    return await runUntilSignal(together(worker, broker.service), logger)
  } catch (error) {
    await broker.service.stop()
    throw error
  }
}

/** The worker stops before the broker that it stores its offsets in. */
function together(worker: Service, broker: Service): Service {
  return {
    async stop() {
      await worker.stop()
      await broker.stop()
    },
    failed: Promise.race([worker.failed, broker.failed]),
  }
}
