/** A connection that holds part of a large request. */
export interface BudgetHolder {
  /** Go on reading: there is room again. */
  resume(): void
  /** Give up: the request did not arrive in time while others wait for its room. */
  expire(): void
}

const PATIENCE_MS = 30000

/**
 * Bounds the bytes of requests that all connections together hold in memory. Above the limit, connections with an
 * unfinished request stop reading. One of them at a time may finish, so that there is always progress; if it does not within
 * 30 seconds, it is closed.
 */
export class RequestBudget {
  readonly #limit: number
  readonly #waiting = new Set<BudgetHolder>()
  #held = 0
  #favoured: BudgetHolder | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get heldBytes(): number {
    return this.#held
  }

  /** Books a change of what a connection holds; negative when it lets go. */
  add(bytes: number): void {
    this.#held += bytes
    if (bytes < 0 && this.#held <= this.#limit) this.#resumeAll()
  }

  /** Whether a connection with an unfinished request may read on; if not, its `resume` is called later. */
  mayRead(holder: BudgetHolder): boolean {
    if (this.#held <= this.#limit || holder === this.#favoured) return true
    if (this.#favoured === null) {
      this.#favour(holder)
      return true
    }
    this.#waiting.add(holder)
    return false
  }

  /** To be called when the holder's request has arrived whole, and when it closes. */
  done(holder: BudgetHolder): void {
    this.#waiting.delete(holder)
    if (this.#favoured !== holder) return
    this.#favour(null)
    const [next] = this.#waiting
    if (next === undefined) return
    this.#waiting.delete(next)
    this.#favour(next)
    next.resume()
  }

  #favour(holder: BudgetHolder | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#favoured = holder
    if (holder === null) return
    this.#timer = setTimeout(() => holder.expire(), PATIENCE_MS)
    this.#timer.unref()
  }

  #resumeAll(): void {
    if (this.#favoured !== null) this.#favour(null)
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const holder of waiting) holder.resume()
  }
}
