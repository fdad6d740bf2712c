import { FrameMemory } from './frame-memory.ts'

/** Kafka's `socket.request.max.bytes` default. */
const DEFAULT_MAX_FRAME_BYTES = 104857600
const PREFIX_SIZE = 4
/** Reserved at once for a frame that is still arriving; more only as bytes really come. A full request of a megabyte fits. */
const FIRST_RESERVATION = 1048576 + 65536

/** A peer announced a frame that no Kafka peer sends; the connection must be closed, nothing after it can be understood. */
export class FrameSizeError extends Error {
  override readonly name = 'FrameSizeError'
  readonly code = 'MILL_FRAME_SIZE'
  readonly retriable = false
  readonly size: number

  constructor(size: number, maxFrameBytes: number) {
    const why = size < 0 ? 'is negative' : `exceeds the limit of ${maxFrameBytes} bytes`
    super(`frame size ${size} ${why}; the peer does not speak the Kafka protocol, speaks TLS, or needs a higher limit`)
    this.size = size
  }
}

const NO_BYTES = new Uint8Array(0)

/** Where bytes are read to that do not have a place yet: one for all sockets of a thread. */
const STAGING_BYTES = 65536
let staging: Uint8Array | null = null

/**
 * Cuts the byte stream of a socket into frames (int32 size, then that many bytes), each in memory of its own. Most bytes of a
 * large frame are read to their place ({@link target}); others are copied once. A large announced size costs memory only as its
 * bytes arrive.
 */
export class FrameReader {
  readonly maxFrameBytes: number
  readonly #memory: FrameMemory
  // The frame in progress. While its prefix is incomplete, #size is −1 and #have counts bytes of the prefix.
  #prefix = 0
  #size = -1
  #have = 0
  #body: Uint8Array | null = null

  /** `memory` may be shared by readers whose frames are given back to it. */
  constructor(options: { maxFrameBytes?: number; memory?: FrameMemory } = {}) {
    this.maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES
    this.#memory = options.memory ?? new FrameMemory()
  }

  /** Bytes of an incomplete frame held back, its prefix included. */
  get pendingBytes(): number {
    return this.#size === -1 ? this.#have : PREFIX_SIZE + this.#have
  }

  /** Where the next bytes had best be put; what is here is overwritten by whoever reads next. */
  target(): Uint8Array {
    const room = this.#body?.subarray(this.#have, this.#size) ?? NO_BYTES
    return room.length > 0 ? room : (staging ??= Buffer.allocUnsafeSlow(STAGING_BYTES))
  }

  /**
   * Takes the next bytes, which are at the beginning of {@link target} or elsewhere, and returns the frames that are complete
   * with them, without their size prefix. @throws FrameSizeError for a size that is negative or above the limit.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    let at = 0
    if (this.#isInPlace(chunk)) {
      at = chunk.length
      this.#have += at
      if (this.#have === this.#size) frames.push(this.#finish())
    }
    while (at < chunk.length || this.#size === 0) {
      if (this.#size === -1) {
        at = this.#readPrefix(chunk, at)
        continue
      }
      const missing = this.#size - this.#have
      const taken = Math.min(missing, chunk.length - at)
      this.#collect(chunk.subarray(at, at + taken))
      at += taken
      if (this.#have === this.#size) frames.push(this.#finish())
    }
    return frames
  }

  #isInPlace(chunk: Uint8Array): boolean {
    const body = this.#body
    return body !== null && chunk.buffer === body.buffer && chunk.byteOffset === body.byteOffset + this.#have
  }

  #readPrefix(chunk: Uint8Array, at: number): number {
    while (this.#have < PREFIX_SIZE) {
      if (at === chunk.length) return at
      this.#prefix = (this.#prefix << 8) | (chunk[at++] as number)
      this.#have++
    }
    const size = this.#prefix
    if (size < 0 || size > this.maxFrameBytes) throw new FrameSizeError(size, this.maxFrameBytes)
    this.#size = size
    this.#have = 0
    this.#prefix = 0
    return at
  }

  #collect(part: Uint8Array): void {
    if (part.length === 0) return
    const needed = this.#have + part.length
    const body = this.#body
    if (body === null || body.length < needed) {
      const capacity = Math.min(this.#size, Math.max(needed, FIRST_RESERVATION, (body?.length ?? 0) * 2))
      const grown = this.#memory.take(capacity)
      if (body !== null) {
        grown.set(body.subarray(0, this.#have))
        this.#memory.give(body)
      }
      this.#body = grown
    }
    ;(this.#body as Uint8Array).set(part, this.#have)
    this.#have = needed
  }

  #finish(): Uint8Array {
    const frame = this.#body?.subarray(0, this.#size) ?? NO_BYTES
    this.#size = -1
    this.#have = 0
    this.#body = null
    return frame
  }
}
