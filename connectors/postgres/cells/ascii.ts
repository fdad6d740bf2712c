import type { ByteSink } from 'millrace/connect'

const MINUS = 45
const ZERO = 48

/** The cell's bytes as a string; for cells that hold ASCII only (numbers, timestamps, uuids). */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

/** The largest power of ten below which digits are found with 32-bit arithmetic, which is several times faster. */
const SMALL = 1_000_000_000

/** Writes a safe integer in decimal digits, without a string: dates and timestamps are most of what a table holds. */
export function writeInteger(out: ByteSink, value: number): void {
  out.reserve(17)
  const target = out.bytes
  let position = out.position
  let rest = value
  if (rest < 0) {
    target[position++] = MINUS
    rest = -rest
  }
  if (rest < SMALL) {
    out.position = writeSmall(target, position, rest | 0, digitCount(rest | 0))
    return
  }
  const high = Math.floor(rest / SMALL)
  position = writeSmall(target, position, high | 0, digitCount(high | 0))
  out.position = writeSmall(target, position, (rest - high * SMALL) | 0, 9)
}

/** Writes the last `digits` digits of a number below 10⁹; gives the position after them. */
function writeSmall(target: Uint8Array, position: number, value: number, digits: number): number {
  const end = position + digits
  let rest = value
  for (let at = end - 1; at >= position; at--) {
    const quotient = (rest / 10) | 0
    target[at] = ZERO + rest - quotient * 10
    rest = quotient
  }
  return end
}

function digitCount(value: number): number {
  let digits = 1
  for (let limit = 10; digits < 9 && value >= limit; limit *= 10) digits++
  return digits
}

/** Two digits at `position` as a number; the caller knows that they are digits. */
export function twoDigits(bytes: Uint8Array, position: number): number {
  return ((bytes[position] as number) - ZERO) * 10 + ((bytes[position + 1] as number) - ZERO)
}
