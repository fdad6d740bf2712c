import type { ByteSink } from '../../connect/index.ts'

/** A reusable buffer for bytes that are needed for a moment, such as the key of a row. */
export class ScratchSink implements ByteSink {
  bytes: Uint8Array = new Uint8Array(256)
  position = 0

  reserve(n: number): void {
    if (this.bytes.length - this.position >= n) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.position + n))
    grown.set(this.bytes.subarray(0, this.position))
    this.bytes = grown
  }

  /** What was written, as a view that is good until the next write. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.position)
  }
}
