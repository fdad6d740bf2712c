const LINE_FEED = 0x0a

/** What a pipe takes whole or not at all (`PIPE_BUF`): lines that are written in such pieces never have others in them. */
const PIECE_BYTES = 4096

/** Where the whole lines after `start` end that fit into what a pipe takes at once; in the midst of a line that is longer. */
export function pieceEnd(lines: Uint8Array, start: number): number {
  if (lines.length - start <= PIECE_BYTES) return lines.length
  const length = lines.subarray(start, start + PIECE_BYTES).lastIndexOf(LINE_FEED) + 1
  return start + (length > 0 ? length : PIECE_BYTES)
}
