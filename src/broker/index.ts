// The integrated broker: one node that speaks the Kafka protocol. Sockets are in server/, one file an API in handlers/,
// partitions on disk in log/, groups and committed offsets in groups/, settings in config/. Nothing here knows about Connect.

export { type Broker, startBroker } from './broker.ts'
export { BrokerConfigError } from './config/broker-config-error.ts'
export type { Listener } from './config/listeners.ts'
export { StorageError } from './log/errors.ts'
export { ListenError } from './server/listen-error.ts'
export { type BrokerThread, startBrokerThread } from './thread.ts'
