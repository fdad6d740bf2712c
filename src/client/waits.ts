import { AbortedError, ClientTimeoutError } from './errors.ts'

/** Milliseconds on a clock that never jumps; all deadlines in this part are on it. */
export function now(): number {
  return performance.now()
}

export interface WaitLimits {
  /** Latest moment on the clock of {@link now}. */
  deadline?: number
  signal?: AbortSignal | undefined
}

/**
 * Settles as `promise` does, unless the deadline passes (rejects with {@link ClientTimeoutError}) or the signal fires
 * ({@link AbortedError}). The work behind `promise` goes on, and its late failure is swallowed.
 * @param what what is waited for, to begin the message with
 */
export function waitFor<T>(promise: Promise<T>, limits: WaitLimits, what: string): Promise<T> {
  const { deadline, signal } = limits
  if (deadline === undefined && signal === undefined) return promise
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => finish(() => reject(new AbortedError(what, { cause: signal?.reason })))
    // Whole milliseconds: timers of one length share a list, others have one each.
    const remaining = deadline === undefined ? undefined : Math.ceil(Math.max(0, deadline - now()))
    const timer =
      remaining === undefined
        ? undefined
        : setTimeout(
            () => finish(() => reject(new ClientTimeoutError(`${what} did not finish in time`))),
            Math.min(remaining, 0x7fffffff),
          )
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    promise.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error as Error)),
    )
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Throws {@link AbortedError} when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new AbortedError(what, { cause: signal.reason })
}

/** A promise with its two ends in hand. Its rejection never counts as unhandled: whoever awaits it sees it. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: unknown): void
}

export function deferred<T = void>(): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  promise.catch(() => {})
  return { promise, resolve, reject }
}
