import { sharedMoment } from '../../base/shared-moment.ts'

interface Tick {
  readonly waiters: Set<() => void>
  readonly timer: NodeJS.Timeout
}

/**
 * Waits of idle tasks, which end together: the end of each is put off a little, to a moment that others have as well, so
 * that a thread with hundreds of idle tasks is woken a few times a second and not hundreds of times.
 */
export class IdleClock {
  readonly #ticks = new Map<number, Tick>()
  /** What each signal ends. It is listened to once, since every listener costs as much as a wait. */
  readonly #waits = new WeakMap<AbortSignal, Set<() => void>>()

  /**
   * Resolves after `ms` and at most a seventh of it, or as soon as `signal` aborts; never rejects. With null, which is what
   * a poll that has nothing gives.
   */
  wait(ms: number, signal: AbortSignal): Promise<null> {
    if (signal.aborted) return Promise.resolve(null)
    const now = performance.now()
    const due = Math.ceil(sharedMoment(now, Math.max(0, ms)))
    const tick = this.#ticks.get(due) ?? this.#newTick(due, now)
    const waits = this.#waits.get(signal) ?? this.#listen(signal)
    return new Promise<null>((resolve) => {
      const end = (): void => {
        waits.delete(end)
        tick.waiters.delete(end)
        if (tick.waiters.size === 0) this.#drop(due, tick)
        resolve(null)
      }
      tick.waiters.add(end)
      waits.add(end)
    })
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const waits = new Set<() => void>()
    this.#waits.set(signal, waits)
    const endAll = (): void => {
      for (const end of waits) end()
    }
    signal.addEventListener('abort', endAll, { once: true })
    return waits
  }

  #newTick(due: number, now: number): Tick {
    const waiters = new Set<() => void>()
    const timer = setTimeout(
      () => {
        for (const end of waiters) end()
      },
      Math.ceil(due - now),
    )
    const tick = { waiters, timer }
    this.#ticks.set(due, tick)
    return tick
  }

  #drop(due: number, tick: Tick): void {
    clearTimeout(tick.timer)
    if (this.#ticks.get(due) === tick) this.#ticks.delete(due)
  }
}

/** The clock of all tasks of this thread. */
export const idleClock = new IdleClock()
