import type { Logger } from '../../base/logger.ts'
import type { RecordMetadata, SourceRecord, SourceTask } from '../../connect/index.ts'
import type { OpenBatch } from '../pipeline/record-batcher.ts'
import type { PluginScope } from '../plugins/plugin-scope.ts'

/** Tells a task that wants to know it what became of its records. Waits for a moment when no other call is under way. */
export class SettledRecords {
  readonly #task: SourceTask
  readonly #scope: PluginScope
  readonly #logger: Logger
  #queue: { readonly record: SourceRecord; readonly metadata: RecordMetadata | null }[] = []

  constructor(task: SourceTask, scope: PluginScope, logger: Logger) {
    this.#task = task
    this.#scope = scope
    this.#logger = logger
  }

  /** A record was dropped by a transform, or skipped. */
  dropped(record: SourceRecord): void {
    this.#queue.push({ record, metadata: null })
  }

  /** A batch was stored (from `baseOffset` on), or given up (null). */
  settled(batch: OpenBatch, baseOffset: number | null): void {
    const { topic, partition, tracked, builder } = batch
    for (const { record, index } of tracked ?? []) {
      const timestamp = record.timestamp ?? builder.maxTimestamp
      const offset = baseOffset === null || baseOffset < 0 ? -1 : baseOffset + index
      this.#queue.push({ record, metadata: baseOffset === null ? null : { topic, partition, offset, timestamp } })
    }
  }

  /** Makes the calls that are due. */
  async tell(): Promise<void> {
    while (this.#queue.length > 0) {
      const queue = this.#queue
      this.#queue = []
      for (const { record, metadata } of queue) {
        try {
          await this.#scope.call('commitRecord', () => this.#task.commitRecord?.(record, metadata))
        } catch (error) {
          this.#logger.error({ err: error }, 'Exception thrown while calling task.commitRecord()')
        }
      }
    }
  }
}
