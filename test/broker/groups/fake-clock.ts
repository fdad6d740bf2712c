import type { Clock } from '../../../src/broker/groups/clock.ts'

/** A clock that stands still until it is told to move on. */
export class FakeClock implements Clock {
  #now = 1_000_000
  #timers: { at: number; action: () => void }[] = []

  now(): number {
    return this.#now
  }

  schedule(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#now + delayMs, action }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves on by `ms`, running what falls due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#now = Math.max(this.#now, due.at)
      this.#timers = this.#timers.filter((other) => other !== due)
      due.action()
      await settle()
    }
    this.#now = end
    await settle()
  }

  get pendingTimers(): number {
    return this.#timers.length
  }
}

/** Lets everything run that only waits for promises. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}
