import { lz4Compress as compressFrame, lz4Decompress as decompressFrame } from '@platformatic/wasm-utils'
import { CorruptRecordError } from '../corrupt-record-error.ts'
import { ownBytes } from './own-bytes.ts'

// LZ4 frame => magic 04 22 4D 18, FLG, BD, [content size int64 LE], [dictionary id int32 LE], header checksum byte,
//   [Block], end mark int32 0, [content checksum int32]
//   Block => size int32 LE (high bit: stored), data, [checksum int32]

const MAGIC = 0x184d2204
const VERSION_BITS = 0x40
const INDEPENDENT = 0x20
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY = 0x01
const RESERVED_FLAGS = 0x02
const RESERVED_DESCRIPTOR = 0x8f

// The headers that everyone writes who writes neither sizes nor checksums: independent blocks of 64 KiB, 256 KiB, 1 and 4 MiB.
const PLAIN_HEADERS = ['04224d18604082', '04224d186050fb', '04224d18606051', '04224d18607073']
const INDEPENDENT_HEADER = Buffer.from('04224d18607073', 'hex')
const LINKED_HEADER = Buffer.from('04224d184070df', 'hex')
const END_MARK = Buffer.alloc(4)

/** Compresses into one LZ4 frame of independent blocks (Java refuses dependent ones). */
export function lz4Compress(bytes: Uint8Array): Uint8Array {
  return ownBytes(compressFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)))
}

/**
 * Decompresses one LZ4 frame into bytes of its own; throws anything on broken input (the caller wraps).
 * Checksums inside the frame are not compared: the CRC of the batch covers the same bytes.
 */
export function lz4Decompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  return ownBytes(decompressFrame(checkFrame(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), maxBytes)))
}

/**
 * Walks over the frame, so that the decoder meets nothing broken (it would trap and never free its output) and nothing too
 * large. Returns the frame itself, or the same blocks under a header without checksums and sizes.
 */
function checkFrame(frame: Buffer, maxBytes: number): Buffer {
  if (frame.length < 11 || frame.readUInt32LE(0) !== MAGIC) throw new Error('not an LZ4 frame')
  const flags = frame[4] as number
  const blockMax = blockMaxSize(frame[5] as number)
  if ((flags & 0xc0) !== VERSION_BITS) throw new Error('LZ4 frame of an unknown version')
  if ((flags & RESERVED_FLAGS) !== 0 || ((frame[5] as number) & RESERVED_DESCRIPTOR) !== 0) {
    throw new Error('LZ4 frame sets reserved bits')
  }
  if ((flags & DICTIONARY) !== 0) throw new Error('LZ4 frame needs a dictionary')
  const hasContentSize = (flags & CONTENT_SIZE) !== 0
  const blockTrailer = (flags & BLOCK_CHECKSUM) === 0 ? 0 : 4
  const contentTrailer = (flags & CONTENT_CHECKSUM) === 0 ? 0 : 4
  const isPlain = PLAIN_HEADERS.includes(frame.toString('hex', 0, 7))
  const parts: Uint8Array[] = [(flags & INDEPENDENT) === 0 ? LINKED_HEADER : INDEPENDENT_HEADER]
  let at = hasContentSize ? 15 : 7
  let produced = 0
  while (true) {
    if (at + 4 > frame.length) throw new Error('LZ4 frame is cut')
    const word = frame.readUInt32LE(at)
    if (word === 0) break
    const size = word & 0x7fffffff
    const end = at + 4 + size
    if (size > blockMax || end + blockTrailer > frame.length) throw new Error('LZ4 block is cut')
    const history = (flags & INDEPENDENT) === 0 ? produced : 0
    const blockSize = word >>> 31 === 1 ? size : checkBlock(frame, at + 4, end, history)
    if (blockSize > blockMax) throw new Error('LZ4 block is larger than its frame allows')
    produced += blockSize
    if (produced > maxBytes) {
      throw new CorruptRecordError('too-large', `LZ4 frame holds more than the limit of ${maxBytes} bytes`)
    }
    if (!isPlain) parts.push(frame.subarray(at, end))
    at = end + blockTrailer
  }
  if (at + 4 + contentTrailer !== frame.length) throw new Error('LZ4 frame does not end with its batch')
  if (hasContentSize && frame.readBigUInt64LE(6) !== BigInt(produced))
    throw new Error('LZ4 frame has another size than it says')
  if (isPlain) return frame
  parts.push(END_MARK)
  return Buffer.concat(parts)
}

function blockMaxSize(descriptor: number): number {
  const id = (descriptor >>> 4) & 7
  if (id < 4) throw new Error('LZ4 frame has an unknown block size')
  return 1 << (8 + 2 * id)
}

/** Size of the decompressed block `frame[at, end)`, whose matches may reach `history` bytes before its begin. */
function checkBlock(frame: Buffer, at: number, end: number, history: number): number {
  let produced = 0
  while (at < end) {
    const token = frame[at++] as number
    let length = token >>> 4
    if (length === 15) {
      let more = 255
      while (more === 255 && at < end) {
        more = frame[at++] as number
        length += more
      }
    }
    at += length
    produced += length
    if (at === end) return produced
    if (at + 2 > end) break
    const distance = (frame[at] as number) | ((frame[at + 1] as number) << 8)
    at += 2
    if (distance === 0 || distance > produced + history) throw new Error('LZ4 match reaches before its block')
    length = token & 15
    if (length === 15) {
      let more = 255
      while (more === 255 && at < end) {
        more = frame[at++] as number
        length += more
      }
    }
    produced += length + 4
  }
  throw new Error('LZ4 block is cut')
}
