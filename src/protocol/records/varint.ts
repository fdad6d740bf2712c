import { CorruptRecordError } from './corrupt-record-error.ts'

// The zigzag varints of records. These are the innermost loops of the product (bench/micro/records.ts), so they work on plain
// byte arrays and positions, in 32-bit arithmetic; only values from 2^30 on take the slow roads at the end of the file.

/** Where the last `read…` of this module stopped. A second return value without an object. */
export let cursor = 0

/** Bytes that `value` (an int32) takes as a zigzag varint: 1 to 5. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5
}

/** Writes an int32 as a zigzag varint and returns the position after it. Needs up to 5 bytes of room. */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  while (zigzag > 0x7f) {
    bytes[position++] = zigzag | 0x80
    zigzag >>>= 7
  }
  bytes[position++] = zigzag
  return position
}

/** Bytes that `value` (an int64 held in a double) takes as a zigzag varint: 1 to 10. */
export function varlongSize(value: number): number {
  if (value < 0x40000000 && value >= -0x40000000) return varintSize(value)
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value
  let size = 1
  while (zigzag >= 0x80 && size < 10) {
    zigzag = Math.floor(zigzag / 128)
    size++
  }
  return size
}

/** Writes an int64 held in a double as a zigzag varint and returns the position after it. Needs up to 10 bytes of room. */
export function writeVarlong(bytes: Uint8Array, position: number, value: number): number {
  if (value < 0x40000000 && value >= -0x40000000) return writeVarint(bytes, position, value)
  return writeVarlongSlow(bytes, position, value)
}

function writeVarlongSlow(bytes: Uint8Array, position: number, value: number): number {
  if (!Number.isSafeInteger(value * 2)) return writeVarlongBig(bytes, position, value)
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value
  while (zigzag > 0x7f) {
    bytes[position++] = (zigzag % 128) | 0x80
    zigzag = Math.floor(zigzag / 128)
  }
  bytes[position++] = zigzag
  return position
}

function writeVarlongBig(bytes: Uint8Array, position: number, value: number): number {
  const whole = BigInt.asIntN(64, BigInt(Math.min(Math.max(value, -(2 ** 63)), 2 ** 63 - 1024)))
  let zigzag = BigInt.asUintN(64, (whole << 1n) ^ (whole >> 63n))
  while (zigzag > 0x7fn) {
    bytes[position++] = Number(zigzag & 0x7fn) | 0x80
    zigzag >>= 7n
  }
  bytes[position++] = Number(zigzag)
  return position
}

/** Reads a zigzag varint of at most 5 bytes that ends before `end`; sets `cursor`. */
export function readVarint(bytes: Uint8Array, position: number, end: number): number {
  let raw = 0
  for (let shift = 0; shift <= 28; shift += 7) {
    if (position >= end) throw truncated()
    const byte = bytes[position++] as number
    raw |= (byte & 0x7f) << shift
    if (byte < 0x80) {
      if (shift === 28 && byte > 0x0f) break
      cursor = position
      return (raw >>> 1) ^ -(raw & 1)
    }
  }
  throw new CorruptRecordError('records', 'a record holds a varint of more than 32 bits')
}

/** Reads a zigzag varlong of at most 10 bytes that ends before `end`, as the nearest double; sets `cursor`. */
export function readVarlong(bytes: Uint8Array, position: number, end: number): number {
  const start = position
  let raw = 0
  let scale = 1
  for (let size = 1; size <= 10; size++) {
    if (position >= end) throw truncated()
    const byte = bytes[position++] as number
    raw += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) {
      cursor = position
      if (raw > Number.MAX_SAFE_INTEGER) return readVarlongBig(bytes, start, position)
      return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
    }
  }
  throw new CorruptRecordError('records', 'a record holds a varlong of more than 64 bits')
}

function readVarlongBig(bytes: Uint8Array, start: number, end: number): number {
  let raw = 0n
  for (let at = end - 1; at >= start; at--) raw = (raw << 7n) | BigInt((bytes[at] as number) & 0x7f)
  raw = BigInt.asUintN(64, raw)
  return Number((raw >> 1n) ^ -(raw & 1n))
}

function truncated(): CorruptRecordError {
  return new CorruptRecordError('records', 'a record ends in the middle of a varint')
}
