import type { ExitCode } from '../exit-codes.ts'
import { loadProperties, splitBroker } from '../properties.ts'
import { runUntilSignal, type StopSignals } from '../stop-signals.ts'
import { openBroker } from './broker.ts'
import { serverLogger, type ServerOptions } from './options.ts'
import { openClusterWorker } from './worker.ts'

const defaults = new URL('../../../config/millrace.properties', import.meta.url)

/**
 * `millrace start`: a worker with the integrated broker, in one process. The broker's properties carry the prefix
 * `broker.`; the worker uses the broker unless `bootstrap.servers` is set, and then no broker is started.
 */
export async function runStart(
  file: string | undefined,
  options: ServerOptions,
  signals: StopSignals,
): Promise<ExitCode> {
  const logger = serverLogger(options.logLevel, 'worker')
  const { broker: brokerProperties, worker: workerProperties } = splitBroker(
    loadProperties(file ?? defaults, options.override),
  )
  const withBroker = workerProperties['bootstrap.servers'] === undefined || Object.keys(brokerProperties).length > 0
  return runUntilSignal(
    async (opened, stop) => {
      if (!withBroker) return openClusterWorker(workerProperties, logger, opened, stop)
      // The worker, opened later, stops before the broker that it stores its offsets in.
      const bootstrapServers = await openBroker(brokerProperties, logger, options.logLevel.root, opened, stop)
      await openClusterWorker({ 'bootstrap.servers': bootstrapServers, ...workerProperties }, logger, opened, stop)
    },
    signals,
    logger,
  )
}
