import { ProtocolEncodeError } from '../errors.ts'

const TWO_POW_31 = 2 ** 31
const TWO_POW_32 = 2 ** 32
const TWO_POW_63 = 2 ** 63

/** Byte fields of at least this size are passed on by reference instead of being copied into the writer's buffer. */
const REFERENCE_FROM = 2048

function outOfRange(value: number, type: string): never {
  throw new ProtocolEncodeError(`${value} is not an ${type}`)
}

/**
 * Writes Kafka's primitive types (big endian) into a buffer that grows. Large byte fields are kept by reference, so the
 * result is a list of chunks; a caller must not change such bytes before they are sent.
 */
export class Writer {
  buffer: Buffer
  /** Number of bytes of `buffer` in use; bytes kept by reference are not part of it. */
  position = 0
  readonly #referenceFrom: number
  /** Bytes kept by reference, and the position in `buffer` in front of which each belongs. */
  readonly #references: { at: number; bytes: Uint8Array }[] = []
  #referencedSize = 0

  /**
   * @param initialCapacity first size of the buffer in bytes
   * @param referenceFrom size in bytes from which byte fields are kept by reference; Infinity copies everything
   */
  constructor(initialCapacity = 512, referenceFrom = REFERENCE_FROM) {
    this.buffer = Buffer.allocUnsafe(initialCapacity)
    this.#referenceFrom = referenceFrom
  }

  /** Total number of bytes written, those kept by reference included. */
  get size(): number {
    return this.position + this.#referencedSize
  }

  /** Everything written, in order. The chunks are views of the buffer and of the bytes kept by reference. */
  chunks(): Uint8Array[] {
    const chunks: Uint8Array[] = []
    let start = 0
    for (const { at, bytes } of this.#references) {
      if (at > start) chunks.push(this.buffer.subarray(start, at))
      chunks.push(bytes)
      start = at
    }
    if (this.position > start) chunks.push(this.buffer.subarray(start, this.position))
    return chunks
  }

  /** Everything written as one piece: a view of the buffer, or a copy if bytes were kept by reference. */
  toBytes(): Uint8Array {
    return this.#references.length === 0 ? this.buffer.subarray(0, this.position) : Buffer.concat(this.chunks())
  }

  /** Makes room for `size` bytes, moves over them and returns the position before them. */
  skip(size: number): number {
    const start = this.position
    const needed = start + size
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2))
      this.buffer.copy(grown, 0, 0, start)
      this.buffer = grown
    }
    this.position = needed
    return start
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) outOfRange(value, 'int8')
    this.#put8(value)
  }

  boolean(value: boolean): void {
    this.#put8(value ? 1 : 0)
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) outOfRange(value, 'int16')
    this.#put16(value)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) outOfRange(value, 'uint16')
    this.#put16(value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) outOfRange(value, 'int32')
    this.#put32(value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) outOfRange(value, 'uint32')
    this.#put32(value)
  }

  /** Writes an int32 over bytes that were skipped or written before. */
  setInt32(position: number, value: number): void {
    this.buffer.writeInt32BE(value, position)
  }

  /** A 64-bit integer; values beyond its range become the largest or smallest one. */
  int64(value: number): void {
    if (value >= TWO_POW_63) {
      this.#put32(0x7fffffff)
      this.#put32(-1)
    } else if (value < -TWO_POW_63) {
      this.#put32(-TWO_POW_31)
      this.#put32(0)
    } else {
      if (!Number.isInteger(value)) outOfRange(value, 'int64')
      const high = Math.floor(value / TWO_POW_32)
      this.#put32(high)
      this.#put32(value - high * TWO_POW_32)
    }
  }

  float64(value: number): void {
    const at = this.skip(8)
    this.buffer.writeDoubleBE(value, at)
  }

  /** An unsigned varint of at most 32 bits. */
  uvarint(value: number): void {
    if (value >>> 0 !== value) outOfRange(value, 'uint32')
    while (value > 0x7f) {
      this.#put8((value & 0x7f) | 0x80)
      value >>>= 7
    }
    this.#put8(value)
  }

  /** A zigzag varint of at most 32 bits. */
  varint(value: number): void {
    if ((value | 0) !== value) outOfRange(value, 'int32')
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  /** A zigzag varint of at most 64 bits; values beyond its range become the largest or smallest one. */
  varlong(value: number): void {
    if (value >= -TWO_POW_31 && value < TWO_POW_31) {
      this.varint(value)
      return
    }
    if (value >= TWO_POW_63 || value <= -TWO_POW_63) {
      const largest = value > 0
      for (let index = 0; index < 9; index++) this.#put8(index === 0 && largest ? 0xfe : 0xff)
      this.#put8(1)
      return
    }
    if (!Number.isInteger(value)) outOfRange(value, 'int64')
    // Zigzag needs one bit more than a double may have: keep the last bit (the sign) apart from the rest.
    let rest = value < 0 ? -(value + 1) : value
    let byte = ((rest % 64) << 1) | (value < 0 ? 1 : 0)
    rest = Math.floor(rest / 64)
    while (rest > 0) {
      this.#put8(byte | 0x80)
      byte = rest % 128
      rest = Math.floor(rest / 128)
    }
    this.#put8(byte)
  }

  /** 16 bytes from Kafka's text form (22 characters of base64url). */
  uuid(text: string): void {
    const at = this.skip(16)
    if (text.length !== 22 || this.buffer.write(text, at, 16, 'base64url') !== 16) {
      throw new ProtocolEncodeError(`'${text}' is not a uuid in base64url form (22 characters)`)
    }
  }

  /** A string with an int16 length; null is written as -1. */
  string(text: string | null): void {
    if (text === null) {
      this.int16(-1)
      return
    }
    const size = Buffer.byteLength(text)
    if (size > 0x7fff) throw new ProtocolEncodeError(`a string of ${size} bytes is longer than 32767`)
    this.#put16(size)
    this.#text(text, size)
  }

  /** A string with an unsigned varint length + 1; null is written as 0. */
  compactString(text: string | null): void {
    if (text === null) {
      this.uvarint(0)
      return
    }
    const size = Buffer.byteLength(text)
    if (size > 0x7fff) throw new ProtocolEncodeError(`a string of ${size} bytes is longer than 32767`)
    this.uvarint(size + 1)
    this.#text(text, size)
  }

  /** Bytes with an int32 length; null is written as -1. */
  bytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.#put32(-1)
      return
    }
    this.int32(bytes.length)
    this.raw(bytes)
  }

  /** Bytes with an unsigned varint length + 1; null is written as 0. */
  compactBytes(bytes: Uint8Array | null): void {
    if (bytes === null) {
      this.uvarint(0)
      return
    }
    this.uvarint(bytes.length + 1)
    this.raw(bytes)
  }

  /** Bytes without a length in front; large ones by reference. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= this.#referenceFrom) {
      this.#references.push({ at: this.position, bytes })
      this.#referencedSize += bytes.length
    } else {
      const at = this.skip(bytes.length)
      this.buffer.set(bytes, at)
    }
  }

  // `skip` may replace the buffer, so it comes before `this.buffer` is looked at.
  #put8(value: number): void {
    const at = this.skip(1)
    this.buffer[at] = value
  }

  #put16(value: number): void {
    const at = this.skip(2)
    this.buffer[at] = value >> 8
    this.buffer[at + 1] = value
  }

  #put32(value: number): void {
    const at = this.skip(4)
    const { buffer } = this
    buffer[at] = value >>> 24
    buffer[at + 1] = value >>> 16
    buffer[at + 2] = value >>> 8
    buffer[at + 3] = value
  }

  #text(text: string, size: number): void {
    const at = this.skip(size)
    if (size !== text.length || size > 48) {
      this.buffer.write(text, at, size, 'utf8')
      return
    }
    // Names are short and mostly ASCII: a loop beats the call into native code.
    const { buffer } = this
    for (let index = 0; index < size; index++) buffer[at + index] = text.charCodeAt(index)
  }
}
