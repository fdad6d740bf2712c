import type { CommittableOffset } from './submitted-records.ts'

/**
 * How a source task's offsets follow its records into Kafka. The loop asks at each of these points and knows nothing else of
 * it: today offsets are written behind the records (`SourceCommitter`); transactions are to be another one of these.
 */
export interface SourceCommitStrategy {
  /** The task has been started. */
  start(): void
  /** All records of a poll are with the producer. The next poll waits for what this returns. */
  batchTaken(): void | Promise<void>
  /** The task is being paused and polls no more until it is resumed. */
  pausing(): void | Promise<void>
  /** The task is over and what could be sent is stored. Never rejects: what fails is logged and comes again. */
  finalCommit(): Promise<void>
  /** What was committed since the last call, for the plugin's `commit`. */
  takeCommitted(): CommittableOffset[]
  close(): void
}
