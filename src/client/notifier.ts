import { now, type WaitLimits } from './waits.ts'

/** Longer delays than this overflow in Node's timers. */
const LONGEST_TIMER_MS = 0x7fffffff

/** Lets one or more waiters go on when something happened. */
export class Notifier {
  readonly #waiters = new Set<(isNotified: boolean) => void>()

  notify(): void {
    for (const end of this.#waiters) end(true)
  }

  /** Resolves with true at the next `notify`, with false when time is over or the signal fires. */
  wait({ deadline, signal }: WaitLimits): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const end = (isNotified: boolean): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        this.#waiters.delete(end)
        resolve(isNotified)
      }
      const onAbort = (): void => end(false)
      const timer =
        deadline === undefined
          ? undefined
          : setTimeout(onAbort, Math.min(Math.ceil(Math.max(0, deadline - now())), LONGEST_TIMER_MS))
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(end)
    })
  }
}
