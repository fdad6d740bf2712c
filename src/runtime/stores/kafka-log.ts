import type { InternalTopicConfig } from '../worker-config.ts'

/** A record of an internal topic. */
export interface LogRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Uint8Array | null
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
}

/** Where a record was written. */
export type LogPosition = Pick<LogRecord, 'partition' | 'offset'>

/**
 * A compacted topic that is read from its beginning and followed, and written to: what the stores stand on.
 * Records reach the listener in order per partition, also those that this worker wrote.
 */
export interface KafkaLog {
  /** Makes sure that the topic is there, reads it to its present end, and follows it from then on. */
  start(): Promise<void>
  /** Resolves when everything that was in the topic at the time of the call has been given to the listener. */
  readToEnd(): Promise<void>
  /** Resolves when the broker has acknowledged the record; order of calls is kept. A null value is a tombstone. */
  send(key: Uint8Array, value: Uint8Array | null): Promise<LogPosition>
  /** Resolves when the record at that position has been given to the listener. */
  readPast(position: LogPosition): Promise<void>
  /** Writes what was sent and stops following. */
  stop(): Promise<void>
}

/** Opens the log of an internal topic; `use` goes into client names: `configs`, `offsets`, `statuses`. */
export type KafkaLogFactory = (
  topic: InternalTopicConfig,
  use: 'configs' | 'offsets' | 'statuses',
  listener: (record: LogRecord) => void,
) => KafkaLog
