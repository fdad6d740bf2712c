import { createLogger, type Logger, type LogLevel } from '../../base/logger.ts'
import { type BrokerThread, startBrokerThread } from '../../broker/thread.ts'
import type { ExitCode } from '../exit-codes.ts'
import { loadProperties, type Properties } from '../properties.ts'
import { runUntilSignal, type Service } from '../stop-signals.ts'
import type { ServerOptions } from './options.ts'

const defaults = new URL('../../../config/broker.properties', import.meta.url)

/** `millrace broker`: the Kafka-protocol broker alone. */
export async function runBroker(file: string | undefined, options: ServerOptions): Promise<ExitCode> {
  const logger = createLogger({ level: options.logLevel, bindings: { part: 'broker' } })
  const { service } = await openBroker(loadProperties(file ?? defaults, options.override), logger, options.logLevel)
  logger.info({}, 'Millrace is ready')
  return runUntilSignal(service, logger)
}

/** Starts the broker in its thread and says where it listens. Rejects when it cannot run. */
export async function openBroker(
  properties: Properties,
  logger: Logger,
  logLevel: LogLevel,
): Promise<{ service: Service; bootstrapServers: string }> {
  const broker = await startBrokerThread(properties, { logLevel })
  const addresses = broker.listeners.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  logger.info({ listeners: addresses, clusterId: broker.clusterId }, 'The broker is ready')
  return { service: { stop: () => broker.close(), failed: failureOf(broker) }, bootstrapServers: addresses.join(',') }
}

function failureOf(broker: BrokerThread): Promise<never> {
  const failed = broker.exited.then((error) => {
    if (error) throw error
    return new Promise<never>(() => undefined)
  })
  failed.catch(() => undefined)
  return failed
}
