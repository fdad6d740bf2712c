import { createLogger, type Logger } from '../base/logger.ts'
import { FrameMemory } from '../net/index.ts'
import { BrokerConfig } from './config/broker-config.ts'
import type { Listener } from './config/listeners.ts'
import { effectiveTopicConfig } from './config/topic-config.ts'
import { apiRanges, Dispatcher } from './dispatcher.ts'
import { systemClock } from './groups/clock.ts'
import { GroupCoordinator } from './groups/coordinator.ts'
import type { StateTopic } from './groups/state-log.ts'
import { logConfigFrom } from './log/log-config.ts'
import { LogManager } from './log/log-manager.ts'
import { MetadataStore } from './metadata-store.ts'
import { ProducerIds } from './producer-ids.ts'
import { ResponseBudget } from './server/response-budget.ts'
import { BrokerServer } from './server/server.ts'
import type { BrokerServices } from './services.ts'
import { CONSUMER_OFFSETS } from './topic-name.ts'
import { sparseTopics, Topics } from './topics.ts'

/** A running broker. */
export interface Broker {
  /** Where it listens, with the ports that it got. */
  readonly listeners: readonly Listener[]
  readonly clusterId: string
  /** Stops taking requests, flushes everything and lets the data folders go. */
  close(): Promise<void>
}

/**
 * Starts a broker with settings under Kafka's names; resolves when clients can connect and all groups are loaded.
 * @throws {BrokerConfigError} for a wrong setting
 * @throws {ListenError} for an address that cannot be bound
 * @throws {StorageError} when a data folder cannot be used
 */
export async function startBroker(
  properties: Readonly<Record<string, string>>,
  logger: Logger = createLogger({ bindings: { part: 'broker' } }),
): Promise<Broker> {
  const config = new BrokerConfig(properties)
  warnAboutSettings(config, logger)
  const store = await MetadataStore.open(config.logDirs[0] ?? '')
  config.setDynamic(store.data.brokerConfigs)
  const logs = await LogManager.open(logOptions(config, store, logger))
  let groups: GroupCoordinator | null = null
  try {
    const topics = await Topics.load(store, logs, config, logger)
    groups = await GroupCoordinator.load(offsetsTopic(topics), coordinatorOptions(config), systemClock, logger)
    const coordinator = groups
    topics.onDelete((topic) => coordinator.forgetTopic(topic.name))
    const responses = new ResponseBudget(4 * config.number('fetch.max.bytes'))
    const memory = new FrameMemory()
    const advertised = new Map(config.advertised)
    const services: BrokerServices = {
      config,
      clusterId: logs.clusterId,
      topics,
      logs,
      groups,
      producerIds: new ProducerIds(store),
      store,
      responses,
      memory,
      logger,
      apiRanges,
      advertised: (name) => advertised.get(name) ?? { name, host: '127.0.0.1', port: 9092 },
    }
    const server = new BrokerServer(new Dispatcher(services), { ...serverOptions(config), responses, memory, logger })
    const listeners = await server.listen(config.listeners)
    for (const listener of listeners) advertised.set(listener.name, advertisedAddress(listener, config))
    logger.info({ listeners, clusterId: logs.clusterId, nodeId: config.nodeId }, 'Broker started')
    return {
      listeners,
      clusterId: logs.clusterId,
      async close() {
        await server.close()
        coordinator.close()
        await logs.close()
        logger.info('Broker stopped')
      },
    }
  } catch (error) {
    groups?.close()
    await logs.close()
    throw error
  }
}

function logOptions(config: BrokerConfig, store: MetadataStore, logger: Logger) {
  return {
    logDirs: config.logDirs,
    defaults: logConfigFrom(effectiveTopicConfig({}, config)),
    configOf: (topic: string) => logConfigFrom(effectiveTopicConfig(store.data.topics[topic]?.configs ?? {}, config)),
    sparseTopics,
    logger,
    nodeId: config.nodeId,
    retentionCheckIntervalMs: config.number('log.retention.check.interval.ms'),
    checkpointIntervalMs: config.number('log.flush.offset.checkpoint.interval.ms'),
    cleanerEnabled: config.boolean('log.cleaner.enable'),
    cleanerBackoffMs: config.number('log.cleaner.backoff.ms'),
    producerIdExpirationMs: config.number('producer.id.expiration.ms'),
    producerIdExpirationCheckIntervalMs: config.number('producer.id.expiration.check.interval.ms'),
  }
}

function warnAboutSettings(config: BrokerConfig, logger: Logger): void {
  if (config.unknown.length > 0) {
    logger.warn({ settings: config.unknown }, 'These settings are unknown to the broker and were ignored')
  }
  if (config.withoutEffect.length > 0) {
    logger.warn({ settings: config.withoutEffect }, 'These settings are known, but change nothing in this broker')
  }
}

/** What clients are told: the advertised address; its port 0, or none at all, stands for the port that was bound. */
function advertisedAddress(bound: Listener, config: BrokerConfig): Listener {
  const wanted = config.advertised.get(bound.name)
  if (wanted !== undefined) return wanted.port === 0 ? { ...wanted, port: bound.port } : wanted
  const isEverywhere = bound.host === '' || bound.host === '0.0.0.0' || bound.host === '::'
  return isEverywhere ? { ...bound, host: 'localhost' } : bound
}

function offsetsTopic(topics: Topics): StateTopic {
  return {
    partitions: topics.get(CONSUMER_OFFSETS)?.partitions ?? 1,
    existing: (partition) => topics.log(CONSUMER_OFFSETS, partition),
    open: (partition) => topics.openLog(CONSUMER_OFFSETS, partition),
  }
}

function coordinatorOptions(config: BrokerConfig) {
  return {
    initialRebalanceDelayMs: config.number('group.initial.rebalance.delay.ms'),
    minSessionTimeoutMs: config.number('group.min.session.timeout.ms'),
    maxSessionTimeoutMs: config.number('group.max.session.timeout.ms'),
    maxGroupSize: config.number('group.max.size'),
    offsetMetadataMaxBytes: config.number('offset.metadata.max.bytes'),
    offsetsRetentionMs: config.number('offsets.retention.minutes') * 60000,
    offsetsRetentionCheckIntervalMs: config.number('offsets.retention.check.interval.ms'),
    loadBufferBytes: config.number('offsets.load.buffer.size'),
  }
}

function serverOptions(config: BrokerConfig) {
  const maxRequestBytes = config.number('socket.request.max.bytes')
  const queuedBytes = config.number('queued.max.request.bytes')
  return {
    maxRequestBytes,
    maxHeldBytes: queuedBytes > 0 ? Math.max(queuedBytes, maxRequestBytes) : 2 * maxRequestBytes,
    idleMs: config.number('connections.max.idle.ms'),
    maxConnections: config.number('max.connections'),
    maxConnectionsPerIp: config.number('max.connections.per.ip'),
    backlog: config.number('socket.listen.backlog.size'),
  }
}
