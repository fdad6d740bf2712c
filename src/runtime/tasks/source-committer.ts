import { withDeadline } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import type { CommitMeter } from '../metrics/task-meter.ts'
import type { WorkerConfig } from '../worker-config.ts'
import type { OffsetStore } from './offset-stores.ts'
import type { SourceCommitStrategy } from './source-commit-strategy.ts'
import { type CommittableOffset, partitionKey, type SubmittedRecords } from './submitted-records.ts'

/**
 * Writes a source task's offsets at intervals and at its end. What a write did not bring home is kept for the next one; a
 * newer offset of the same source partition takes its place.
 */
export class SourceCommitter implements SourceCommitStrategy {
  readonly #connector: string
  readonly #submitted: SubmittedRecords
  readonly #store: OffsetStore
  readonly #logger: Logger
  readonly #config: Pick<WorkerConfig, 'offsetFlushIntervalMs' | 'offsetFlushTimeoutMs'>
  readonly #beforeWrite: () => Promise<void>
  readonly #meter: CommitMeter | null
  #pending = new Map<string, CommittableOffset>()
  #committed: CommittableOffset[] = []
  #running: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  /** @param beforeWrite awaited before offsets are written: dead letters of what they move past must be kept by then */
  constructor(
    connector: string,
    submitted: SubmittedRecords,
    store: OffsetStore,
    logger: Logger,
    config: Pick<WorkerConfig, 'offsetFlushIntervalMs' | 'offsetFlushTimeoutMs'>,
    beforeWrite: () => Promise<void> = () => Promise.resolve(),
    meter: CommitMeter | null = null,
  ) {
    this.#meter = meter
    this.#beforeWrite = beforeWrite
    this.#connector = connector
    this.#submitted = submitted
    this.#store = store
    this.#logger = logger
    this.#config = config
  }

  start(): void {
    this.#timer = setInterval(() => void this.commit(), Math.max(1, this.#config.offsetFlushIntervalMs))
  }

  batchTaken(): void {}

  /** The next commit at its interval takes what is finished until then. */
  pausing(): void {}

  /** Writes what may be committed now. Never rejects: a failure is logged, and the next commit tries again. */
  commit(): Promise<void> {
    this.#running ??= this.#write().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async finalCommit(): Promise<void> {
    await this.#running
    await this.commit()
  }

  /** What was committed since the last call, for the plugin's `commit`. */
  takeCommitted(): CommittableOffset[] {
    if (this.#committed.length === 0) return this.#committed
    const committed = this.#committed
    this.#committed = []
    return committed
  }

  async #write(): Promise<void> {
    for (const offset of this.#submitted.takeCommittable()) this.#pending.set(partitionKey(offset.partition), offset)
    const startedAt = performance.now()
    if (this.#pending.size === 0) {
      // As Kafka Connect counts: nothing to write is a commit that succeeded.
      this.#meter?.committed(0)
      return
    }
    const writing = this.#pending
    this.#pending = new Map()
    const offsets = [...writing.values()]
    try {
      await withDeadline(
        this.#beforeWrite().then(() => this.#store.write(this.#connector, offsets)),
        this.#config.offsetFlushTimeoutMs,
        'Writing source offsets',
      )
      this.#committed.push(...offsets)
      this.#logger.debug({ partitions: offsets.length }, 'Committed source offsets')
      this.#meter?.committed(performance.now() - startedAt)
    } catch (error) {
      for (const [key, offset] of this.#pending) writing.set(key, offset)
      this.#pending = writing
      this.#meter?.commitFailed()
      this.#logger.error({ err: error }, 'Failed to commit source offsets; they are kept for the next commit')
    }
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
