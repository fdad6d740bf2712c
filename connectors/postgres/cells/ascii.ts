import type { ByteSink } from 'millrace/connect'

const MINUS = 45
const ZERO = 48

/** The cell's bytes as a string; for cells that hold ASCII only (numbers, timestamps, uuids). */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

/** Writes a safe integer in decimal digits, without a string: dates and timestamps are most of what a table holds. */
export function writeInteger(out: ByteSink, value: number): void {
  out.reserve(17)
  const target = out.bytes
  let rest = value
  if (rest < 0) {
    target[out.position++] = MINUS
    rest = -rest
  }
  let end = out.position + digitCount(rest)
  out.position = end
  while (rest >= 10) {
    const quotient = Math.floor(rest / 10)
    target[--end] = ZERO + (rest - quotient * 10)
    rest = quotient
  }
  target[--end] = ZERO + rest
}

function digitCount(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}

/** Two digits at `position` as a number; the caller knows that they are digits. */
export function twoDigits(bytes: Uint8Array, position: number): number {
  return ((bytes[position] as number) - ZERO) * 10 + ((bytes[position + 1] as number) - ZERO)
}
