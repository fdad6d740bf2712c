import { type Deferred, deferred, type WaitLimits, waitFor } from './waits.ts'

/** Lets one or more waiters go on when something happened. */
export class Notifier {
  #next: Deferred<void> = deferred()

  notify(): void {
    this.#next.resolve()
    this.#next = deferred()
  }

  /** Resolves with true at the next `notify`, with false when time is over or the signal fires. */
  async wait(limits: WaitLimits): Promise<boolean> {
    return waitFor(this.#next.promise, limits, 'waiting').then(
      () => true,
      () => false,
    )
  }
}
