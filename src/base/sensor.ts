/** How long measurements look back: `samples` windows of `windowMs` each, as `metrics.num.samples` and `metrics.sample.window.ms` say. */
export interface SensorSettings {
  readonly windowMs: number
  readonly samples: number
}

/** Kafka's defaults. */
export const defaultSensorSettings: SensorSettings = { windowMs: 30_000, samples: 2 }

/** What lies where in a sample. A sample that has not been yet begins at Infinity. */
const START = 0
const LAST = 1
const COUNT = 2
const SUM = 3
const MAX = 4
const MIN = 5
const SAMPLE_LENGTH = 6

/** Shared by all sensors that nothing was recorded by yet. */
const noSamples: number[] = []

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
  /**
   * A ring with one sample more than asked for: a sample counts as long as its end lies in the time looked back on. All in
   * one array of numbers, which takes a quarter of the room of objects: a task has two dozen sensors.
   */
  #samples = noSamples
  /** Where the current sample begins. */
  #current = 0

  constructor(settings: SensorSettings = defaultSensorSettings) {
    this.#settings = settings
  }

  record(value: number, now: number): void {
    this.total += value
    this.count++
    this.last = value
    if (this.#samples === noSamples) this.#begin(now)
    const samples = this.#samples
    if (now - (samples[this.#current + START] as number) >= this.#settings.windowMs) this.#advance(now)
    const at = this.#current
    samples[at + COUNT] = (samples[at + COUNT] as number) + 1
    samples[at + SUM] = (samples[at + SUM] as number) + value
    samples[at + LAST] = now
    if (value > (samples[at + MAX] as number)) samples[at + MAX] = value
    if (value < (samples[at + MIN] as number)) samples[at + MIN] = value
  }

  /** Sum of the values per second. */
  rate(now: number): number {
    return this.#perSecond(now, SUM)
  }

  /** Number of values per second. */
  countRate(now: number): number {
    return this.#perSecond(now, COUNT)
  }

  /** NaN when nothing was recorded in the time looked back on; so are `max` and `min`. */
  avg(now: number): number {
    const count = this.#add(now, COUNT)
    return count === 0 ? Number.NaN : this.#add(now, SUM) / count
  }

  max(now: number): number {
    if (this.#add(now, COUNT) === 0) return Number.NaN
    return this.#reduce(MAX, Math.max, -Infinity)
  }

  min(now: number): number {
    if (this.#add(now, COUNT) === 0) return Number.NaN
    return this.#reduce(MIN, Math.min, Infinity)
  }

  /** Of values that are 0 or 1, the share that was `value`; 0 when there were none. Kafka calls this a percentage. */
  share(value: 0 | 1, now: number): number {
    const count = this.#add(now, COUNT)
    if (count === 0) return 0
    const ones = this.#add(now, SUM)
    return (value === 1 ? ones : count - ones) / count
  }

  #perSecond(now: number, what: typeof SUM | typeof COUNT): number {
    const amount = this.#add(now, what)
    return (amount / this.#spanMs(now)) * 1000
  }

  /** The time that the samples cover; windows that have not been yet count in full, so that a first burst is no spike. */
  #spanMs(now: number): number {
    const { windowMs, samples } = this.#settings
    if (this.#samples === noSamples) this.#begin(now)
    const oldest = this.#reduce(START, Math.min, Infinity)
    const elapsed = now - oldest
    const missing = Math.max(0, samples - 1 - Math.floor(elapsed / windowMs))
    return Math.max(1, elapsed + missing * windowMs)
  }

  #add(now: number, what: typeof SUM | typeof COUNT): number {
    const { windowMs, samples } = this.#settings
    let total = 0
    for (let at = 0; at < this.#samples.length; at += SAMPLE_LENGTH) {
      if (now - (this.#samples[at + LAST] as number) >= samples * windowMs) this.#reset(at, now)
      total += this.#samples[at + what] as number
    }
    return total
  }

  #reduce(what: number, reduce: (a: number, b: number) => number, result: number): number {
    for (let at = 0; at < this.#samples.length; at += SAMPLE_LENGTH)
      result = reduce(result, this.#samples[at + what] as number)
    return result
  }

  /** Makes the ring, with its first sample. */
  #begin(now: number): void {
    const length = (this.#settings.samples + 1) * SAMPLE_LENGTH
    this.#samples = Array.from({ length }, () => Infinity)
    for (let at = 0; at < length; at += SAMPLE_LENGTH) this.#reset(at, Infinity)
    this.#reset(0, now)
  }

  #advance(now: number): void {
    this.#current = (this.#current + SAMPLE_LENGTH) % this.#samples.length
    this.#reset(this.#current, now)
  }

  #reset(at: number, now: number): void {
    const samples = this.#samples
    samples[at + START] = now
    samples[at + LAST] = now
    samples[at + COUNT] = 0
    samples[at + SUM] = 0
    samples[at + MAX] = -Infinity
    samples[at + MIN] = Infinity
  }
}
