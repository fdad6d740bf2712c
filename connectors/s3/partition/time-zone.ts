const DAY_MS = 86_400_000
/** Since 1972 every zone changes its offset at a multiple of this, in UTC. */
const SLOT_MS = 900_000
const MAX_SLOTS = 1000

/** True for the names and offsets that `timezone` may have. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** A time zone's rules, as far as partitions and schedules need them. */
export class TimeZone {
  readonly name: string
  readonly #format: Intl.DateTimeFormat
  readonly #isFixed: boolean
  /** Offsets by quarter of an hour, since asking Intl is slow. */
  readonly #slots = new Map<number, number>()

  constructor(name: string) {
    this.name = name
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
    this.#isFixed = /^(?:UTC|GMT|Etc\/UTC|Z|[+-]\d\d:?\d\d)$/i.test(name)
  }

  /** What is to be added to UTC at this instant, in milliseconds. */
  offsetAt(instantMs: number): number {
    const slot = this.#isFixed ? 0 : this.slotOf(instantMs)
    let offset = this.#slots.get(slot)
    if (offset === undefined) {
      offset = this.#ask(instantMs)
      if (this.#slots.size >= MAX_SLOTS) this.#slots.clear()
      this.#slots.set(slot, offset)
    }
    return offset
  }

  /** First millisecond of the stretch around this instant in which the offset cannot change; it lasts `slotLength`. */
  slotOf(instantMs: number): number {
    return instantMs < 63_072_000_000 ? instantMs : Math.floor(instantMs / SLOT_MS) * SLOT_MS
  }

  slotLength(instantMs: number): number {
    return instantMs < 63_072_000_000 ? 1 : SLOT_MS
  }

  /** The instant at which this zone's clock shows `localMs`; in a gap, the instant that the gap pushes it to. */
  instantOf(localMs: number, offsetNearby: number): number {
    const instant = localMs - offsetNearby
    const offset = this.offsetAt(instant)
    return offset === offsetNearby ? instant : localMs - offset
  }

  /** The first instant of the local day that this instant lies in. */
  startOfDay(instantMs: number): number {
    const offset = this.offsetAt(instantMs)
    return this.instantOf(Math.floor((instantMs + offset) / DAY_MS) * DAY_MS, offset)
  }

  /**
   * The next moment after `nowMs` that lies a multiple of `periodMs` after midnight, at the latest the next midnight.
   */
  nextAligned(nowMs: number, periodMs: number): number {
    const start = this.startOfDay(nowMs)
    const noonOfNextDay = start + 1.5 * DAY_MS
    const end = this.startOfDay(noonOfNextDay)
    return Math.min(start + (Math.floor((nowMs - start) / periodMs) + 1) * periodMs, end)
  }

  #ask(instantMs: number): number {
    const name = this.#format.formatToParts(instantMs).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
    const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name)
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match ?? []
    const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
    return sign === '-' ? -offset : offset
  }
}
