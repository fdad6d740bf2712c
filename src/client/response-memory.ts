import { FrameMemory } from '../net/index.ts'

/**
 * Memory of large answers, for all connections of a thread. What a fetch brought lies in it until everybody who holds a part
 * of it has let go; then the next answer is read to it. Whoever never lets go leaves it to the garbage collector, which answers
 * a few dozen new megabytes with a full collection: a quarter of the time of a sink task that reads at full speed.
 */
class ResponseMemory {
  readonly #frames = new FrameMemory()
  /** How many parts are held, by the memory that they lie in. */
  readonly #parts = new WeakMap<ArrayBufferLike, number>()
  readonly #holders = new WeakMap<object, Uint8Array>()

  /** A buffer of exactly `size` bytes with any contents. */
  take(size: number): Uint8Array {
    return this.#frames.take(size).subarray(0, size)
  }

  /** Notes that `holder` looks at `bytes` from now on. */
  hold(holder: object, bytes: Uint8Array): void {
    if (!this.#frames.isLent(bytes)) return
    this.#holders.set(holder, bytes)
    this.#parts.set(bytes.buffer, (this.#parts.get(bytes.buffer) ?? 0) + 1)
  }

  /** The holder does not look at its bytes any more, and has not given them to anybody who does. Again: nothing happens. */
  release(holder: object): void {
    const bytes = this.#holders.get(holder)
    if (bytes === undefined) return
    this.#holders.delete(holder)
    const left = (this.#parts.get(bytes.buffer) ?? 0) - 1
    this.#parts.set(bytes.buffer, left)
    if (left === 0) this.#frames.give(bytes)
  }
}

export const responseMemory = new ResponseMemory()
