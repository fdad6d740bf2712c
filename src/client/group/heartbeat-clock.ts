/** Into how many parts an interval is divided; the members of a part send together. */
const PARTS = 4

interface Wheel {
  readonly parts: readonly Set<() => void>[]
  readonly timer: NodeJS.Timeout
  at: number
  size: number
}

/**
 * Calls each member of a group once an interval, many of them together: a thread with hundreds of members is woken a few
 * times an interval, and what they send to one broker leaves in one piece.
 */
export class HeartbeatClock {
  readonly #wheels = new Map<number, Wheel>()

  /** Calls `beat` once every `intervalMs`, for the first time a little sooner, until what is given back is called. */
  every(intervalMs: number, beat: () => void): () => void {
    const wheel = this.#wheels.get(intervalMs) ?? this.#newWheel(intervalMs)
    const part = wheel.parts[wheel.at] as Set<() => void>
    // The same function may be given twice.
    const call = (): void => beat()
    part.add(call)
    wheel.size++
    return () => {
      if (!part.delete(call) || --wheel.size > 0) return
      clearInterval(wheel.timer)
      this.#wheels.delete(intervalMs)
    }
  }

  #newWheel(intervalMs: number): Wheel {
    const timer = setInterval(() => turn(wheel), Math.max(1, intervalMs / PARTS))
    timer.unref()
    const wheel: Wheel = { parts: Array.from({ length: PARTS }, () => new Set()), timer, at: 0, size: 0 }
    this.#wheels.set(intervalMs, wheel)
    return wheel
  }
}

function turn(wheel: Wheel): void {
  wheel.at = (wheel.at + 1) % PARTS
  for (const call of wheel.parts[wheel.at] as Set<() => void>) call()
}

/** The clock of all members of this thread. */
export const heartbeatClock = new HeartbeatClock()
