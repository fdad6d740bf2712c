// Guarded by bench/micro/json-converter.ts: sources write every cell through these.
import type { ByteSink } from '../batches.ts'
import { formatJavaDouble } from '../data/java-number.ts'

const encoder = new TextEncoder()
const upperHex = encoder.encode('0123456789ABCDEF')

/** What a byte needs inside a JSON string: 0 nothing, 1 `\u00XX`, else the letter after the backslash. */
const escapes = new Uint8Array(256)
escapes.fill(1, 0, 0x20)
escapes[0x08] = 0x62
escapes[0x09] = 0x74
escapes[0x0a] = 0x6e
escapes[0x0c] = 0x66
escapes[0x0d] = 0x72
escapes[0x22] = 0x22
escapes[0x5c] = 0x5c

/** Writes a text of ASCII characters only. */
export function writeAscii(out: ByteSink, text: string): void {
  const length = text.length
  out.reserve(length)
  const { bytes } = out
  let position = out.position
  for (let i = 0; i < length; i++) bytes[position++] = text.charCodeAt(i)
  out.position = position
}

/** Writes any text as UTF-8; lone surrogates become U+FFFD. */
export function writeUtf8(out: ByteSink, text: string): void {
  out.reserve(text.length * 3)
  out.position += encoder.encodeInto(text, out.bytes.subarray(out.position)).written
}

/** Copies bytes as they are. */
export function writeBytes(out: ByteSink, bytes: Uint8Array, start = 0, end = bytes.length): void {
  const length = end - start
  out.reserve(length)
  if (length > 48) {
    out.bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), out.position)
    out.position += length
    return
  }
  const target = out.bytes
  let position = out.position
  for (let i = start; i < end; i++) target[position++] = bytes[i] as number
  out.position = position
}

/** Writes UTF-8 bytes as a JSON string with its quotes, escaped as Kafka Connect escapes. They must be well formed. */
export function writeJsonString(out: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  out.reserve(end - start + 2)
  let target = out.bytes
  let position = out.position
  target[position++] = 0x22
  for (let i = start; i < end; i++) {
    const c = bytes[i] as number
    const escape = escapes[c] as number
    if (escape === 0) {
      target[position++] = c
      continue
    }
    out.position = position
    out.reserve(end - i + 7)
    target = out.bytes
    target[position++] = 0x5c
    if (escape !== 1) {
      target[position++] = escape
      continue
    }
    target[position++] = 0x75
    target[position++] = 0x30
    target[position++] = 0x30
    target[position++] = upperHex[c >> 4] as number
    target[position++] = upperHex[c & 15] as number
  }
  target[position++] = 0x22
  out.position = position
}

const scratch = { bytes: new Uint8Array(4096) }

/** Writes a JavaScript string as a JSON string, escaped like {@link writeJsonString}. */
export function writeJsonText(out: ByteSink, text: string): void {
  const needed = text.length * 3
  const bytes = needed <= scratch.bytes.length ? scratch.bytes : new Uint8Array(needed)
  writeJsonString(out, bytes, 0, encoder.encodeInto(text, bytes).written)
}

/** Writes an integer in decimal digits; `value` must be a safe integer or a bigint. */
export function writeInteger(out: ByteSink, value: number | bigint): void {
  if (typeof value === 'number' && value >= 0 && value < 10) {
    out.reserve(1)
    out.bytes[out.position++] = 0x30 + value
    return
  }
  writeAscii(out, String(value))
}

/** Writes a double as Java writes it; NaN and the infinities as strings, since JSON has no number for them. */
export function writeJsonDouble(out: ByteSink, value: number): void {
  const text = formatJavaDouble(value)
  writeAscii(out, Number.isFinite(value) ? text : `"${text}"`)
}

const base64Digits = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')

/** Writes bytes as a JSON string of padded base64. */
export function writeJsonBase64(out: ByteSink, bytes: Uint8Array, start = 0, end = bytes.length): void {
  out.reserve(Math.ceil((end - start) / 3) * 4 + 2)
  const target = out.bytes
  let position = out.position
  target[position++] = 0x22
  let i = start
  for (; i + 2 < end; i += 3) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    target[position++] = base64Digits[group >> 18] as number
    target[position++] = base64Digits[(group >> 12) & 63] as number
    target[position++] = base64Digits[(group >> 6) & 63] as number
    target[position++] = base64Digits[group & 63] as number
  }
  if (i < end) {
    const isPair = i + 1 < end
    const group = ((bytes[i] as number) << 16) | (isPair ? (bytes[i + 1] as number) << 8 : 0)
    target[position++] = base64Digits[group >> 18] as number
    target[position++] = base64Digits[(group >> 12) & 63] as number
    target[position++] = isPair ? (base64Digits[(group >> 6) & 63] as number) : 0x3d
    target[position++] = 0x3d
  }
  target[position++] = 0x22
  out.position = position
}
