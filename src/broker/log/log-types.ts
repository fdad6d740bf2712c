import type { Logger } from '../../base/logger.ts'
import type { Allocate } from './files.ts'
import type { AbortedRange } from './log-reader.ts'
import type { ProducerEntry } from './producer-state.ts'
import type { AppendOrigin } from './validate.ts'

// What PartitionLog takes and gives.

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface LogDeps {
  logger: Logger
  /** Milliseconds since the epoch; default `Date.now`. */
  now?: () => number
  /** From the checkpoints of the data folder; default 0. */
  recoveryPoint?: number
  logStartOffset?: number
  /** The last stop was clean; default false: the log is checked. */
  isClean?: boolean
  /** `producer.id.expiration.ms`, default one day. */
  producerIdExpirationMs?: number
  /** Called when the log start offset moved and should get into the checkpoint; awaited by `deleteRecordsBefore`. */
  onStartOffsetChanged?: () => Promise<void>
}

export interface AppendOptions {
  origin: AppendOrigin
  /** Resolve only when the records are on disk (acks=all), else when they are written (acks=0 or 1). */
  requireFlush: boolean
}

export interface AppendResult {
  baseOffset: number
  lastOffset: number
  /** −1 unless the topic has `message.timestamp.type=LogAppendTime`. */
  logAppendTime: number
  logStartOffset: number
}

export interface ReadOptions {
  /** Give the first batch whole even if it is larger than the limit. */
  minOneBatch: boolean
  isolation: 'read_committed' | 'read_uncommitted'
  /** Gives the memory to read to, at least as many bytes as it is asked for; default: fresh memory. */
  allocate?: Allocate
}

export interface ReadResult {
  /** Whole batches as they are in the file; the first one may begin before the offset asked for. */
  records: Uint8Array
  /** Sorted by first offset; null for read_uncommitted. */
  abortedTransactions: AbortedRange[] | null
}

/** What DescribeProducers tells of a producer. */
export type ActiveProducer = Readonly<ProducerEntry>
