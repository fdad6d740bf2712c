import type { RecordHeader } from '../../protocol/records/index.ts'
import type { StageError } from './stage-error.ts'

/** A record that could not be handled, for those who report it. Made for failures only. */
export interface FailedRecord {
  /** Where it came from (a sink's) or was going to (a source's). */
  readonly topic: string
  /** Null: not known yet. */
  readonly partition: number | null
  /** Null at sources. */
  readonly offset: number | null
  /** What a log may say of it: coordinates, never what it holds. */
  readonly description: string
  /** The record as bytes. Must be called before the record's batch is done with. */
  letter(): DeadLetter
}

/** What a dead letter topic keeps of a record. */
export interface DeadLetter {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  /** Milliseconds since the epoch; null: none, so that the producer's clock counts. */
  readonly timestamp: number | null
  /** Of a source's record: where in the source it was, for the context headers. */
  readonly source?: { readonly partition: string; readonly offset: string }
}

/** Somewhere that failures are told to. */
export interface ErrorReporter {
  /**
   * Takes the failure in at once; the promise, if any, resolves when it is kept safely. Without `record` the failure
   * belongs to none.
   */
  report(error: StageError, record: FailedRecord | undefined): Promise<void> | null
  /** Waits for what is under way, for a while, and lets go of everything. */
  close(): Promise<void>
}
