import { gunzipSync, gzipSync, type Zlib, type ZstdDecompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { CorruptRecordError } from '../corrupt-record-error.ts'
import { ownBytes } from './own-bytes.ts'

const MIN_CHUNK = 16384
const MAX_CHUNK = 1048576
/** Rows of a topic shrink to about a quarter; a first chunk of that size saves putting chunks together. */
const USUAL_RATIO = 5

/** One gzip stream at zlib's default level. */
export function gzipCompress(bytes: Uint8Array): Uint8Array {
  return ownBytes(gzipSync(bytes, { chunkSize: chunkSize(bytes.length) }))
}

/** All members of a gzip stream; throws anything on broken input (the caller wraps). */
export function gzipDecompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  return ownBytes(gunzipSync(bytes, outputOptions(bytes, maxBytes)))
}

/** One zstd frame at the library's default level. */
export function zstdCompress(bytes: Uint8Array): Uint8Array {
  return ownBytes(zstdCompressSync(bytes, { chunkSize: chunkSize(bytes.length) }))
}

/** All frames of a zstd stream; throws anything on broken input (the caller wraps). */
export function zstdDecompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  let size = 0
  const parts: Buffer[] = []
  // Node stops after a frame unless the next one happens to be under way, and says how much of the input it used.
  for (let rest = bytes; parts.length === 0 || rest.length > 0; ) {
    const left = maxBytes - size
    const { buffer, engine } = zstdDecompressSync(rest, {
      ...outputOptions(rest, left),
      info: true,
    }) as unknown as { buffer: Buffer; engine: Pick<Zlib & ZstdDecompress, 'bytesWritten'> }
    if (buffer.length > left) throw tooLarge(maxBytes)
    if (engine.bytesWritten === 0) throw new Error('the zstd stream does not advance')
    size += buffer.length
    parts.push(buffer)
    rest = rest.subarray(engine.bytesWritten)
  }
  return ownBytes(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, size))
}

function outputOptions(bytes: Uint8Array, maxBytes: number): { maxOutputLength: number; chunkSize: number } {
  // zlib refuses a limit of 0, which an empty content may have.
  return { maxOutputLength: Math.max(1, maxBytes), chunkSize: chunkSize(bytes.length * USUAL_RATIO) }
}

function chunkSize(expected: number): number {
  return Math.min(MAX_CHUNK, Math.max(MIN_CHUNK, expected))
}

function tooLarge(maxBytes: number): CorruptRecordError {
  return new CorruptRecordError('too-large', `zstd batch holds more than the limit of ${maxBytes} bytes`)
}
