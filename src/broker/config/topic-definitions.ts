import { between, type ConfigDefinition, define, listOf, oneOf } from './definition.ts'

const LONG_MAX = '9223372036854775807'
const without = { effect: false }

/** Every topic setting of Kafka 4 (kafka-broker §6.1), in alphabetical order. */
export const topicDefinitions: readonly ConfigDefinition[] = [
  define('cleanup.policy', 'list', 'delete', 'delete: old segments go; compact: the last record of each key stays.', {
    check: listOf('delete', 'compact'),
  }),
  define('compression.gzip.level', 'int', -1, 'Level for topics with compression.type=gzip.', {
    ...without,
    check: (value) => (value === '-1' ? null : between(1, 9)(value)),
  }),
  define('compression.lz4.level', 'int', 9, 'Level for topics with compression.type=lz4.', {
    ...without,
    check: between(1, 17),
  }),
  define('compression.type', 'string', 'producer', 'Codec of the stored batches; producer keeps what was sent.', {
    check: oneOf('producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'),
  }),
  define('compression.zstd.level', 'int', 3, 'Level for topics with compression.type=zstd.', {
    ...without,
    check: between(-131072, 22),
  }),
  define('delete.retention.ms', 'long', 86400000, 'How long tombstones of a compacted topic stay readable.', {
    check: between(0),
  }),
  define('file.delete.delay.ms', 'long', 60000, 'How long a removed segment file stays on disk.', {
    check: between(0),
  }),
  define('flush.messages', 'long', LONG_MAX, 'Records after which the log is flushed.', {
    ...without,
    check: between(1),
  }),
  define('flush.ms', 'long', LONG_MAX, 'Time after which the log is flushed.', { ...without, check: between(0) }),
  define('follower.replication.throttled.replicas', 'list', '', 'Replication throttle; one node has none.', without),
  define('index.interval.bytes', 'int', 4096, 'Bytes of log between two entries of an index.', { check: between(0) }),
  define('leader.replication.throttled.replicas', 'list', '', 'Replication throttle; one node has none.', without),
  define('local.retention.bytes', 'long', -2, 'Local part of a tiered topic; tiering is not offered.', {
    ...without,
    check: between(-2),
  }),
  define('local.retention.ms', 'long', -2, 'Local part of a tiered topic; tiering is not offered.', {
    ...without,
    check: between(-2),
  }),
  define('max.compaction.lag.ms', 'long', LONG_MAX, 'Longest time that a record stays uncompacted.', {
    check: between(1),
  }),
  define('max.message.bytes', 'int', 1048588, 'Largest record batch, as it is sent, in bytes.', { check: between(0) }),
  define('message.timestamp.after.max.ms', 'long', 3600000, 'How far a record timestamp may lie in the future.', {
    check: between(0),
  }),
  define('message.timestamp.before.max.ms', 'long', LONG_MAX, 'How far a record timestamp may lie in the past.', {
    check: between(0),
  }),
  define('message.timestamp.type', 'string', 'CreateTime', 'Whose clock stamps records: CreateTime or LogAppendTime.', {
    check: oneOf('CreateTime', 'LogAppendTime'),
  }),
  define('min.cleanable.dirty.ratio', 'double', 0.5, 'Share of uncompacted log that makes the cleaner start.', {
    check: between(0, 1),
  }),
  define('min.compaction.lag.ms', 'long', 0, 'Shortest time that a record stays uncompacted.', { check: between(0) }),
  define('min.insync.replicas', 'int', 1, 'Replicas that acks=all waits for; one node has one.', {
    ...without,
    check: between(1),
  }),
  define('preallocate', 'boolean', false, 'Reserve the space of a segment when it is made.', without),
  define('remote.storage.enable', 'boolean', false, 'Tiered storage; not offered.', {
    ...without,
    check: (value) => (/^false$/i.test(value) ? null : 'tiered storage is not offered by this broker'),
  }),
  define('retention.bytes', 'long', -1, 'Size of a partition above which old segments go; -1 = no limit.', {
    check: between(-1),
  }),
  define('retention.ms', 'long', 604800000, 'Age above which old segments go; -1 = no limit.', { check: between(-1) }),
  define('segment.bytes', 'int', 1073741824, 'Size at which a new segment is begun.', { check: between(14) }),
  define('segment.index.bytes', 'int', 10485760, 'Largest size of an index file.', { check: between(4) }),
  define('segment.jitter.ms', 'long', 0, 'Random part that is taken off segment.ms.', { check: between(0) }),
  define('segment.ms', 'long', 604800000, 'Age at which a new segment is begun.', { check: between(1) }),
  define('unclean.leader.election.enable', 'boolean', false, 'Elections between replicas; one node has none.', without),
]

const byName = new Map(topicDefinitions.map((definition) => [definition.name, definition]))

/** The definition of a topic setting, or undefined if Kafka has none of that name. */
export function topicDefinition(name: string): ConfigDefinition | undefined {
  return byName.get(name)
}

/** A broker setting that gives the default of a topic setting, and what one unit of it is in the topic setting's unit. */
export interface BrokerSynonym {
  readonly name: string
  readonly factor: number
}

const hours = 3600000
const minutes = 60000

const renamed: Readonly<Record<string, readonly BrokerSynonym[]>> = {
  'compression.gzip.level': [{ name: 'compression.gzip.level', factor: 1 }],
  'compression.lz4.level': [{ name: 'compression.lz4.level', factor: 1 }],
  'compression.type': [{ name: 'compression.type', factor: 1 }],
  'compression.zstd.level': [{ name: 'compression.zstd.level', factor: 1 }],
  'delete.retention.ms': [{ name: 'log.cleaner.delete.retention.ms', factor: 1 }],
  'file.delete.delay.ms': [{ name: 'log.segment.delete.delay.ms', factor: 1 }],
  'flush.messages': [{ name: 'log.flush.interval.messages', factor: 1 }],
  'flush.ms': [
    { name: 'log.flush.interval.ms', factor: 1 },
    { name: 'log.flush.scheduler.interval.ms', factor: 1 },
  ],
  'index.interval.bytes': [{ name: 'log.index.interval.bytes', factor: 1 }],
  'max.compaction.lag.ms': [{ name: 'log.cleaner.max.compaction.lag.ms', factor: 1 }],
  'max.message.bytes': [{ name: 'message.max.bytes', factor: 1 }],
  'min.cleanable.dirty.ratio': [{ name: 'log.cleaner.min.cleanable.ratio', factor: 1 }],
  'min.compaction.lag.ms': [{ name: 'log.cleaner.min.compaction.lag.ms', factor: 1 }],
  'min.insync.replicas': [{ name: 'min.insync.replicas', factor: 1 }],
  'retention.ms': [
    { name: 'log.retention.ms', factor: 1 },
    { name: 'log.retention.minutes', factor: minutes },
    { name: 'log.retention.hours', factor: hours },
  ],
  'segment.index.bytes': [{ name: 'log.index.size.max.bytes', factor: 1 }],
  'segment.jitter.ms': [
    { name: 'log.roll.jitter.ms', factor: 1 },
    { name: 'log.roll.jitter.hours', factor: hours },
  ],
  'segment.ms': [
    { name: 'log.roll.ms', factor: 1 },
    { name: 'log.roll.hours', factor: hours },
  ],
  'unclean.leader.election.enable': [{ name: 'unclean.leader.election.enable', factor: 1 }],
}

const sameWithPrefix = [
  'cleanup.policy',
  'message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms',
  'message.timestamp.type',
  'preallocate',
  'retention.bytes',
  'segment.bytes',
]

/** The broker settings behind a topic setting, strongest first; empty if it has none. */
export function brokerSynonyms(topicSetting: string): readonly BrokerSynonym[] {
  if (sameWithPrefix.includes(topicSetting)) return [{ name: `log.${topicSetting}`, factor: 1 }]
  return renamed[topicSetting] ?? []
}
