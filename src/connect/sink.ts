import type { SinkBatch } from './batches.ts'
import type { ConnectorDeclaration, PluginLogger } from './connector.ts'
import type { SinkRecord, TopicPartition, TopicPartitionOffset } from './records.ts'

/** Given to a sink task when it starts. */
export interface SinkTaskContext {
  readonly connector: string
  readonly task: number
  readonly logger: PluginLogger
  readonly config: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** The partitions assigned now. */
  assignment(): readonly TopicPartition[]
  /** Before the next batch, go (back) to these offsets. */
  offset(offsets: readonly TopicPartitionOffset[]): void
  /** Until `resume`, also when a rebalance takes a partition and brings it back: `open` may have to resume it. */
  pause(...partitions: readonly TopicPartition[]): void
  resume(...partitions: readonly TopicPartition[]): void
  /** Call `put` again, at the latest, after this many milliseconds; also the pause before a redelivery. */
  timeout(ms: number): void
  /** Ask for a commit (a `preCommit` call) soon instead of at the next interval. */
  requestCommit(): void
  /** Reports a record that the task skips; null when neither a dead letter topic nor error logging is configured. */
  readonly errantRecordReporter: { report(record: SinkRecord, error: Error): Promise<void> } | null
}

/** A running sink task. Calls never overlap. */
export interface SinkTask {
  /**
   * Takes records, in order per partition; also called with none when a deadline passes. Throw `RetriableError` to get
   * the same records again; anything else fails the task.
   */
  put(records: readonly SinkRecord[], call: { readonly signal: AbortSignal }): void | Promise<void>
  /**
   * The fast way in for one partition's records as bytes; absent: everything comes through `put`. The bytes are the task's until the
   * call has ended: afterwards the memory is used again, so what is to be kept has to be copied.
   */
  putBatch?(batch: SinkBatch, call: { readonly signal: AbortSignal }): void | Promise<void>
  /** What may be committed, given what was delivered (next offsets). Default: `flush`, then all of it. */
  preCommit?(
    offsets: readonly TopicPartitionOffset[],
  ): readonly TopicPartitionOffset[] | Promise<readonly TopicPartitionOffset[]>
  flush?(offsets: readonly TopicPartitionOffset[]): void | Promise<void>
  open?(partitions: readonly TopicPartition[]): void | Promise<void>
  close?(partitions: readonly TopicPartition[]): void | Promise<void>
  stop?(): void | Promise<void>
}

export interface SinkPlugin<P = unknown> extends ConnectorDeclaration<P> {
  readonly kind: 'sink'
  startTask(props: P, context: SinkTaskContext): SinkTask | Promise<SinkTask>
}

/** Declares a sink connector; the default export of its module. */
export function defineSink<P>(plugin: Omit<SinkPlugin<P>, 'kind'>): SinkPlugin<P> {
  return { ...plugin, kind: 'sink' }
}
