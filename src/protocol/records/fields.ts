import { varintSize, writeVarint } from './varint.ts'

// Field => length varint (−1 null), bytes

/** Bytes that a nullable byte field takes. */
export function fieldSize(field: Uint8Array | null): number {
  return field === null ? 1 : varintSize(field.length) + field.length
}

/** Writes a nullable byte field and returns the position after it. */
export function writeField(bytes: Uint8Array, position: number, field: Uint8Array | null): number {
  if (field === null) {
    bytes[position] = 1
    return position + 1
  }
  const length = field.length
  position = writeVarint(bytes, position, length)
  // A call of `set` costs more than a few bytes are worth.
  if (length <= 16) for (let i = 0; i < length; i++) bytes[position + i] = field[i] as number
  else bytes.set(field, position)
  return position + length
}
