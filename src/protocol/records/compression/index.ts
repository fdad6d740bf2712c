import { CorruptRecordError } from '../corrupt-record-error.ts'
import { lz4Compress, lz4Decompress } from './lz4.ts'
import { snappyCompress, snappyDecompress } from './snappy.ts'
import type { CompressionType } from './types.ts'
import { gzipCompress, gzipDecompress, zstdCompress, zstdDecompress } from './zlib.ts'

// What stands between the records of a batch and the wire. Each codec has the framing that Java's clients write and accepts
// what other clients write. Nothing here knows of batches or records.

export { type CompressionType, compressionTypeOf, compressionTypes } from './types.ts'

/** Compresses into bytes of its own; `none` gives `bytes` back. */
export function compress(type: CompressionType, bytes: Uint8Array): Uint8Array {
  switch (type) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipCompress(bytes)
    case 'snappy':
      return snappyCompress(bytes)
    case 'lz4':
      return lz4Compress(bytes)
    case 'zstd':
      return zstdCompress(bytes)
  }
}

/**
 * Decompresses into bytes of its own (`none` gives `bytes` back). Never allocates more than about `maxBytes`.
 * @throws CorruptRecordError: `too-large` when the content exceeds `maxBytes`, else `compression` for broken input.
 */
export function decompress(type: CompressionType, bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (type === 'none') return bytes
  try {
    switch (type) {
      case 'gzip':
        return gzipDecompress(bytes, maxBytes)
      case 'snappy':
        return snappyDecompress(bytes, maxBytes)
      case 'lz4':
        return lz4Decompress(bytes, maxBytes)
      case 'zstd':
        return zstdDecompress(bytes, maxBytes)
    }
  } catch (error) {
    if (error instanceof CorruptRecordError) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new CorruptRecordError('too-large', `${type} batch holds more than the limit of ${maxBytes} bytes`)
    }
    const why = error instanceof Error ? error.message : String(error)
    throw new CorruptRecordError('compression', `${type} batch cannot be decompressed: ${why}`, { cause: error })
  }
}
