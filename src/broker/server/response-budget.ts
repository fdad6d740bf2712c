/** A fetch is always granted this much, so that readers go on however full the memory is. */
const MINIMUM_GRANT = 65536

/**
 * Bounds the bytes of answers that are being read from disk or wait for slow clients to take them. The fuller it is, the
 * less a fetch is granted; a client that asks for more simply fetches more often.
 */
export class ResponseBudget {
  readonly #limit: number
  #used = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get usedBytes(): number {
    return this.#used
  }

  /** Grants at most `wanted` bytes; the grant is given back with {@link add} when the answer is made. */
  reserve(wanted: number): number {
    const share = Math.max(MINIMUM_GRANT, Math.floor((this.#limit - this.#used) / 2))
    const granted = Math.min(wanted, share)
    this.#used += granted
    return granted
  }

  /** Books bytes that wait in a socket; negative when they are gone. */
  add(bytes: number): void {
    this.#used += bytes
  }
}
