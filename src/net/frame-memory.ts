/** Frames below this size are not worth keeping: their memory is young when it dies. */
const SMALLEST = 65536
const GRANULE = 262144
const MAX_IDLE_BYTES = 16777216

/**
 * Memory of large frames, lent out and taken back. Each new buffer of a megabyte counts as memory outside the heap, and V8
 * answers a few dozen of them with a full garbage collection: a broker that takes 200 MB/s spent 40 % of its time there.
 * Whoever gives a frame back says that nobody looks at its bytes any more.
 */
export class FrameMemory {
  readonly #idle: Uint8Array[] = []
  #idleBytes = 0
  readonly #lent = new WeakSet<ArrayBufferLike>()

  /** A buffer of at least `size` bytes with any contents. */
  take(size: number): Uint8Array {
    if (size < SMALLEST) return Buffer.allocUnsafe(size)
    const at = this.#idle.findIndex((buffer) => buffer.length >= size)
    let buffer = at < 0 ? undefined : this.#idle.splice(at, 1)[0]
    if (buffer === undefined) buffer = Buffer.allocUnsafeSlow(Math.ceil(size / GRANULE) * GRANULE)
    else this.#idleBytes -= buffer.length
    this.#lent.add(buffer.buffer)
    return buffer
  }

  /** Takes back the memory behind a frame, or any view of it; does nothing with memory that is not from here. */
  give(frame: Uint8Array): void {
    if (!this.#lent.delete(frame.buffer)) return
    const size = frame.buffer.byteLength
    if (this.#idleBytes + size > MAX_IDLE_BYTES) return
    this.#idle.push(Buffer.from(frame.buffer))
    this.#idleBytes += size
  }
}
