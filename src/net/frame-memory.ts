/** Frames below this size are not worth keeping: their memory is young when it dies. */
const SMALLEST = 65536
const GRANULE = 262144
const MAX_IDLE_BYTES = 16777216

/**
 * Memory of large frames, lent out and taken back. Each new buffer of a megabyte counts as memory outside the heap, and V8
 * answers a few dozen of them with a full garbage collection: a broker that takes 200 MB/s spent 40 % of its time there.
 * Whoever gives a frame back says that nobody looks at its bytes any more. What is not lent is kept only until the garbage collector
 * comes for another reason, as it does when a thread is idle.
 */
export class FrameMemory {
  #idle: WeakRef<Uint8Array>[] = []
  readonly #lent = new WeakSet<ArrayBufferLike>()

  /** A buffer of at least `size` bytes with any contents. */
  take(size: number): Uint8Array {
    if (size < SMALLEST) return Buffer.allocUnsafe(size)
    const buffer = this.#takeIdle(size) ?? Buffer.allocUnsafeSlow(Math.ceil(size / GRANULE) * GRANULE)
    this.#lent.add(buffer.buffer)
    return buffer
  }

  /** Whether these bytes lie in memory that is lent. */
  isLent(bytes: Uint8Array): boolean {
    return this.#lent.has(bytes.buffer)
  }

  /** Takes back the memory behind a frame, or any view of it; does nothing with memory that is not from here. */
  give(frame: Uint8Array): void {
    if (!this.#lent.delete(frame.buffer)) return
    this.#idle = this.#idle.filter((ref) => ref.deref() !== undefined)
    const idleBytes = this.#idle.reduce((sum, ref) => sum + (ref.deref()?.length ?? 0), 0)
    if (idleBytes + frame.buffer.byteLength > MAX_IDLE_BYTES) return
    this.#idle.push(new WeakRef(Buffer.from(frame.buffer)))
  }

  #takeIdle(size: number): Uint8Array | undefined {
    const at = this.#idle.findIndex((ref) => (ref.deref()?.length ?? 0) >= size)
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0]?.deref()
  }
}
