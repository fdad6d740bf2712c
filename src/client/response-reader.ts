import { responseMemory } from './response-memory.ts'

/** Small responses and the beginnings of large ones are read into this; the rest of a large one goes straight to its place. */
const STAGING_BYTES = 16384
/** Frames up to this size come out of Node's pool: they are decoded and gone at once, most of them. */
const POOLED_BYTES = 512
/** From this size on it matters that memory is used again. */
const LARGE_BYTES = 262144
const PREFIX_BYTES = 4

/**
 * One for all connections of a thread, of which idle tasks have many: what a socket has read is taken out of it before
 * any other socket reads.
 */
const staging = Buffer.allocUnsafeSlow(STAGING_BYTES)

/**
 * Cuts what a socket receives into frames (int32 size, then that many bytes) and says where the socket is to read to next, so
 * that the bytes of a large response are never copied. Frames are handed out without their size. {@link ResponseReader.received}
 * has to be called before another reader's.
 */
export class ResponseReader {
  readonly #maxBytes: number
  readonly #onFrame: (frame: Uint8Array) => void
  /** The size in front of the next frame, as far as it is here. */
  #prefix = 0
  #prefixHave = 0
  /** The frame that is arriving, and how much of it is here. */
  #frame: Uint8Array | null = null
  #have = 0

  constructor(maxBytes: number, onFrame: (frame: Uint8Array) => void) {
    this.#maxBytes = maxBytes
    this.#onFrame = onFrame
  }

  /** Where the next bytes belong. */
  target(): Uint8Array {
    return this.#frame === null ? staging : this.#frame.subarray(this.#have)
  }

  /** Takes note of `count` bytes that were put where {@link target} said. @throws Error for a size that no response has */
  received(count: number): void {
    const frame = this.#frame
    if (frame === null) {
      this.#cut(count)
      return
    }
    this.#have += count
    if (this.#have < frame.length) return
    this.#frame = null
    this.#onFrame(frame)
  }

  #cut(count: number): void {
    let at = 0
    while (at < count) {
      while (this.#prefixHave < PREFIX_BYTES) {
        if (at === count) return
        this.#prefix = (this.#prefix << 8) | (staging[at++] as number)
        this.#prefixHave++
      }
      const size = this.#prefix
      if (size < PREFIX_BYTES || size > this.#maxBytes)
        throw new Error(`a size of ${size} bytes, at most ${this.#maxBytes} are taken`)
      this.#prefix = 0
      this.#prefixHave = 0
      const frame = memoryFor(size)
      const here = Math.min(size, count - at)
      staging.copy(frame, 0, at, at + here)
      at += here
      if (here < size) {
        this.#frame = frame
        this.#have = here
        return
      }
      this.#onFrame(frame)
    }
  }
}

function memoryFor(size: number): Uint8Array {
  if (size <= POOLED_BYTES) return Buffer.allocUnsafe(size)
  return size < LARGE_BYTES ? Buffer.allocUnsafeSlow(size) : responseMemory.take(size)
}
