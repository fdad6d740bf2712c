/**
 * Starts connectors and tasks anew when values that a configuration provider gave them expire
 * (`config.action.reload=restart`).
 */
export class ReloadTimers {
  /** Connector or task → provider and path → timer. */
  readonly #timers = new Map<string, Map<string, NodeJS.Timeout>>()

  /**
   * Notes for how many milliseconds the values of each place hold. A later time for a place takes the place of an
   * earlier one. Nothing happens when `config.action.reload` of the connector is `none`.
   * @param name of the connector or task
   * @param restart called when a value has expired; must not throw
   */
  schedule(
    name: string,
    connectorProps: Readonly<Record<string, string | null>>,
    ttls: ReadonlyMap<string, number>,
    restart: () => void,
  ): void {
    if ((connectorProps['config.action.reload'] ?? 'restart').trim() !== 'restart') return
    for (const [place, ttlMs] of ttls) {
      const timers = this.#timers.get(name) ?? new Map<string, NodeJS.Timeout>()
      this.#timers.set(name, timers)
      clearTimeout(timers.get(place))
      const timer = setTimeout(
        () => {
          timers.delete(place)
          if (timers.size === 0) this.#timers.delete(name)
          restart()
        },
        Math.min(Math.max(ttlMs, 0), LONGEST_MS),
      )
      timers.set(place, timer.unref())
    }
  }

  /** It does not run here any more. */
  cancel(name: string): void {
    for (const timer of this.#timers.get(name)?.values() ?? []) clearTimeout(timer)
    this.#timers.delete(name)
  }
}

/** What a timer can wait at most. */
const LONGEST_MS = 2 ** 31 - 1
