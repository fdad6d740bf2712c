/**
 * Lets so many at a time do something; the others wait for their turn, in the order of their calls. What takes longer than
 * `countedMs` does not count any more: it hangs rather than works, and must not hold up the others.
 */
export class Limit {
  readonly #countedMs: number
  #free: number
  #waiting: (() => void)[] = []
  /** Of those that wait, how many have had their turn: to take the first of thousands out moves all the others. */
  #served = 0

  constructor(most: number, countedMs: number) {
    this.#free = most
    this.#countedMs = countedMs
  }

  /** Resolves or rejects as the work does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let isCounted = true
    const release = (): void => {
      if (isCounted) this.#next()
      isCounted = false
    }
    const timer = setTimeout(release, this.#countedMs).unref()
    try {
      return await work()
    } finally {
      clearTimeout(timer)
      release()
    }
  }

  #next(): void {
    const next = this.#waiting[this.#served]
    if (next === undefined) {
      this.#free++
      return
    }
    this.#served++
    if (this.#served * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#served)
      this.#served = 0
    }
    next()
  }
}
