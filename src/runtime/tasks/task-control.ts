/** What a running task asks about itself: must it stop, pause, or has something outside of its calls failed? */
export class TaskControl {
  readonly #stop = new AbortController()
  readonly #failed = Promise.withResolvers<never>()
  #paused: boolean
  #isFailed = false
  #failure: unknown = null
  #wake: (() => void)[] = []
  readonly #watchers = new Set<() => void>()

  constructor(paused: boolean) {
    this.#paused = paused
    // Whether anybody waits for a failure is up to them.
    this.#failed.promise.catch(() => {})
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
    if (this.#isFailed) return
    this.#isFailed = true
    this.#failure = error
    this.#failed.reject(error)
    this.stop()
  }

  /** As `work`, but rejects at once when {@link fail} is called, whatever becomes of the work. */
  unlessFailed<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise])
  }

  /** Throws what {@link fail} was called with, if it was. */
  throwIfFailed(): void {
    if (this.#isFailed) throw this.#failure
  }

  /** True after {@link fail}: then the stop is no wish of the user's. */
  get hasFailed(): boolean {
    return this.#isFailed
  }

  /** Calls `changed` whenever the task is to pause, go on or stop. */
  watch(changed: () => void): void {
    this.#watchers.add(changed)
  }

  /** Resolves when the pause is over or the task stops. */
  async whilePaused(): Promise<void> {
    while (this.#paused && !this.stopping) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  #wakeAll(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const resolve of waiting) resolve()
    for (const changed of this.#watchers) changed()
  }
}
