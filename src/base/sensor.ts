/** How long measurements look back: `samples` windows of `windowMs` each, as `metrics.num.samples` and `metrics.sample.window.ms` say. */
export interface SensorSettings {
  readonly windowMs: number
  readonly samples: number
}

/** Kafka's defaults. */
export const defaultSensorSettings: SensorSettings = { windowMs: 30_000, samples: 2 }

interface Sample {
  start: number
  last: number
  count: number
  sum: number
  max: number
  min: number
}

/**
 * Measures one thing as Kafka's metrics do: totals since the start, and rate, average and extremes over the last windows.
 * A record costs a comparison and a few additions; everything else is worked out when it is asked for. Times are
 * milliseconds of one monotonic clock, which callers have at hand anyway.
 */
export class Sensor {
  /** Sum of all values ever recorded. */
  total = 0
  /** How many there were. */
  count = 0
  /** The latest, 0 before the first. */
  last = 0
  readonly #settings: SensorSettings
  /** A ring with one sample more than asked for: a sample counts as long as its end lies in the time looked back on. */
  readonly #samples: Sample[] = []
  #current = 0

  constructor(settings: SensorSettings = defaultSensorSettings) {
    this.#settings = settings
  }

  record(value: number, now: number): void {
    this.total += value
    this.count++
    this.last = value
    let sample = this.#samples[this.#current]
    if (sample === undefined) this.#samples[this.#current] = sample = emptySample(now)
    else if (now - sample.start >= this.#settings.windowMs) sample = this.#advance(now)
    sample.count++
    sample.sum += value
    sample.last = now
    if (value > sample.max) sample.max = value
    if (value < sample.min) sample.min = value
  }

  /** Sum of the values per second. */
  rate(now: number): number {
    return this.#perSecond(now, 'sum')
  }

  /** Number of values per second. */
  countRate(now: number): number {
    return this.#perSecond(now, 'count')
  }

  /** NaN when nothing was recorded in the time looked back on; so are `max` and `min`. */
  avg(now: number): number {
    const count = this.#add(now, 'count')
    return count === 0 ? Number.NaN : this.#add(now, 'sum') / count
  }

  max(now: number): number {
    if (this.#add(now, 'count') === 0) return Number.NaN
    return this.#samples.reduce((max, sample) => Math.max(max, sample.max), -Infinity)
  }

  min(now: number): number {
    if (this.#add(now, 'count') === 0) return Number.NaN
    return this.#samples.reduce((min, sample) => Math.min(min, sample.min), Infinity)
  }

  /** Of values that are 0 or 1, the share that was `value`; 0 when there were none. Kafka calls this a percentage. */
  share(value: 0 | 1, now: number): number {
    const count = this.#add(now, 'count')
    if (count === 0) return 0
    const ones = this.#add(now, 'sum')
    return (value === 1 ? ones : count - ones) / count
  }

  #perSecond(now: number, what: 'sum' | 'count'): number {
    const amount = this.#add(now, what)
    return (amount / this.#spanMs(now)) * 1000
  }

  /** The time that the samples cover; windows that have not been yet count in full, so that a first burst is no spike. */
  #spanMs(now: number): number {
    const { windowMs, samples } = this.#settings
    if (this.#samples.length === 0) this.#samples.push(emptySample(now))
    const oldest = this.#samples.reduce((start, sample) => Math.min(start, sample.start), Infinity)
    const elapsed = now - oldest
    const missing = Math.max(0, samples - 1 - Math.floor(elapsed / windowMs))
    return Math.max(1, elapsed + missing * windowMs)
  }

  #add(now: number, what: 'sum' | 'count'): number {
    const { windowMs, samples } = this.#settings
    let total = 0
    for (const sample of this.#samples) {
      if (now - sample.last >= samples * windowMs) reset(sample, now)
      total += sample[what]
    }
    return total
  }

  #advance(now: number): Sample {
    this.#current = (this.#current + 1) % (this.#settings.samples + 1)
    const reused = this.#samples[this.#current]
    if (reused === undefined) return (this.#samples[this.#current] = emptySample(now))
    reset(reused, now)
    return reused
  }
}

function emptySample(now: number): Sample {
  return { start: now, last: now, count: 0, sum: 0, max: -Infinity, min: Infinity }
}

function reset(sample: Sample, now: number): void {
  sample.start = now
  sample.last = now
  sample.count = 0
  sample.sum = 0
  sample.max = -Infinity
  sample.min = Infinity
}
