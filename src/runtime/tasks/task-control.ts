/** What a running task asks about itself: must it stop, pause, or has something outside of its calls failed? */
export class TaskControl {
  readonly #stop = new AbortController()
  readonly #failed = new AbortController()
  #paused: boolean
  #failure: unknown = null
  #wake: (() => void)[] = []

  constructor(paused: boolean) {
    this.#paused = paused
  }

  /** Aborted when the task is to stop or has failed; what plugin code and every wait gets. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  get stopping(): boolean {
    return this.#stop.signal.aborted
  }

  get paused(): boolean {
    return this.#paused
  }

  setPaused(paused: boolean): void {
    this.#paused = paused
    this.#wakeAll()
  }

  stop(): void {
    this.#stop.abort()
    this.#wakeAll()
  }

  /** Ends the task with a failure from outside of its loop: a rejected send, an error in a plugin's timer. The first counts. */
  fail(error: unknown): void {
    if (this.#failed.signal.aborted) return
    this.#failure = error
    this.#failed.abort()
    this.stop()
  }

  get failed(): boolean {
    return this.#failed.signal.aborted
  }

  /** Throws what {@link fail} was called with, if it was. */
  throwIfFailed(): void {
    if (this.#failed.signal.aborted) throw this.#failure
  }

  /** Resolves when the pause is over or the task stops. */
  async whilePaused(): Promise<void> {
    while (this.#paused && !this.stopping) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #wakeAll(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const resolve of waiting) resolve()
  }
}
