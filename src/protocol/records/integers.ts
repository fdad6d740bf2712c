const TWO_32 = 4294967296
const TWO_63 = 9223372036854775808

/** Reads a big-endian int16. The caller has checked the bounds. */
export function getInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number)
}

/** Reads a big-endian int32. The caller has checked the bounds. */
export function getInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

/** Reads a big-endian int64 as the nearest double. The caller has checked the bounds. */
export function getInt64(bytes: Uint8Array, at: number): number {
  return getInt32(bytes, at) * TWO_32 + (getInt32(bytes, at + 4) >>> 0)
}

export function putInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Writes a big-endian int64; numbers beyond the range become Long.MIN_VALUE or Long.MAX_VALUE. */
export function putInt64(bytes: Uint8Array, at: number, value: number): void {
  if (value >= TWO_63) {
    putInt32(bytes, at, 0x7fffffff)
    putInt32(bytes, at + 4, -1)
  } else if (value <= -TWO_63) {
    putInt32(bytes, at, -0x80000000)
    putInt32(bytes, at + 4, 0)
  } else {
    const high = Math.floor(value / TWO_32)
    putInt32(bytes, at, high)
    putInt32(bytes, at + 4, (value - high * TWO_32) >>> 0)
  }
}
