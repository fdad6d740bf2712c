/** A timer that is later than this tells that the whole process stood still. */
const STANDSTILL_MS = 1_000

/**
 * Notices when a queue does not come to its jobs: when the oldest one, running or waiting, was given longer than
 * `limitMs` ago. Says so once, until {@link resume}.
 */
export class QueueWatch {
  readonly #limitMs: number
  readonly #onOverdue: () => void
  /** When the jobs were given that have not ended, oldest first. */
  readonly #given: number[] = []
  #resumedAt = 0
  #isOverdue = false
  #timer: NodeJS.Timeout | undefined

  constructor(limitMs: number, onOverdue: () => void) {
    this.#limitMs = limitMs
    this.#onOverdue = onOverdue
  }

  given(): void {
    this.#given.push(performance.now())
    if (this.#given.length === 1) this.#arm()
  }

  /** Jobs end in the order in which they were given. */
  ended(): void {
    this.#given.shift()
    this.#arm()
  }

  /** From now on the jobs count anew. */
  resume(): void {
    this.#isOverdue = false
    this.#resumedAt = performance.now()
    this.#arm()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const [oldest] = this.#given
    if (oldest === undefined || this.#isOverdue) return
    const dueAt = Math.max(oldest, this.#resumedAt) + this.#limitMs
    this.#timer = setTimeout(() => this.#expire(dueAt), Math.max(0, dueAt - performance.now())).unref()
  }

  #expire(dueAt: number): void {
    // No job could have gone on meanwhile.
    if (performance.now() - dueAt > STANDSTILL_MS) return this.resume()
    this.#isOverdue = true
    this.#onOverdue()
  }
}
