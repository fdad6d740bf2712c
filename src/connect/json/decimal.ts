import type { ByteSink } from '../batches.ts'
import { DataError } from '../errors.ts'
import { writeJsonBase64 } from './write.ts'

const unscaledBytes = new Uint8Array(8)

/**
 * Writes a decimal number given as ASCII text in plain notation (`-12.50`) as Connect's Decimal of `scale` digits after
 * the point: a JSON string with the base64 of the unscaled value. Fewer digits after the point than `scale` are filled
 * with zeros; more of them, other than zeros, are a `DataError`.
 */
export function writeJsonDecimal(out: ByteSink, bytes: Uint8Array, start: number, end: number, scale: number): void {
  let unscaled = 0
  let digits = 0
  let fraction = -1
  let i = start
  const isNegative = bytes[i] === 0x2d
  if (isNegative || bytes[i] === 0x2b) i++
  for (; i < end; i++) {
    const c = bytes[i] as number
    if (c === 0x2e && fraction < 0) fraction = 0
    else if (c >= 0x30 && c <= 0x39 && digits < 16) {
      if (fraction >= 0) fraction++
      unscaled = unscaled * 10 + c - 0x30
      if (unscaled !== 0) digits++
    } else break
  }
  const missing = scale - Math.max(0, fraction)
  if (i < end || missing < 0 || digits === 0 || digits + missing > 15) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
    const value = bigIntBytes(unscaledValue(text, scale))
    writeJsonBase64(out, value)
    return
  }
  for (let k = 0; k < missing; k++) unscaled *= 10
  const length = smallIntegerBytes(isNegative ? -unscaled : unscaled)
  writeJsonBase64(out, unscaledBytes, 8 - length, 8)
}

/** Big-endian two's complement of a safe integer, at the end of `unscaledBytes`; gives the count of bytes. */
function smallIntegerBytes(value: number): number {
  if ((value | 0) === value) return int32Bytes(value)
  let position = 8
  let rest = value
  do {
    const low = ((rest % 256) + 256) % 256
    unscaledBytes[--position] = low
    rest = (rest - low) / 256
  } while (
    !(
      (rest === 0 && (unscaledBytes[position] as number) < 0x80) ||
      (rest === -1 && (unscaledBytes[position] as number) >= 0x80)
    )
  )
  return 8 - position
}

/** The same with 32-bit arithmetic, which most amounts of money fit and which is several times faster. */
function int32Bytes(value: number): number {
  let position = 8
  let rest = value
  do {
    unscaledBytes[--position] = rest
    rest >>= 8
  } while (rest !== ((unscaledBytes[position] as number) << 24) >> 31)
  return 8 - position
}

const plainNumber = /^([+-]?)(\d*)(?:\.(\d*))?$/

/** The unscaled value of a decimal text for `scale` digits after the point. Throws `DataError` if it does not fit. */
export function unscaledValue(text: string, scale: number): bigint {
  const match = plainNumber.exec(text)
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (match === null || whole.length + fraction.length === 0)
    throw new DataError(`"${text}" is not a decimal number in plain notation`)
  if (scale < 0) {
    const kept = whole.slice(0, scale)
    if (/[1-9]/.test(fraction) || /[1-9]/.test(whole.slice(scale))) throw mismatchingScale(text, scale)
    return signed(match[1], kept)
  }
  if (/[1-9]/.test(fraction.slice(scale))) throw mismatchingScale(text, scale)
  return signed(match[1], whole + fraction.slice(0, scale).padEnd(scale, '0'))
}

function signed(sign: string | undefined, digits: string): bigint {
  const value = BigInt(digits === '' ? '0' : digits)
  return sign === '-' ? -value : value
}

function mismatchingScale(text: string, scale: number): DataError {
  const digits = text.split('.')[1]?.length ?? 0
  return new DataError(
    `Decimal value has mismatching scale for given Decimal schema: ${text} has scale ${digits}, expected ${scale}`,
  )
}

/** Plain notation with exactly `scale` digits after the point. */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled)
  if (scale <= 0) return digits === '0' ? '0' : sign + digits + '0'.repeat(-scale)
  const padded = digits.padStart(scale + 1, '0')
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}

/** Big-endian two's complement in as few bytes as possible, at least one. */
export function bigIntBytes(value: bigint): Uint8Array {
  const magnitude = value < 0n ? -value - 1n : value
  const length = magnitude === 0n ? 1 : Math.floor(magnitude.toString(2).length / 8) + 1
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0')
  return Buffer.from(hex, 'hex')
}

/** Reads big-endian two's complement; no bytes are zero. */
export function bigIntFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
}
