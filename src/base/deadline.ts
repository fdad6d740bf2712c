import { setTimeout as delay } from 'node:timers/promises'

/** Says that something did not happen in time. `operation` is what was waited for, in plain words. */
export class DeadlineExceededError extends Error {
  readonly code = 'MILL_DEADLINE_EXCEEDED'
  readonly retriable = true
  readonly timeoutMs: number

  constructor(operation: string, timeoutMs: number) {
    super(`${operation} did not finish within ${timeoutMs} ms`)
    this.name = 'DeadlineExceededError'
    this.timeoutMs = timeoutMs
  }
}

/**
 * Resolves or rejects as `promise` does, but rejects with a {@link DeadlineExceededError} after `timeoutMs`.
 * The work behind `promise` goes on; abort it by its own signal if it must not.
 */
export async function withDeadline<T>(promise: Promise<T>, timeoutMs: number, operation: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeadlineExceededError(operation, timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([promise, expiry])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits `ms`, or less when `signal` aborts: then it resolves early with `false`, and never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, signal ? { signal } : {})
    return true
  } catch {
    return false
  }
}
