// Guarded by bench/micro/json-converter.ts: the sink's fast path runs this over every value. Four bytes are looked at together
// wherever they may all be of one kind, which makes it more than twice as fast as byte by byte.
import { LastView } from './last-view.ts'
import { multiByteEnd } from './utf8.ts'

export const JSON_INVALID = 0
export const JSON_COMPACT = 1
export const JSON_WITH_WHITESPACE = 2

/** Deeper texts are called invalid, as Kafka Connect's parser does. */
const MAX_DEPTH = 1000

/** Bytes that are looked at together. */
const WORD = 4
const OPEN_OBJECT = 0x7b
const OPEN_ARRAY = 0x5b

const views = new LastView()

/** Scans do not overlap, so one stack of open brackets serves them all. */
const stack = new Uint8Array(MAX_DEPTH + 1)

/**
 * Checks that the bytes are exactly one JSON text (RFC 8259, UTF-8): 0 when not, 1 when it has no whitespace between
 * tokens, 2 when it has.
 */
export function scanJson(bytes: Uint8Array, start: number, end: number): 0 | 1 | 2 {
  const view = views.of(bytes)
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
    if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (++depth > MAX_DEPTH) return JSON_INVALID
      stack[depth] = c
      i++
      isOpen = true
    } else if (c === 0x22) i = afterString(view, bytes, i + 1, end)
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) i = afterNumber(view, bytes, i, end)
    else i = afterLiteral(view, i, end, c)
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
      if (stack[depth] === OPEN_OBJECT) {
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
        i = afterString(view, bytes, i + 1, end)
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
function afterString(view: DataView, bytes: Uint8Array, i: number, end: number): number {
  const lastWord = end - WORD
  while (i < end) {
    if (i <= lastWord) {
      const word = view.getInt32(i, true)
      const special =
        ((word ^ 0x22222222) - 0x01010101) | ((word ^ 0x5c5c5c5c) - 0x01010101) | (word - 0x20202020) | word
      const plain = leadingBytes(special)
      i += plain
      if (plain === WORD) continue
    }
    const c = bytes[i] as number
    if (c === 0x22) return i + 1
    if (c >= 0x80) i = multiByteEnd(bytes, i, end)
    else if (c === 0x5c) i = afterEscape(bytes, i + 1, end)
    else if (c < 0x20) return -1
    else i++
    if (i < 0) return -1
  }
  return -1
}

/**
 * How many bytes come before the first one whose highest bit is set in `marks`, the lowest byte first; 4 when there is none. Where
 * a difference marks a byte, its borrow can only mark higher ones, too, which come later.
 */
function leadingBytes(marks: number): number {
  const bits = marks & 0x80808080
  return bits === 0 ? WORD : (31 - Math.clz32(bits & -bits)) >> 3
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

function afterNumber(view: DataView, bytes: Uint8Array, i: number, end: number): number {
  if (bytes[i] === 0x2d) i++
  if (i >= end) return -1
  if (bytes[i] === 0x30) i++
  else {
    const digits = afterDigits(view, bytes, i, end)
    if (digits === i) return -1
    i = digits
  }
  if (i < end && bytes[i] === 0x2e) {
    const digits = afterDigits(view, bytes, i + 1, end)
    if (digits === i + 1) return -1
    i = digits
  }
  if (i < end && ((bytes[i] as number) | 0x20) === 0x65) {
    i++
    if (i < end && (bytes[i] === 0x2b || bytes[i] === 0x2d)) i++
    const digits = afterDigits(view, bytes, i, end)
    if (digits === i) return -1
    i = digits
  }
  return i
}

function afterDigits(view: DataView, bytes: Uint8Array, i: number, end: number): number {
  const lastWord = end - WORD
  while (i <= lastWord) {
    const word = view.getInt32(i, true)
    const digits = leadingBytes((word + 0x46464646) | (word - 0x30303030) | word)
    i += digits
    if (digits < WORD) return i
  }
  while (i < end) {
    const c = bytes[i] as number
    if (c < 0x30 || c > 0x39) return i
    i++
  }
  return i
}

const TRUE = wordOf('true')
const NULL = wordOf('null')
const ALSE = wordOf('alse')

function wordOf(text: string): number {
  return Buffer.from(text).readInt32LE()
}

function afterLiteral(view: DataView, i: number, end: number, first: number): number {
  if (first === 0x66) return i + 5 <= end && view.getInt32(i + 1, true) === ALSE ? i + 5 : -1
  if (i + WORD > end) return -1
  const word = view.getInt32(i, true)
  return word === TRUE || word === NULL ? i + WORD : -1
}
