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

/**
 * Cuts the byte stream of a socket into frames (int32 size, then that many bytes). A frame that lies within one chunk is a view
 * of it; one that spans chunks is copied once. A large announced size costs memory only as its bytes arrive.
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

  /**
   * Takes the next chunk and returns the frames that are complete with it, without their size prefix. The chunk must not be
   * overwritten afterwards. @throws FrameSizeError for a size that is negative or above the limit.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    let at = 0
    while (at < chunk.length || this.#size === 0) {
      if (this.#size === -1) {
        at = this.#readPrefix(chunk, at)
        continue
      }
      const missing = this.#size - this.#have
      const available = chunk.length - at
      if (this.#have === 0 && available >= missing) {
        frames.push(chunk.subarray(at, at + missing))
        at += missing
        this.#reset()
        continue
      }
      const taken = Math.min(missing, available)
      this.#collect(chunk.subarray(at, at + taken))
      at += taken
      if (this.#have === this.#size) {
        frames.push((this.#body as Uint8Array).subarray(0, this.#size))
        this.#reset()
      }
    }
    return frames
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

  #reset(): void {
    this.#size = -1
    this.#have = 0
    this.#body = null
  }
}
