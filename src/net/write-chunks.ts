import type { Writable } from 'node:stream'

/** Chunks up to this size are put together: below it a copy is cheaper than one more entry in the write list. */
const SMALL_CHUNK = 4096

/**
 * Writes the chunks of one message to a socket with as few writes as their sizes warrant; large ones (record batches) are not
 * copied. The chunks must not be changed until the socket has sent them.
 * @param onSent called once it has sent all of them; never if the connection breaks before
 * @returns false when the socket's buffer is over its mark and the caller should wait for `drain`, as `socket.write` does.
 */
export function writeChunks(socket: Writable, chunks: readonly Uint8Array[], onSent?: () => void): boolean {
  const written = onSent && ((error?: Error | null): void => (error ? undefined : onSent()))
  if (chunks.length === 1) return socket.write(chunks[0], written)
  let accepted = !socket.writableNeedDrain
  socket.cork()
  try {
    for (let i = 0; i < chunks.length; ) {
      let end = i + 1
      let size = (chunks[i] as Uint8Array).length
      if (size <= SMALL_CHUNK) {
        while (end < chunks.length && (chunks[end] as Uint8Array).length <= SMALL_CHUNK) {
          size += (chunks[end++] as Uint8Array).length
        }
      }
      if (size > 0) accepted = socket.write(end === i + 1 ? chunks[i] : Buffer.concat(chunks.slice(i, end), size))
      i = end
    }
    if (written !== undefined) accepted = socket.write('', written)
  } finally {
    socket.uncork()
  }
  return accepted
}
