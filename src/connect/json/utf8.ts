/**
 * The end of the multi-byte UTF-8 sequence that starts at `i` (a byte of 0x80 or more), or −1 when it is not well
 * formed: wrong or missing continuation, overlong, a surrogate, or beyond U+10FFFF.
 */
export function multiByteEnd(bytes: Uint8Array, i: number, end: number): number {
  const lead = bytes[i] as number
  if (lead < 0xc2 || lead > 0xf4) return -1
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  if (i + length > end) return -1
  const second = bytes[i + 1] as number
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < lowest || second > highest) return -1
  for (let k = i + 2; k < i + length; k++) {
    if (((bytes[k] as number) & 0xc0) !== 0x80) return -1
  }
  return i + length
}

/** True when the bytes are well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start
  while (i < end) {
    if ((bytes[i] as number) < 0x80) i++
    else {
      i = multiByteEnd(bytes, i, end)
      if (i < 0) return false
    }
  }
  return true
}

const strict = new TextDecoder('utf-8', { fatal: true })

/** Decodes UTF-8 without a byte order mark; throws a `TypeError` for malformed bytes. */
export function decodeUtf8(bytes: Uint8Array): string {
  return strict.decode(bytes)
}

/** Decodes part of `bytes`; malformed sequences become U+FFFD. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('utf8', start, end)
}
