import { snappyCompress as compressBlock, snappyDecompress as decompressBlock } from '@platformatic/wasm-utils'
import { CorruptRecordError } from '../corrupt-record-error.ts'
import { getInt32, putInt32 } from '../integers.ts'

// xerial stream (Java, kafkajs) => magic 82 'SNAPPY' 00, version int32 1, compatible int32 1, [Block]
//   Block => length int32, raw snappy block of at most 32 KiB of input
// librdkafka and others send one raw snappy block without any framing; it never begins with the magic (a length of that size
// would need a fifth varint byte).

const MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
const STREAM_HEADER_SIZE = 16
const BLOCK_INPUT_SIZE = 32768
/** No snappy element yields more than 64 bytes from 3. */
const MAX_RATIO = 22

/** Compresses into a xerial stream, which every Kafka client reads. */
export function snappyCompress(bytes: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = []
  let size = STREAM_HEADER_SIZE
  for (let at = 0; at < bytes.length; at += BLOCK_INPUT_SIZE) {
    const part = bytes.subarray(at, at + BLOCK_INPUT_SIZE)
    const block = compressBlock(Buffer.from(part.buffer, part.byteOffset, part.length))
    blocks.push(block)
    size += 4 + block.length
  }
  const stream = Buffer.allocUnsafeSlow(size)
  stream.set(MAGIC)
  putInt32(stream, 8, 1)
  putInt32(stream, 12, 1)
  let position = STREAM_HEADER_SIZE
  for (const block of blocks) {
    putInt32(stream, position, block.length)
    stream.set(block, position + 4)
    position += 4 + block.length
  }
  return stream
}

/** Decompresses a xerial stream or a raw block into bytes of its own; throws anything on broken input (the caller wraps). */
export function snappyDecompress(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (!isXerial(bytes)) {
    const output = Buffer.allocUnsafeSlow(checkBlock(bytes, maxBytes))
    copyBlock(bytes, output, 0)
    return output
  }
  let size = 0
  for (let at = STREAM_HEADER_SIZE; at < bytes.length; ) {
    const block = blockAt(bytes, at)
    size += checkBlock(block, maxBytes - size)
    at += 4 + block.length
  }
  const output = Buffer.allocUnsafeSlow(size)
  let position = 0
  for (let at = STREAM_HEADER_SIZE; at < bytes.length; ) {
    const block = blockAt(bytes, at)
    position = copyBlock(block, output, position)
    at += 4 + block.length
  }
  return output
}

function isXerial(bytes: Uint8Array): boolean {
  return bytes.length >= STREAM_HEADER_SIZE && MAGIC.every((byte, i) => bytes[i] === byte)
}

function blockAt(bytes: Uint8Array, at: number): Uint8Array {
  const length = at + 4 <= bytes.length ? getInt32(bytes, at) : -1
  if (length < 0 || at + 4 + length > bytes.length) throw new Error('a block of the snappy stream is cut')
  return bytes.subarray(at + 4, at + 4 + length)
}

function copyBlock(block: Uint8Array, output: Uint8Array, position: number): number {
  const part = decompressBlock(Buffer.from(block.buffer, block.byteOffset, block.length))
  if (position + part.length > output.length) throw new Error('a snappy block is larger than it declares')
  output.set(part, position)
  return position + part.length
}

/**
 * The size that the block declares, after a walk over its elements. The decoder traps on a broken block and then never frees
 * its output, so nothing broken may reach it.
 */
function checkBlock(block: Uint8Array, maxBytes: number): number {
  let declared = 0
  let at = 0
  for (let shift = 0; ; shift += 7) {
    const byte = block[at++]
    if (byte === undefined || shift > 28) throw new Error('a snappy block has no valid length')
    declared += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (declared > maxBytes) {
    throw new CorruptRecordError('too-large', `snappy block of ${declared} bytes exceeds the limit of ${maxBytes}`)
  }
  if (declared > block.length * MAX_RATIO) throw new Error('a snappy block declares more than it can hold')
  if (producedBy(block, at) !== declared) throw new Error('a snappy block does not have the length it declares')
  return declared
}

/** Bytes that the elements from `at` on yield. Reads beyond the block count as 0; such a block fails at its end. */
function producedBy(block: Uint8Array, at: number): number {
  const end = block.length
  let produced = 0
  while (at < end) {
    const tag = block[at++] as number
    let distance: number
    switch (tag & 3) {
      case 0: {
        let length = tag >>> 2
        if (length >= 60) {
          const width = length - 59
          length = littleEndian(block, at, width)
          at += width
        }
        at += length + 1
        produced += length + 1
        continue
      }
      case 1:
        distance = ((tag >>> 5) << 8) | (block[at] as number)
        at += 1
        if (distance === 0 || distance > produced) throw reachesTooFar()
        produced += ((tag >>> 2) & 7) + 4
        continue
      case 2:
        distance = (block[at] as number) | ((block[at + 1] as number) << 8)
        at += 2
        break
      default:
        distance = littleEndian(block, at, 4)
        at += 4
    }
    if (distance === 0 || distance > produced) throw reachesTooFar()
    produced += (tag >>> 2) + 1
  }
  if (at !== end) throw new Error('a snappy block is cut')
  return produced
}

function littleEndian(block: Uint8Array, at: number, width: number): number {
  let value = 0
  for (let i = width - 1; i >= 0; i--) value = value * 256 + (block[at + i] ?? 0)
  return value
}

function reachesTooFar(): Error {
  return new Error('a snappy copy reaches before its block')
}
