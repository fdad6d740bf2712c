import { Sensor, type SensorSettings } from '../../base/sensor.ts'

/** Measures a worker's rebalances: from the moment that it has an assignment until it works by it. */
export class RebalanceMeter {
  readonly #times: Sensor
  readonly #now: () => number
  #startedAt: number | null = null
  #completedAt: number | null = null

  constructor(settings?: SensorSettings, now = () => performance.now()) {
    this.#times = new Sensor(settings)
    this.#now = now
  }

  started(): void {
    this.#startedAt = this.#now()
  }

  completed(): void {
    const now = this.#now()
    this.#times.record(now - (this.#startedAt ?? now), now)
    this.#startedAt = null
    this.#completedAt = now
  }

  /** By Kafka's attribute names. */
  values(): Record<string, number> {
    const now = this.#now()
    return {
      'completed-rebalances-total': this.#times.count,
      rebalancing: this.#startedAt === null ? 0 : 1,
      'rebalance-max-time-ms': this.#times.max(now),
      'rebalance-avg-time-ms': this.#times.avg(now),
      'time-since-last-rebalance-ms': this.#completedAt === null ? Infinity : now - this.#completedAt,
    }
  }
}
