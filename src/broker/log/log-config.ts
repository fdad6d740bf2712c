import type { CompressionType } from '../../protocol/records/index.ts'

/** What a partition's log does, from the topic settings of the same names. Times in ms, sizes in bytes, −1 = no limit. */
export interface LogConfig {
  /** `cleanup.policy` has `compact`. */
  compact: boolean
  /** `cleanup.policy` has `delete`. */
  delete: boolean
  /** `producer` keeps what the producer sent. */
  compressionType: CompressionType | 'producer'
  deleteRetentionMs: number
  fileDeleteDelayMs: number
  flushMessages: number
  flushMs: number
  indexIntervalBytes: number
  maxCompactionLagMs: number
  maxMessageBytes: number
  messageTimestampType: 'CreateTime' | 'LogAppendTime'
  messageTimestampBeforeMaxMs: number
  messageTimestampAfterMaxMs: number
  minCleanableDirtyRatio: number
  minCompactionLagMs: number
  retentionBytes: number
  retentionMs: number
  segmentBytes: number
  segmentIndexBytes: number
  segmentJitterMs: number
  segmentMs: number
}

const NEVER = Number.MAX_SAFE_INTEGER

/** Kafka's defaults of the topic settings. */
export const defaultLogConfig: LogConfig = {
  compact: false,
  delete: true,
  compressionType: 'producer',
  deleteRetentionMs: 86400000,
  fileDeleteDelayMs: 60000,
  flushMessages: NEVER,
  flushMs: NEVER,
  indexIntervalBytes: 4096,
  maxCompactionLagMs: NEVER,
  maxMessageBytes: 1048588,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: NEVER,
  messageTimestampAfterMaxMs: 3600000,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  retentionBytes: -1,
  retentionMs: 604800000,
  segmentBytes: 1073741824,
  segmentIndexBytes: 10485760,
  segmentJitterMs: 0,
  segmentMs: 604800000,
}

const numbers: Readonly<Record<string, keyof LogConfig>> = {
  'delete.retention.ms': 'deleteRetentionMs',
  'file.delete.delay.ms': 'fileDeleteDelayMs',
  'flush.messages': 'flushMessages',
  'flush.ms': 'flushMs',
  'index.interval.bytes': 'indexIntervalBytes',
  'max.compaction.lag.ms': 'maxCompactionLagMs',
  'max.message.bytes': 'maxMessageBytes',
  'message.timestamp.before.max.ms': 'messageTimestampBeforeMaxMs',
  'message.timestamp.after.max.ms': 'messageTimestampAfterMaxMs',
  'min.cleanable.dirty.ratio': 'minCleanableDirtyRatio',
  'min.compaction.lag.ms': 'minCompactionLagMs',
  'retention.bytes': 'retentionBytes',
  'retention.ms': 'retentionMs',
  'segment.bytes': 'segmentBytes',
  'segment.index.bytes': 'segmentIndexBytes',
  'segment.jitter.ms': 'segmentJitterMs',
  'segment.ms': 'segmentMs',
}

/**
 * The log's settings from topic settings under Kafka's names, over `base`. Values have been validated by the caller; a name
 * that does not concern the log is skipped.
 */
export function logConfigFrom(
  values: Iterable<readonly [string, string]>,
  base: LogConfig = defaultLogConfig,
): LogConfig {
  const config: LogConfig = { ...base }
  for (const [name, text] of values) {
    const number = numbers[name]
    if (number !== undefined) Object.assign(config, { [number]: Number(text) })
    else if (name === 'cleanup.policy') {
      const policies = text.split(',').map((policy) => policy.trim())
      config.compact = policies.includes('compact')
      config.delete = policies.includes('delete')
    } else if (name === 'compression.type') {
      config.compressionType = text === 'uncompressed' ? 'none' : (text as LogConfig['compressionType'])
    } else if (name === 'message.timestamp.type') {
      config.messageTimestampType = text === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime'
    }
  }
  return config
}
