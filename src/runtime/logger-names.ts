/**
 * The loggers of the runtime's parts, by the names that Kafka Connect's own have, so that whoever sets the level of one of
 * those finds what it did there. Plugins log under their class.
 */
export const loggerNames = {
  worker: 'org.apache.kafka.connect.runtime.Worker',
  connector: 'org.apache.kafka.connect.runtime.WorkerConnector',
  sourceTask: 'org.apache.kafka.connect.runtime.WorkerSourceTask',
  sinkTask: 'org.apache.kafka.connect.runtime.WorkerSinkTask',
  herder: 'org.apache.kafka.connect.runtime.distributed.DistributedHerder',
  standaloneHerder: 'org.apache.kafka.connect.runtime.standalone.StandaloneHerder',
  group: 'org.apache.kafka.connect.runtime.distributed.WorkerCoordinator',
  plugins: 'org.apache.kafka.connect.runtime.isolation.Plugins',
  rest: 'org.apache.kafka.connect.runtime.rest.RestServer',
  configs: 'org.apache.kafka.connect.storage.KafkaConfigBackingStore',
  statuses: 'org.apache.kafka.connect.storage.KafkaStatusBackingStore',
  offsets: 'org.apache.kafka.connect.storage.KafkaOffsetBackingStore',
  logs: 'org.apache.kafka.connect.util.KafkaBasedLog',
  clients: 'org.apache.kafka.clients.NetworkClient',
} as const
