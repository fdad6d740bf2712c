import type { ByteSink } from '../batches.ts'

const MAX_KEPT_BYTES = 8 * 1024 * 1024

const NOTHING = new Uint8Array(0)

/**
 * A {@link ByteSink} of its own memory, which it takes when something is written and doubles when it is full. Reuse one for
 * many texts with `reset`.
 */
export class GrowableBytes implements ByteSink {
  bytes: Uint8Array = NOTHING
  position = 0
  readonly #initialCapacity: number

  constructor(initialCapacity = 1024) {
    this.#initialCapacity = initialCapacity
  }

  reserve(n: number): void {
    const needed = this.position + n
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2, this.#initialCapacity))
    grown.set(this.bytes.subarray(0, this.position))
    this.bytes = grown
  }

  /** Forgets what was written and keeps the memory, unless one huge text has made it large. */
  reset(): void {
    this.position = 0
    if (this.bytes.length > MAX_KEPT_BYTES) this.bytes = new Uint8Array(MAX_KEPT_BYTES)
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.position)
  }
}
