/** Restarts connectors when values that a configuration provider gave them expire (`config.action.reload=restart`). */
export class ReloadTimers {
  readonly #restart: (connector: string) => void
  /** Connector → provider and path → timer. */
  readonly #timers = new Map<string, Map<string, NodeJS.Timeout>>()

  /** @param restart called when a value has expired; must not throw */
  constructor(restart: (connector: string) => void) {
    this.#restart = restart
  }

  /**
   * Notes for how many milliseconds the values of each place hold. A later time for a place takes the place of an
   * earlier one. Nothing happens when `config.action.reload` of the connector is `none`.
   */
  schedule(connector: string, props: Readonly<Record<string, string | null>>, ttls: ReadonlyMap<string, number>): void {
    if ((props['config.action.reload'] ?? 'restart').trim() !== 'restart') return
    for (const [place, ttlMs] of ttls) {
      const timers = this.#timers.get(connector) ?? new Map<string, NodeJS.Timeout>()
      this.#timers.set(connector, timers)
      clearTimeout(timers.get(place))
      const timer = setTimeout(
        () => {
          timers.delete(place)
          if (timers.size === 0) this.#timers.delete(connector)
          this.#restart(connector)
        },
        Math.min(Math.max(ttlMs, 0), LONGEST_MS),
      )
      timers.set(place, timer.unref())
    }
  }

  /** The connector is gone from here. */
  cancel(connector: string): void {
    for (const timer of this.#timers.get(connector)?.values() ?? []) clearTimeout(timer)
    this.#timers.delete(connector)
  }

  close(): void {
    for (const connector of this.#timers.keys()) this.cancel(connector)
  }
}

/** What a timer can wait at most. */
const LONGEST_MS = 2 ** 31 - 1
