import { Sensor, type SensorSettings } from '../../base/sensor.ts'
import { now } from '../waits.ts'

const HOUR_MS = 3_600_000

/** What a member of a group went through, for metrics. */
export class GroupMeter {
  readonly #heartbeats: Sensor
  readonly #joins: Sensor
  readonly #syncs: Sensor
  readonly #rebalances: Sensor
  readonly #rebalancesPerHour: Sensor
  readonly #failures: Sensor
  #lastHeartbeat: number | null = null
  #rebalanceStart: number | null = null
  #lastRebalance: number | null = null

  constructor(settings: SensorSettings) {
    this.#heartbeats = new Sensor(settings)
    this.#joins = new Sensor(settings)
    this.#syncs = new Sensor(settings)
    this.#rebalances = new Sensor(settings)
    this.#rebalancesPerHour = new Sensor({ ...settings, windowMs: HOUR_MS })
    this.#failures = new Sensor({ ...settings, windowMs: HOUR_MS })
  }

  heartbeatSent(): void {
    this.#lastHeartbeat = now()
  }

  heartbeatAnswered(): void {
    const at = now()
    this.#heartbeats.record(at - (this.#lastHeartbeat ?? at), at)
  }

  /** A round begins; another attempt of the same round changes nothing. */
  rebalanceStarted(): void {
    this.#rebalanceStart ??= now()
  }

  joined(sentAt: number): void {
    const at = now()
    this.#joins.record(at - sentAt, at)
  }

  synced(sentAt: number): void {
    const at = now()
    this.#syncs.record(at - sentAt, at)
  }

  /** An attempt came to nothing. As with Kafka, so does the one that only brings a member id. */
  rebalanceFailed(): void {
    this.#failures.record(1, now())
  }

  rebalanceCompleted(): void {
    const at = now()
    this.#rebalances.record(at - (this.#rebalanceStart ?? at), at)
    this.#rebalancesPerHour.record(1, at)
    this.#rebalanceStart = null
    this.#lastRebalance = at
  }

  /** By Kafka's attribute names. */
  values(): Record<string, number> {
    const at = now()
    return {
      'heartbeat-rate': this.#heartbeats.countRate(at),
      'heartbeat-total': this.#heartbeats.count,
      'heartbeat-response-time-max': this.#heartbeats.max(at),
      'last-heartbeat-seconds-ago': secondsSince(this.#lastHeartbeat, at),
      'join-rate': this.#joins.countRate(at),
      'join-total': this.#joins.count,
      'join-time-avg': this.#joins.avg(at),
      'join-time-max': this.#joins.max(at),
      'sync-rate': this.#syncs.countRate(at),
      'sync-total': this.#syncs.count,
      'sync-time-avg': this.#syncs.avg(at),
      'sync-time-max': this.#syncs.max(at),
      'rebalance-total': this.#rebalances.count,
      'rebalance-rate-per-hour': this.#rebalancesPerHour.countRate(at) * 3600,
      'rebalance-latency-avg': this.#rebalances.avg(at),
      'rebalance-latency-max': this.#rebalances.max(at),
      'rebalance-latency-total': this.#rebalances.total,
      'failed-rebalance-total': this.#failures.count,
      'failed-rebalance-rate-per-hour': this.#failures.countRate(at) * 3600,
      'last-rebalance-seconds-ago': secondsSince(this.#lastRebalance, at),
    }
  }
}

/** Whole seconds, -1 for what has never been. */
function secondsSince(then: number | null, at: number): number {
  return then === null ? -1 : Math.floor((at - then) / 1000)
}
