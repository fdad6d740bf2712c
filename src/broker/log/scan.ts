import type { FileHandle } from 'node:fs/promises'
import {
  BATCH_OVERHEAD,
  type BatchHeader,
  CorruptRecordError,
  readBatchHeader,
  verifyBatchCrc,
} from '../../protocol/records/index.ts'
import { readRange } from './files.ts'

const CHUNK_BYTES = 1048576

export interface ScanOptions {
  /** Where to begin, default 0. It has to be the begin of a batch. */
  from?: number
  /** Where to stop: the size of the file, or of the part of it that may be looked at. */
  to: number
  /**
   * `headers` gives headers only and skips what it can; `batches` gives whole batches; `verified` also compares the CRC.
   * `bytes` holds the batch at `header.position` in the latter two.
   */
  depth: 'headers' | 'batches' | 'verified'
  /** May return `false` to stop before this batch. */
  visit: (header: BatchHeader, bytes: Uint8Array, filePosition: number) => boolean | void | Promise<boolean | void>
}

export interface ScanResult {
  /** Where the first batch that was not visited begins. */
  end: number
  /** What was wrong there, null when the scan reached its end or was stopped by its visitor. */
  problem: string | null
}

/** Walks the batches of a segment's file in order, up to the first that is broken. Never throws for what the bytes are. */
export async function scanBatches(handle: FileHandle, options: ScanOptions): Promise<ScanResult> {
  const { to, depth, visit } = options
  let position = options.from ?? 0
  let chunk: Uint8Array = Buffer.alloc(0)
  let chunkStart = position
  const problem = (text: string): ScanResult => ({ end: position, problem: `${text} at byte ${position}` })
  while (position < to) {
    if (to - position < BATCH_OVERHEAD) return problem(`${to - position} bytes that are no batch`)
    if (position + BATCH_OVERHEAD > chunkStart + chunk.length) {
      chunk = await readRange(handle, position, Math.min(CHUNK_BYTES, to - position))
      chunkStart = position
      if (chunk.length < BATCH_OVERHEAD) return problem('the file ends')
    }
    let header: BatchHeader
    try {
      header = readBatchHeader(chunk, position - chunkStart)
    } catch (error) {
      if (!(error instanceof CorruptRecordError)) throw error
      return problem(error.message)
    }
    const size = header.sizeInBytes
    if (size > to - position) return problem(`a batch of ${size} bytes with ${to - position} bytes left`)
    if (depth !== 'headers' && position + size > chunkStart + chunk.length) {
      chunk = await readRange(handle, position, Math.min(Math.max(CHUNK_BYTES, size), to - position))
      chunkStart = position
      if (chunk.length < size) return problem('the file ends')
      header = readBatchHeader(chunk, 0)
    }
    if (depth === 'verified' && !verifyBatchCrc(chunk, position - chunkStart)) {
      return problem('a batch that does not match its CRC')
    }
    const verdict = visit(header, chunk, position)
    // Most visitors are synchronous; a promise per batch would dominate the scan of small ones.
    if ((verdict instanceof Promise ? await verdict : verdict) === false) return { end: position, problem: null }
    position += size
  }
  return { end: position, problem: null }
}
