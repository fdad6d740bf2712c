/** Lets so many at a time do something; the others wait for their turn, in the order of their calls. */
export class Limit {
  #free: number
  #waiting: (() => void)[] = []
  /** Of those that wait, how many have had their turn: to take the first of thousands out moves all the others. */
  #served = 0

  constructor(most: number) {
    this.#free = most
  }

  /** Resolves or rejects as the work does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      this.#next()
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
