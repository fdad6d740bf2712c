/**
 * Small responses and the beginnings of large ones are read into this; the rest of a large one goes straight to its place.
 * Every connection has one, and idle tasks have several connections.
 */
const STAGING_BYTES = 4096
const PREFIX_BYTES = 4

/**
 * Cuts what a socket receives into frames (int32 size, then that many bytes) and says where the socket is to read to next, so
 * that the bytes of a large response are never copied. Frames are handed out without their size.
 */
export class ResponseReader {
  readonly #maxBytes: number
  readonly #onFrame: (frame: Uint8Array) => void
  readonly #staging = Buffer.allocUnsafeSlow(STAGING_BYTES)
  /** Bytes at the front of the staging area that are not used up. */
  #staged = 0
  /** The frame that is arriving, and how much of it is here. */
  #frame: Buffer | null = null
  #have = 0

  constructor(maxBytes: number, onFrame: (frame: Uint8Array) => void) {
    this.#maxBytes = maxBytes
    this.#onFrame = onFrame
  }

  /** Where the next bytes belong. */
  target(): Uint8Array {
    return this.#frame === null ? this.#staging.subarray(this.#staged) : this.#frame.subarray(this.#have)
  }

  /** Takes note of `count` bytes that were put where {@link target} said. @throws Error for a size that no response has */
  received(count: number): void {
    const frame = this.#frame
    if (frame === null) {
      this.#staged += count
      this.#cutStaged()
      return
    }
    this.#have += count
    if (this.#have < frame.length) return
    this.#frame = null
    this.#onFrame(frame)
  }

  #cutStaged(): void {
    const staging = this.#staging
    let at = 0
    while (this.#staged - at >= PREFIX_BYTES) {
      const size = staging.readInt32BE(at)
      if (size < PREFIX_BYTES || size > this.#maxBytes)
        throw new Error(`a size of ${size} bytes, at most ${this.#maxBytes} are taken`)
      at += PREFIX_BYTES
      const here = Math.min(size, this.#staged - at)
      const frame = Buffer.allocUnsafeSlow(size)
      staging.copy(frame, 0, at, at + here)
      at += here
      if (here < size) {
        this.#frame = frame
        this.#have = here
        break
      }
      this.#onFrame(frame)
    }
    staging.copyWithin(0, at, this.#staged)
    this.#staged -= at
  }
}
