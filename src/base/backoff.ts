/**
 * Exponential backoff with jitter, as Kafka's clients have it (KIP-580): the n-th delay is
 * `initialMs * 2^n`, at most `maxMs`, plus or minus 20 %.
 */
export class Backoff {
  readonly initialMs: number
  readonly maxMs: number
  #attempt = 0

  constructor(initialMs: number, maxMs: number) {
    this.initialMs = initialMs
    this.maxMs = Math.max(initialMs, maxMs)
  }

  /** The delay before the next attempt, in milliseconds; each call counts as one failed attempt. */
  next(): number {
    const exponential = Math.min(this.maxMs, this.initialMs * 2 ** Math.min(this.#attempt++, 30))
    return Math.round(exponential * (0.8 + Math.random() * 0.4))
  }

  /** Call after a success, so that the next failure starts from `initialMs` again. */
  reset(): void {
    this.#attempt = 0
  }
}
