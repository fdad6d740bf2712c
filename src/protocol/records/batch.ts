import { crc32c } from '../crc32c.ts'
import { type CompressionType, compressionTypeOf } from './compression/types.ts'
import { CorruptRecordError } from './corrupt-record-error.ts'
import { getInt16, getInt32, getInt64, putInt16, putInt32, putInt64 } from './integers.ts'

// RecordBatch (magic 2) => baseOffset int64, batchLength int32, partitionLeaderEpoch int32, magic int8, crc uint32,
//   attributes int16, lastOffsetDelta int32, baseTimestamp int64, maxTimestamp int64, producerId int64, producerEpoch int16,
//   baseSequence int32, recordsCount int32, [Record]
// attributes: bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon. crc covers attributes to the end.

/** Bytes of a batch before its first record. */
export const BATCH_OVERHEAD = 61
/** Bytes of base offset and batch length, which the batch length does not count. */
export const LOG_OVERHEAD = 12
/** The only batch format that Kafka 4 writes. */
export const BATCH_MAGIC = 2

export const LENGTH_OFFSET = 8
export const LEADER_EPOCH_OFFSET = 12
export const MAGIC_OFFSET = 16
export const CRC_OFFSET = 17
export const ATTRIBUTES_OFFSET = 21
export const MAX_TIMESTAMP_OFFSET = 35

export const CODEC_MASK = 0x07
export const TIMESTAMP_TYPE_BIT = 0x08
export const TRANSACTIONAL_BIT = 0x10
export const CONTROL_BIT = 0x20
export const DELETE_HORIZON_BIT = 0x40

/** The fixed part of a record batch. Offsets, timestamps (ms) and producer ids are int64 held in doubles; −1 means none. */
export interface BatchHeader {
  /** Where the batch begins in the bytes it was read from. */
  position: number
  baseOffset: number
  /** Bytes after the length field. */
  batchLength: number
  /** Bytes of the whole batch: `batchLength` + 12. */
  sizeInBytes: number
  partitionLeaderEpoch: number
  magic: number
  /** Unsigned CRC-32C as stored. */
  crc: number
  attributes: number
  compression: CompressionType
  timestampType: 'CreateTime' | 'LogAppendTime'
  isTransactional: boolean
  isControl: boolean
  /** `baseTimestamp` is the delete horizon that the log cleaner set; record timestamps are still relative to it. */
  hasDeleteHorizon: boolean
  lastOffsetDelta: number
  lastOffset: number
  baseTimestamp: number
  maxTimestamp: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  recordsCount: number
}

/**
 * Size in bytes of the batch that begins at `position`, or −1 when it does not end within `bytes` (a cut tail).
 * @throws CorruptRecordError when the length field cannot be one of a batch.
 */
export function batchSizeAt(bytes: Uint8Array, position: number): number {
  if (position + LOG_OVERHEAD > bytes.length) return -1
  const length = getInt32(bytes, position + LENGTH_OFFSET)
  // Checked before the cut-tail test, so that garbage is not mistaken for a batch that has yet to arrive.
  if (length < BATCH_OVERHEAD - LOG_OVERHEAD) {
    throw new CorruptRecordError('length', `record batch declares a length of ${length}, at least 49 is needed`)
  }
  return position + LOG_OVERHEAD + length > bytes.length ? -1 : LOG_OVERHEAD + length
}

/**
 * Reads the 61 fixed bytes at `position`; the records behind them need not be there.
 * @throws CorruptRecordError (`truncated`, `length`, `magic`, `compression`, `records`) when they are not a magic 2 header.
 */
export function readBatchHeader(bytes: Uint8Array, position: number): BatchHeader {
  if (position < 0 || position + BATCH_OVERHEAD > bytes.length) {
    // An older format may be shorter than our header: name that rather than the missing bytes.
    if (position >= 0 && position + MAGIC_OFFSET < bytes.length) checkMagic(bytes[position + MAGIC_OFFSET] as number)
    const missing = position + BATCH_OVERHEAD - bytes.length
    throw new CorruptRecordError(
      'truncated',
      `record batch header at byte ${position} is cut: ${missing} bytes missing`,
    )
  }
  const magic = bytes[position + MAGIC_OFFSET] as number
  checkMagic(magic)
  const batchLength = getInt32(bytes, position + LENGTH_OFFSET)
  if (batchLength < BATCH_OVERHEAD - LOG_OVERHEAD) {
    throw new CorruptRecordError('length', `record batch declares a length of ${batchLength}, at least 49 is needed`)
  }
  const attributes = getInt16(bytes, position + ATTRIBUTES_OFFSET)
  const baseOffset = getInt64(bytes, position)
  const lastOffsetDelta = getInt32(bytes, position + 23)
  const recordsCount = getInt32(bytes, position + 57)
  if (recordsCount < 0 || lastOffsetDelta < 0) {
    const what = `${recordsCount} records and a last offset delta of ${lastOffsetDelta}`
    throw new CorruptRecordError('records', `record batch declares ${what}`)
  }
  return {
    position,
    baseOffset,
    batchLength,
    sizeInBytes: LOG_OVERHEAD + batchLength,
    partitionLeaderEpoch: getInt32(bytes, position + LEADER_EPOCH_OFFSET),
    magic,
    crc: getInt32(bytes, position + CRC_OFFSET) >>> 0,
    attributes,
    compression: compressionTypeOf(attributes & CODEC_MASK),
    timestampType: (attributes & TIMESTAMP_TYPE_BIT) === 0 ? 'CreateTime' : 'LogAppendTime',
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    hasDeleteHorizon: (attributes & DELETE_HORIZON_BIT) !== 0,
    lastOffsetDelta,
    lastOffset: baseOffset + lastOffsetDelta,
    baseTimestamp: getInt64(bytes, position + 27),
    maxTimestamp: getInt64(bytes, position + MAX_TIMESTAMP_OFFSET),
    producerId: getInt64(bytes, position + 43),
    producerEpoch: getInt16(bytes, position + 51),
    baseSequence: getInt32(bytes, position + 53),
    recordsCount,
  }
}

function checkMagic(magic: number): void {
  if (magic === BATCH_MAGIC) return
  throw new CorruptRecordError('magic', `record batch has magic ${magic}, only 2 (Kafka 0.11 and later) is supported`)
}

/** Whether the stored CRC matches the batch at `position`. False too when the batch is not whole. */
export function verifyBatchCrc(bytes: Uint8Array, position: number): boolean {
  if (position + BATCH_OVERHEAD > bytes.length) return false
  const end = position + LOG_OVERHEAD + getInt32(bytes, position + LENGTH_OFFSET)
  if (end < position + BATCH_OVERHEAD || end > bytes.length) return false
  return crc32c(bytes, position + ATTRIBUTES_OFFSET, end) === getInt32(bytes, position + CRC_OFFSET) >>> 0
}

/** Headers of the whole batches in `bytes`, in order; a cut batch at the end is left out, as in a Fetch response. */
export function* iterateBatches(bytes: Uint8Array, position = 0): Generator<BatchHeader, void, undefined> {
  while (position < bytes.length) {
    const size = batchSizeAt(bytes, position)
    if (size === -1) return
    yield readBatchHeader(bytes, position)
    position += size
  }
}

/** Writes what a broker assigns, in place. Both fields lie outside the CRC. */
export function stampBatch(
  bytes: Uint8Array,
  position: number,
  stamp: { baseOffset: number; partitionLeaderEpoch: number },
): void {
  putInt64(bytes, position, stamp.baseOffset)
  putInt32(bytes, position + LEADER_EPOCH_OFFSET, stamp.partitionLeaderEpoch)
}

/** Turns a whole batch into one with `message.timestamp.type=LogAppendTime`, in place, and computes its CRC anew. */
export function stampLogAppendTime(bytes: Uint8Array, position: number, timestamp: number): void {
  const attributes = getInt16(bytes, position + ATTRIBUTES_OFFSET) | TIMESTAMP_TYPE_BIT
  putInt16(bytes, position + ATTRIBUTES_OFFSET, attributes)
  putInt64(bytes, position + MAX_TIMESTAMP_OFFSET, timestamp)
  sealCrc(bytes, position)
}

/** Computes the CRC of the whole batch at `position` and stores it. */
export function sealCrc(bytes: Uint8Array, position: number): void {
  const end = position + LOG_OVERHEAD + getInt32(bytes, position + LENGTH_OFFSET)
  putInt32(bytes, position + CRC_OFFSET, crc32c(bytes, position + ATTRIBUTES_OFFSET, end))
}

/** Header fields to write; the size comes from the batch, the CRC from its bytes. */
export interface BatchFields {
  baseOffset: number
  partitionLeaderEpoch: number
  attributes: number
  lastOffsetDelta: number
  baseTimestamp: number
  maxTimestamp: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  recordsCount: number
}

/** Writes the header of a batch that fills `bytes` (records already behind the first 61 bytes) and seals it with its CRC. */
export function writeBatchHeader(bytes: Uint8Array, fields: BatchFields): void {
  putInt64(bytes, 0, fields.baseOffset)
  putInt32(bytes, LENGTH_OFFSET, bytes.length - LOG_OVERHEAD)
  putInt32(bytes, LEADER_EPOCH_OFFSET, fields.partitionLeaderEpoch)
  bytes[MAGIC_OFFSET] = BATCH_MAGIC
  putInt16(bytes, ATTRIBUTES_OFFSET, fields.attributes)
  putInt32(bytes, 23, fields.lastOffsetDelta)
  putInt64(bytes, 27, fields.baseTimestamp)
  putInt64(bytes, MAX_TIMESTAMP_OFFSET, fields.maxTimestamp)
  putInt64(bytes, 43, fields.producerId)
  putInt16(bytes, 51, fields.producerEpoch)
  putInt32(bytes, 53, fields.baseSequence)
  putInt32(bytes, 57, fields.recordsCount)
  sealCrc(bytes, 0)
}
