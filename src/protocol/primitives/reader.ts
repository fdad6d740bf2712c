import { ProtocolDecodeError } from '../errors.ts'

const TWO_POW_32 = 2 ** 32

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Reads Kafka's primitive types (big endian) from a buffer. Every access is checked against `end`; whatever the bytes are,
 * the only error is {@link ProtocolDecodeError}. Byte fields are handed out as views of the buffer, never copied.
 */
export class Reader {
  readonly buffer: Buffer
  /** Index in `buffer` of the next byte to read. */
  position: number
  /** Index in `buffer` of the first byte that must not be read. */
  end: number

  constructor(buffer: Uint8Array, position = 0, end = buffer.length) {
    if (!(position >= 0 && position <= end && end <= buffer.length)) {
      throw new ProtocolDecodeError(`cannot read from ${position} to ${end} in ${buffer.length} bytes`)
    }
    this.buffer = asBuffer(buffer)
    this.position = position
    this.end = end
  }

  /** Number of bytes not read yet. */
  get remaining(): number {
    return this.end - this.position
  }

  /** Moves over `size` bytes and returns the position before them; fails if fewer are left. */
  take(size: number): number {
    const start = this.position
    if (size < 0) throw new ProtocolDecodeError(`negative length ${size} at byte ${start}`)
    if (size > this.end - start) {
      throw new ProtocolDecodeError(`${size} bytes expected at byte ${start}, but only ${this.end - start} are left`)
    }
    this.position = start + size
    return start
  }

  int8(): number {
    const at = this.take(1)
    return ((this.buffer[at] as number) << 24) >> 24
  }

  uint8(): number {
    return this.buffer[this.take(1)] as number
  }

  boolean(): boolean {
    return this.buffer[this.take(1)] !== 0
  }

  int16(): number {
    return (this.uint16() << 16) >> 16
  }

  uint16(): number {
    const at = this.take(2)
    const { buffer } = this
    return ((buffer[at] as number) << 8) | (buffer[at + 1] as number)
  }

  int32(): number {
    const at = this.take(4)
    const { buffer } = this
    return (
      ((buffer[at] as number) << 24) |
      ((buffer[at + 1] as number) << 16) |
      ((buffer[at + 2] as number) << 8) |
      (buffer[at + 3] as number)
    )
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  /** A 64-bit integer as the nearest double: exact within ±2^53. */
  int64(): number {
    if (this.end - this.position < 8) this.take(8)
    const high = this.int32()
    return high * TWO_POW_32 + this.uint32()
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8))
  }

  /** An unsigned varint of at most 32 bits. */
  uvarint(): number {
    const start = this.position
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.uint8()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    const last = this.uint8()
    if (last > 0x0f) throw new ProtocolDecodeError(`the varint at byte ${start} does not fit into 32 bits`)
    return (value | (last << 28)) >>> 0
  }

  /** A zigzag varint of at most 32 bits. */
  varint(): number {
    const raw = this.uvarint()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** A zigzag varint of at most 64 bits, as the nearest double. */
  varlong(): number {
    const start = this.position
    let low = 0 // the lowest 28 bits
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.uint8()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1)
    }
    let high = 0 // the 36 bits above them
    let factor = 1
    for (let index = 4; index < 10; index++) {
      const byte = this.uint8()
      if (index === 9 && byte > 1) break
      high += (byte & 0x7f) * factor
      if (byte < 0x80) {
        // `high` is exact below 2^36; halving happens on the parts so that no bit is lost before the sum is rounded.
        const half = high * 2 ** 27 + (low >>> 1)
        return (low & 1) === 0 ? half : -half - 1
      }
      factor *= 128
    }
    throw new ProtocolDecodeError(`the varint at byte ${start} does not fit into 64 bits`)
  }

  /** 16 bytes in Kafka's text form: 22 characters of base64url. */
  uuid(): string {
    const at = this.take(16)
    return this.buffer.toString('base64url', at, at + 16)
  }

  /** `size` bytes of UTF-8. */
  text(size: number): string {
    const at = this.take(size)
    return this.buffer.toString('utf8', at, at + size)
  }

  /** `size` bytes as a view of the buffer. */
  view(size: number): Uint8Array {
    const at = this.take(size)
    return this.buffer.subarray(at, at + size)
  }

  /** A string with an int16 length; null for -1. */
  nullableString(): string | null {
    const size = this.int16()
    return size === -1 ? null : this.text(size)
  }

  /** A string with an int16 length that must not be null. */
  string(): string {
    return this.text(this.int16())
  }

  /** A string with an unsigned varint length + 1; null for 0. */
  nullableCompactString(): string | null {
    const size = this.uvarint()
    return size === 0 ? null : this.text(size - 1)
  }

  /** A string with an unsigned varint length + 1 that must not be null. */
  compactString(): string {
    return this.text(this.uvarint() - 1)
  }

  /** Bytes with an int32 length, as a view; null for -1. */
  nullableBytes(): Uint8Array | null {
    const size = this.int32()
    return size === -1 ? null : this.view(size)
  }

  /** Bytes with an unsigned varint length + 1, as a view; null for 0. */
  nullableCompactBytes(): Uint8Array | null {
    const size = this.uvarint()
    return size === 0 ? null : this.view(size - 1)
  }

  /**
   * The count of an array (int32, or unsigned varint + 1 when `compact`); -1 stands for null. A count that the bytes left
   * cannot hold is refused before anything is allocated.
   * @param minElementSize fewest bytes that one element takes
   */
  arrayCount(compact: boolean, minElementSize: number): number {
    const start = this.position
    const count = compact ? this.uvarint() - 1 : this.int32()
    if (count < -1) throw new ProtocolDecodeError(`negative array size ${count} at byte ${start}`)
    if (count * minElementSize > this.remaining) {
      throw new ProtocolDecodeError(
        `an array of ${count} elements at byte ${start} does not fit into ${this.remaining} bytes`,
      )
    }
    return count
  }

  /** Moves over a tag section without looking at it. */
  skipTags(): void {
    let count = this.uvarint()
    if (count * 2 > this.remaining) throw new ProtocolDecodeError(`${count} tagged fields do not fit into the message`)
    for (; count > 0; count--) {
      this.uvarint()
      this.take(this.uvarint())
    }
  }
}
