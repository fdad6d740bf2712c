// Partitions on disk in Kafka's own files. See README.md.

export { InvalidRecordError, type RecordError, StorageError } from './errors.ts'
export { defaultLogConfig, type LogConfig, logConfigFrom } from './log-config.ts'
export { LogManager, type LogManagerOptions, type TopicLogs } from './log-manager.ts'
export type { ActiveProducer, AppendOptions, AppendResult, LogDeps, ReadOptions, ReadResult } from './log-types.ts'
export { LEADER_EPOCH, PartitionLog } from './partition-log.ts'
export type { TimestampOffset } from './time-lookup.ts'
