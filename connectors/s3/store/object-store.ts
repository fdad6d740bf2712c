import type { PluginLogger } from 'millrace/connect'

export interface StoreContext {
  /** Who writes, to tell the leftovers of an earlier run from others' work in progress. */
  readonly owner: string
  readonly logger: PluginLogger
  /** Ends waits between repetitions. */
  readonly signal: AbortSignal
}

/**
 * How an upload ended: `created`; `identical`: an object with the same content already has the key, so nothing was to
 * be done; `conflict`: another object has the key and was left alone. The latter two only with conditional writes.
 */
export type UploadOutcome = 'created' | 'identical' | 'conflict'

/** One object on its way. Nothing of it can be seen before `complete`. */
export interface ObjectUpload {
  /**
   * Sends a part; they are put together in the order of the calls, which need not wait for each other. The bytes
   * must not change until the promise settles. Every part but the one of `complete` must have at least 5 MiB.
   */
  writePart(bytes: Uint8Array): Promise<void>
  /** Sends the rest, which may be empty, and makes the object appear. To be called once. */
  complete(rest: Uint8Array): Promise<UploadOutcome>
  /** Drops what was sent. Also after a failure, and never throws. */
  abort(): Promise<void>
}

/**
 * A bucket. Failures are `ConnectError`s, `RetriableError` when another try may help; requests were repeated before
 * that already as often as configured.
 */
export interface ObjectStore {
  /** For messages: what and where the bucket is. */
  readonly place: string
  /** Throws an error that says what to do when the bucket is missing or cannot be used. */
  check(): Promise<void>
  /** Begins an object; does no I/O yet. */
  create(key: string): ObjectUpload
  exists(key: string): Promise<boolean>
  close(): Promise<void>
}
