import type { RowBatch } from './batches.ts'
import type { ConnectorDeclaration, PluginLogger } from './connector.ts'
import type { SourceOffset, SourcePartition, SourceRecord } from './records.ts'

/** Given to a source task when it starts. */
export interface SourceTaskContext {
  readonly connector: string
  readonly task: number
  readonly logger: PluginLogger
  /** The task's configuration as stored, all values strings, keys of `taskConfigs` included. */
  readonly config: Readonly<Record<string, string>>
  /** Aborted when the task is to stop: every wait must end on it. */
  readonly signal: AbortSignal
  /** The stored offset of a source partition, or null when there is none. */
  offset(partition: SourcePartition): Promise<SourceOffset | null>
  offsets(partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]>
  /** Resolves to null after `ms`, or at once when the task is to stop: `return ctx.idle(1000)` from `poll`. */
  idle(ms: number): Promise<null>
}

/** A batch of a source: plain records (the easy way) or rows as bytes (the fast one). */
export type SourceBatch = readonly SourceRecord[] | RowBatch

/** Where Kafka keeps a record. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  /** −1 when the broker does not tell (`acks=0`). */
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

/** A running source task. Calls never overlap, except that `stop` may come while `poll` waits. */
export interface SourceTask {
  /**
   * The next batch, or null for "nothing yet". Must return soon after `signal` aborts.
   * Throw `RetriableError` to be called again; anything else fails the task.
   */
  poll(call: { readonly signal: AbortSignal }): Promise<SourceBatch | null> | SourceBatch | null
  /** After offsets were committed: everything up to `offsets` is safe in Kafka. */
  commit?(offsets: readonly { partition: SourcePartition; offset: SourceOffset }[]): void | Promise<void>
  /**
   * After a record, or a row of a batch as a record, was stored, or with null when it was dropped by a transform or
   * skipped as faulty. Called between polls; what it throws is logged.
   */
  commitRecord?(record: SourceRecord, metadata: RecordMetadata | null): void | Promise<void>
  /** Releases what the task holds; called once, also after a failed `poll`. */
  stop?(): void | Promise<void>
}

export interface SourcePlugin<P = unknown> extends ConnectorDeclaration<P> {
  readonly kind: 'source'
  startTask(props: P, context: SourceTaskContext): SourceTask | Promise<SourceTask>
}

/** Declares a source connector; the default export of its module. */
export function defineSource<P>(plugin: Omit<SourcePlugin<P>, 'kind'>): SourcePlugin<P> {
  return { ...plugin, kind: 'source' }
}
