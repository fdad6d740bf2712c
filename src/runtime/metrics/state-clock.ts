/** Adds up the time spent in each state, for the ratios of a task. Times are milliseconds of a monotonic clock. */
export class StateClock<S extends string> {
  #state: S
  #since: number
  readonly #start: number
  readonly #spent = new Map<S, number>()

  constructor(state: S, now: number) {
    this.#state = state
    this.#since = now
    this.#start = now
  }

  get state(): S {
    return this.#state
  }

  change(state: S, now: number): void {
    if (state === this.#state) return
    this.#spent.set(this.#state, this.#timeIn(this.#state, now))
    this.#state = state
    this.#since = now
  }

  /** Between 0 and 1: the part of the time since the start that was spent in `state`. */
  ratio(state: S, now: number): number {
    const all = now - this.#start
    return all <= 0 ? 0 : this.#timeIn(state, now) / all
  }

  #timeIn(state: S, now: number): number {
    return (this.#spent.get(state) ?? 0) + (state === this.#state ? now - this.#since : 0)
  }
}
