import { Sensor, type SensorSettings } from '../../base/sensor.ts'

/**
 * Counts how starts of connectors (or of tasks) end, as Kafka Connect does: RUNNING is a success, FAILED before that a
 * failure; a start into PAUSED is neither.
 */
export class StartupMeter {
  readonly #prefix: 'connector' | 'task'
  readonly #results: Sensor
  readonly #begun = new Map<string, 'starting' | 'paused'>()
  readonly #now: () => number

  constructor(prefix: 'connector' | 'task', settings: SensorSettings, now = () => performance.now()) {
    this.#prefix = prefix
    this.#results = new Sensor(settings)
    this.#now = now
  }

  begin(name: string): void {
    this.#begun.set(name, 'starting')
  }

  report(name: string, state: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED'): void {
    const stage = this.#begun.get(name)
    if (stage === undefined) return
    if (state === 'FAILED') this.#results.record(0, this.#now())
    else if (state !== 'RUNNING') {
      this.#begun.set(name, 'paused')
      return
    } else if (stage === 'starting') this.#results.record(1, this.#now())
    this.#begun.delete(name)
  }

  /** Kafka's five attributes. */
  values(): Record<string, number> {
    const now = this.#now()
    const { count, total } = this.#results
    return {
      [`${this.#prefix}-startup-attempts-total`]: count,
      [`${this.#prefix}-startup-success-total`]: total,
      [`${this.#prefix}-startup-success-percentage`]: this.#results.share(1, now),
      [`${this.#prefix}-startup-failure-total`]: count - total,
      [`${this.#prefix}-startup-failure-percentage`]: this.#results.share(0, now),
    }
  }
}
