/**
 * Where a writer puts bytes: it calls `reserve(n)`, writes at most `n` bytes into `bytes` from `position` on, and moves
 * `position`. `reserve` may replace `bytes`, so a reference taken before it is stale.
 */
export interface ByteSink {
  bytes: Uint8Array
  position: number
  /** Afterwards `bytes.length - position` is at least `n`. */
  reserve(n: number): void
}

/** A sink that doubles its memory. */
export class GrowingSink implements ByteSink {
  bytes: Uint8Array
  position = 0

  /** @param memory how many bytes to begin with, or bytes to write into that nobody else uses meanwhile */
  constructor(memory: number | Uint8Array) {
    this.bytes = typeof memory === 'number' ? Buffer.allocUnsafeSlow(memory) : memory
  }

  reserve(n: number): void {
    const needed = this.position + n
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.position))
    this.bytes = grown
  }
}
