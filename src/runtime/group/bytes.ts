/** Reads and writes the primitive types of the `connect` group protocol: big-endian, int16-length strings. */

const utf8 = new TextDecoder('utf-8', { fatal: false })

/** A group member sent bytes that are not of the `connect` protocol. */
export class GroupProtocolError extends Error {
  readonly code = 'MILL_GROUP_PROTOCOL'
}

export class BytesWriter {
  readonly #parts: Buffer[] = []

  int16(value: number): void {
    const part = Buffer.alloc(2)
    part.writeInt16BE(value)
    this.#parts.push(part)
  }

  int32(value: number): void {
    const part = Buffer.alloc(4)
    part.writeInt32BE(value)
    this.#parts.push(part)
  }

  int64(value: number): void {
    const part = Buffer.alloc(8)
    part.writeBigInt64BE(BigInt(value))
    this.#parts.push(part)
  }

  string(value: string): void {
    const bytes = Buffer.from(value, 'utf8')
    this.int16(bytes.length)
    this.#parts.push(bytes)
  }

  /** Null is length −1. */
  bytes(value: Uint8Array | null): void {
    this.int32(value === null ? -1 : value.length)
    if (value !== null) this.#parts.push(Buffer.from(value))
  }

  array<T>(values: readonly T[], write: (value: T) => void): void {
    this.int32(values.length)
    for (const value of values) write(value)
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts)
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
