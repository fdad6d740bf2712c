/** Reads and writes the primitive types of the `connect` group protocol: big-endian, int16-length strings. */

const utf8 = new TextDecoder('utf-8', { fatal: false })

/** A group member sent bytes that are not of the `connect` protocol. */
export class GroupProtocolError extends Error {
  readonly code = 'MILL_GROUP_PROTOCOL'
}

export class BytesWriter {
  #bytes = Buffer.allocUnsafe(256)
  #size = 0

  /** Where to write the next so many bytes. */
  #reserve(size: number): number {
    const at = this.#size
    this.#size += size
    if (this.#size > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#size, 2 * this.#bytes.length))
      this.#bytes.copy(grown, 0, 0, at)
      this.#bytes = grown
    }
    return at
  }

  int16(value: number): void {
    const at = this.#reserve(2)
    this.#bytes.writeInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.#reserve(4)
    this.#bytes.writeInt32BE(value, at)
  }

  int64(value: number): void {
    const at = this.#reserve(8)
    this.#bytes.writeBigInt64BE(BigInt(value), at)
  }

  string(value: string): void {
    const size = Buffer.byteLength(value)
    this.int16(size)
    const at = this.#reserve(size)
    this.#bytes.write(value, at)
  }

  /** Null is length −1. */
  bytes(value: Uint8Array | null): void {
    this.int32(value === null ? -1 : value.length)
    if (value === null) return
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
  }

  array<T>(values: readonly T[], write: (value: T) => void): void {
    this.int32(values.length)
    for (const value of values) write(value)
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }
}

export class BytesReader {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  #take(size: number): number {
    const at = this.#position
    if (size < 0 || at + size > this.#bytes.length) {
      throw new GroupProtocolError(
        `Connect group data ends early: ${size} bytes wanted at ${at} of ${this.#bytes.length}`,
      )
    }
    this.#position = at + size
    return at
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2))
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  int64(): number {
    return Number(this.#view.getBigInt64(this.#take(8)))
  }

  string(): string {
    const length = this.int16()
    const at = this.#take(length)
    return utf8.decode(this.#bytes.subarray(at, at + length))
  }

  bytes(): Uint8Array | null {
    const length = this.int32()
    if (length === -1) return null
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** Null is count −1. */
  array<T>(read: () => T): T[] | null {
    const count = this.int32()
    if (count === -1) return null
    if (count < 0 || count > this.#bytes.length - this.#position) {
      throw new GroupProtocolError(`Connect group data claims ${count} array elements`)
    }
    const values: T[] = []
    for (let i = 0; i < count; i++) values.push(read())
    return values
  }
}
