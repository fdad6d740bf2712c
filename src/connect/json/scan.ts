// Guarded by bench/micro/json-converter.ts: the sink's fast path runs this over every value.
import { multiByteEnd } from './utf8.ts'

export const JSON_INVALID = 0
export const JSON_COMPACT = 1
export const JSON_WITH_WHITESPACE = 2

/** Deeper texts are called invalid, as Kafka Connect's parser does. */
const MAX_DEPTH = 1000

const ARRAY = 0
const OBJECT = 1

/** What a byte means inside a string: 0 nothing, 1 the end, 2 an escape, 3 a control character, 4 not ASCII. */
const inString = new Uint8Array(256)
inString.fill(3, 0, 0x20)
inString[0x22] = 1
inString[0x5c] = 2
inString.fill(4, 0x80)

/** Scans do not overlap, so one stack of open brackets serves them all. */
const stack = new Uint8Array(MAX_DEPTH + 1)

/**
 * Checks that the bytes are exactly one JSON text (RFC 8259, UTF-8): 0 when not, 1 when it has no whitespace between
 * tokens, 2 when it has.
 */
export function scanJson(bytes: Uint8Array, start: number, end: number): 0 | 1 | 2 {
  let result: 1 | 2 = JSON_COMPACT
  let depth = 0
  let i = start
  for (;;) {
    // A value begins at i.
    if (i >= end) return JSON_INVALID
    let c = bytes[i] as number
    if (c <= 0x20) {
      i = afterWhitespace(bytes, i, end)
      if (i >= end || i < 0) return JSON_INVALID
      result = JSON_WITH_WHITESPACE
      c = bytes[i] as number
    }
    let isOpen = false
    if (c === 0x22) {
      i = afterString(bytes, i + 1, end)
    } else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_DEPTH) return JSON_INVALID
      stack[depth] = c === 0x7b ? OBJECT : ARRAY
      i++
      isOpen = true
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      i = afterNumber(bytes, i, end)
    } else {
      i = afterLiteral(bytes, i, end, c)
    }
    if (i < 0) return JSON_INVALID

    // After a value, or just inside an opened bracket: close brackets until another value must follow.
    for (;;) {
      if (depth === 0) {
        if (i === end) return result
        return afterWhitespace(bytes, i, end) === end ? JSON_WITH_WHITESPACE : JSON_INVALID
      }
      if (i >= end) return JSON_INVALID
      c = bytes[i] as number
      if (c <= 0x20) {
        i = afterWhitespace(bytes, i, end)
        if (i >= end || i < 0) return JSON_INVALID
        result = JSON_WITH_WHITESPACE
        c = bytes[i] as number
      }
      if (stack[depth] === OBJECT) {
        if (c === 0x7d) {
          depth--
          i++
          isOpen = false
          continue
        }
        if (!isOpen) {
          if (c !== 0x2c) return JSON_INVALID
          if (++i >= end) return JSON_INVALID
          c = bytes[i] as number
          if (c <= 0x20) {
            i = afterWhitespace(bytes, i, end)
            if (i >= end || i < 0) return JSON_INVALID
            result = JSON_WITH_WHITESPACE
            c = bytes[i] as number
          }
        }
        if (c !== 0x22) return JSON_INVALID
        i = afterString(bytes, i + 1, end)
        if (i < 0 || i >= end) return JSON_INVALID
        c = bytes[i] as number
        if (c <= 0x20) {
          i = afterWhitespace(bytes, i, end)
          if (i >= end || i < 0) return JSON_INVALID
          result = JSON_WITH_WHITESPACE
          c = bytes[i] as number
        }
        if (c !== 0x3a) return JSON_INVALID
        i++
        break
      }
      if (c === 0x5d) {
        depth--
        i++
        isOpen = false
        continue
      }
      if (!isOpen) {
        if (c !== 0x2c) return JSON_INVALID
        i++
      }
      break
    }
  }
}

/** The first position that is no whitespace; −1 when a control character stands there. */
function afterWhitespace(bytes: Uint8Array, i: number, end: number): number {
  while (i < end) {
    const c = bytes[i] as number
    if (c > 0x20) return i
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return -1
    i++
  }
  return i
}

/** The position after the closing quote of the string whose content begins at `i`; −1 when it is faulty. */
function afterString(bytes: Uint8Array, i: number, end: number): number {
  while (i < end) {
    const kind = inString[bytes[i] as number] as number
    if (kind === 0) i++
    else if (kind === 1) return i + 1
    else if (kind === 2) {
      i = afterEscape(bytes, i + 1, end)
      if (i < 0) return -1
    } else if (kind === 4) {
      i = multiByteEnd(bytes, i, end)
      if (i < 0) return -1
    } else return -1
  }
  return -1
}

function afterEscape(bytes: Uint8Array, i: number, end: number): number {
  if (i >= end) return -1
  switch (bytes[i]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return i + 1
    case 0x75: // u
      if (i + 5 > end) return -1
      for (let k = i + 1; k < i + 5; k++) if (!isHexDigit(bytes[k] as number)) return -1
      return i + 5
    default:
      return -1
  }
}

function isHexDigit(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66)
}

function afterNumber(bytes: Uint8Array, i: number, end: number): number {
  if (bytes[i] === 0x2d) i++
  if (i >= end) return -1
  if (bytes[i] === 0x30) i++
  else {
    const digits = afterDigits(bytes, i, end)
    if (digits === i) return -1
    i = digits
  }
  if (i < end && bytes[i] === 0x2e) {
    const digits = afterDigits(bytes, i + 1, end)
    if (digits === i + 1) return -1
    i = digits
  }
  if (i < end && ((bytes[i] as number) | 0x20) === 0x65) {
    i++
    if (i < end && (bytes[i] === 0x2b || bytes[i] === 0x2d)) i++
    const digits = afterDigits(bytes, i, end)
    if (digits === i) return -1
    i = digits
  }
  return i
}

function afterDigits(bytes: Uint8Array, i: number, end: number): number {
  while (i < end) {
    const c = bytes[i] as number
    if (c < 0x30 || c > 0x39) return i
    i++
  }
  return i
}

const literals: Readonly<Record<number, Uint8Array>> = {
  0x74: Buffer.from('true'),
  0x66: Buffer.from('false'),
  0x6e: Buffer.from('null'),
}

function afterLiteral(bytes: Uint8Array, i: number, end: number, first: number): number {
  const literal = literals[first]
  if (literal === undefined || i + literal.length > end) return -1
  for (let k = 1; k < literal.length; k++) if (bytes[i + k] !== literal[k]) return -1
  return i + literal.length
}
