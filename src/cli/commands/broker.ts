import type { Logger, LogLevel } from '../../base/logger.ts'
import { type BrokerThread, startBrokerThread } from '../../broker/thread.ts'
import type { ExitCode } from '../exit-codes.ts'
import { loadProperties, type Properties } from '../properties.ts'
import { runUntilSignal, type Start, type StopSignals } from '../stop-signals.ts'
import { serverLogger, type ServerOptions } from './options.ts'

const defaults = new URL('../../../config/broker.properties', import.meta.url)

/** `millrace broker`: the Kafka-protocol broker alone. */
export async function runBroker(
  file: string | undefined,
  options: ServerOptions,
  signals: StopSignals,
): Promise<ExitCode> {
  const logger = serverLogger(options.logLevel, 'broker')
  const properties = loadProperties(file ?? defaults, options.override)
  return runUntilSignal(
    async (...start) => {
      await openBroker(properties, logger, options.logLevel.root, ...start)
      logger.info({}, 'Millrace is ready')
    },
    signals,
    logger,
  )
}

/** Starts the broker in its thread and says where it listens, as `bootstrap.servers`. Rejects when it cannot run. */
export async function openBroker(
  properties: Properties,
  logger: Logger,
  logLevel: LogLevel,
  ...[opened, stop]: Parameters<Start>
): Promise<string> {
  const broker = await startBrokerThread(properties, { logLevel, signal: stop })
  opened({ stop: () => broker.close(), failed: failureOf(broker) })
  const addresses = broker.listeners.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  logger.info({ listeners: addresses, clusterId: broker.clusterId }, 'The broker is ready')
  return addresses.join(',')
}

function failureOf(broker: BrokerThread): Promise<never> {
  const failed = broker.exited.then((error) => {
    if (error) throw error
    return new Promise<never>(() => undefined)
  })
  failed.catch(() => undefined)
  return failed
}
