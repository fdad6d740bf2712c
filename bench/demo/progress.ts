/** One leg of the way. Its rate is that of the first `goal` records; later changes trickle in and do not count. */
export class Leg {
  readonly name: string
  readonly goal: number
  count = 0
  #startedAt = performance.now()
  #grewAt = this.#startedAt
  #counted = 0

  constructor(name: string, goal: number) {
    this.name = name
    this.goal = goal
  }

  /** Times start here instead of where the leg was made. */
  start(): void {
    this.#startedAt = performance.now()
    this.#grewAt = this.#startedAt
  }

  record(count: number): void {
    if (count === this.count) return
    this.count = count
    if (this.#counted >= this.goal) return
    this.#counted = count
    this.#grewAt = performance.now()
  }

  /** Records a second, or 0 before the first. */
  get rate(): number {
    const seconds = (this.#grewAt - this.#startedAt) / 1000
    return seconds > 0 ? Math.round(this.#counted / seconds) : 0
  }

  describe(): string {
    return `${this.name}: ${this.count.toLocaleString('en')} (${this.rate.toLocaleString('en')}/s)`
  }
}

/** A line that is written over on a terminal, and at most once a second elsewhere. */
export class ProgressLine {
  #shownAt = 0

  show(text: string): void {
    const now = Date.now()
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\u001b[2K${text}`)
    } else if (now - this.#shownAt >= 1000) {
      this.#shownAt = now
      console.log(text)
    }
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write('\n')
  }
}
