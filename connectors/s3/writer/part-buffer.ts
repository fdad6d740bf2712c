import type { ByteSink } from 'millrace/connect'

const OVERHANG_BYTES = 128 * 1024

/** Buffers that were used before, so that not every part and object costs fresh memory. */
export class BufferPool {
  readonly #free: Uint8Array[] = []
  #bytes = 0
  readonly #initialCapacity: number
  readonly #maxBytes: number
  /** Enough for a part and a record that goes beyond it; only longer records make buffers grow further. */
  readonly fullCapacity: number

  constructor(initialCapacity: number, partSize: number) {
    this.#initialCapacity = initialCapacity
    this.#maxBytes = 2 * partSize
    this.fullCapacity = partSize + OVERHANG_BYTES
  }

  take(): Uint8Array {
    const buffer = this.#free.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(this.#initialCapacity)
    this.#bytes -= buffer.length
    return buffer
  }

  give(buffer: Uint8Array): void {
    if (this.#bytes + buffer.length > this.#maxBytes) return
    this.#bytes += buffer.length
    this.#free.push(buffer)
  }
}

/** A buffer that grows as it fills, up to whatever the longest part needs. */
export class PartBuffer implements ByteSink {
  bytes: Uint8Array
  position = 0
  readonly #pool: BufferPool

  constructor(pool: BufferPool) {
    this.#pool = pool
    this.bytes = pool.take()
  }

  reserve(n: number): void {
    const needed = this.position + n
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.bytes.length * 2, this.#pool.fullCapacity)))
    grown.set(this.bytes.subarray(0, this.position))
    this.#pool.give(this.bytes)
    this.bytes = grown
  }

  /** Hands over what was written and starts anew; `release` is to be called once the bytes are no longer needed. */
  take(): { bytes: Uint8Array; release: () => void } {
    const buffer = this.bytes
    const bytes = buffer.subarray(0, this.position)
    this.bytes = this.#pool.take()
    this.position = 0
    return { bytes, release: () => this.#pool.give(buffer) }
  }

  /** Hands over the last bytes; the buffer must not be written to afterwards. */
  finish(): { bytes: Uint8Array; release: () => void } {
    const buffer = this.bytes
    return { bytes: buffer.subarray(0, this.position), release: () => this.#pool.give(buffer) }
  }
}
