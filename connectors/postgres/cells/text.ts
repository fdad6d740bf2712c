import { type CellReader, LastView, writeJsonBase64 } from 'millrace/connect'

const BACKSLASH = 92
const QUOTE = 34

/** What follows a backslash in COPY text, and the byte that it stands for; any other byte stands for itself. */
const unescaped = new Uint8Array(256).map((_zero, byte) => byte)
for (const [letter, byte] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }))
  unescaped[letter.charCodeAt(0)] = byte

/** The letter after the backslash in JSON, for bytes that have a short escape there. */
const shortEscape = new Uint8Array(256)
for (const [letter, byte] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9 }))
  shortEscape[byte] = letter.charCodeAt(0)
shortEscape[QUOTE] = QUOTE
shortEscape[BACKSLASH] = BACKSLASH

/** 1 for bytes of COPY text that do not go into a JSON string as they are. */
const special = new Uint8Array(256).fill(1, 0, 32)
special[QUOTE] = 1
special[BACKSLASH] = 1

const hexDigits = Array.from('0123456789ABCDEF', (digit) => digit.charCodeAt(0))
const decoder = new TextDecoder()

/** Bytes that are looked at together. */
const WORD = 4
const sourceView = new LastView()
const targetView = new LastView()

/** The bytes behind COPY text: its escapes resolved. A copy only where there are any. */
export function unescapeCopyText(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const first = bytes.subarray(start, end).indexOf(BACKSLASH)
  if (first < 0) return bytes.subarray(start, end)
  const plain = new Uint8Array(end - start)
  let length = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    plain[length++] = byte === BACKSLASH && i + 1 < end ? (unescaped[bytes[++i] as number] as number) : byte
  }
  return plain.subarray(0, length)
}

/** Text of any kind. The server's encoding on this connection is UTF-8. */
export const textReader: CellReader = {
  value: (bytes, start, end) => decoder.decode(unescapeCopyText(bytes, start, end)),
  writeJson(out, bytes, start, end) {
    out.reserve((end - start) * 6 + 2 + WORD)
    const target = out.bytes
    const from = sourceView.of(bytes)
    const to = targetView.of(target)
    let position = out.position
    target[position++] = QUOTE
    let i = start
    // Four bytes at once as long as none of them is special: what is copied beyond is overwritten.
    for (const last = end - WORD; i <= last; i += WORD, position += WORD) {
      const word = from.getInt32(i, true)
      if (hasSpecial(word)) break
      to.setInt32(position, word, true)
    }
    for (; i < end; i++) {
      let byte = bytes[i] as number
      if (special[byte] === 0) {
        target[position++] = byte
        continue
      }
      if (byte === BACKSLASH && i + 1 < end) byte = unescaped[bytes[++i] as number] as number
      position = writeEscaped(target, position, byte)
    }
    target[position++] = QUOTE
    out.position = position
  },
}

/** Whether one of four bytes is below 32, a quote or a backslash. */
function hasSpecial(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  return (
    ((((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) &
      0x80808080) !==
    0
  )
}

function writeEscaped(target: Uint8Array, position: number, byte: number): number {
  if (special[byte] === 0) {
    target[position] = byte
    return position + 1
  }
  target[position] = BACKSLASH
  const short = shortEscape[byte] as number
  if (short !== 0) {
    target[position + 1] = short
    return position + 2
  }
  target.set([0x75, 0x30, 0x30, hexDigits[byte >> 4] as number, hexDigits[byte & 15] as number], position + 1)
  return position + 6
}

/** bytea in its hex form, which COPY writes as `\\x…`. */
export const byteaReader: CellReader = {
  value: hexBytes,
  writeJson: (out, bytes, start, end) => writeJsonBase64(out, hexBytes(bytes, start, end)),
}

function hexBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const digits = bytes.subarray(start + 3, end)
  return new Uint8Array(
    Buffer.from(Buffer.from(digits.buffer, digits.byteOffset, digits.length).toString('latin1'), 'hex'),
  )
}

/** The cell's ASCII characters as BYTES: what the JDBC connectors make of `bit(n)` beyond 8 bits. */
export const asciiBytesReader: CellReader = {
  value: (bytes, start, end) => bytes.slice(start, end),
  writeJson: (out, bytes, start, end) => writeJsonBase64(out, bytes, start, end),
}
