import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import {
  ATTRIBUTES_OFFSET,
  CODEC_MASK,
  MAX_TIMESTAMP_OFFSET,
  sealCrc,
  writeBatchHeader,
} from '../../protocol/records/batch.ts'
import {
  BATCH_OVERHEAD,
  type BatchHeader,
  batchSizeAt,
  compress,
  compressionTypes,
  CorruptRecordError,
  coordinatorEpochOf,
  controlTypeOf,
  decodeBatch,
  type RecordColumns,
  readBatchHeader,
  stampLogAppendTime,
  verifyBatchCrc,
} from '../../protocol/records/index.ts'
import { getInt16, putInt64 } from '../../protocol/records/integers.ts'
import { InvalidRecordError, type RecordError } from './errors.ts'
import type { LogConfig } from './log-config.ts'
import type { EndMarker } from './producer-state.ts'

/** `client`: everything is checked. `coordinator`: the broker's own batches, which may be control batches. */
export type AppendOrigin = 'client' | 'coordinator'

/** A batch that may be appended; `bytes` is exactly the batch, without its offset yet. */
export interface ValidBatch {
  header: BatchHeader
  bytes: Uint8Array
  /** How a control batch ends a transaction; null for data and other control batches. */
  marker: EndMarker | null
}

/** Records listed in an answer are enough to find the mistake; a batch may hold a million of them. */
const MAX_LISTED_ERRORS = 100

/**
 * Checks what is to be appended, in the order in which Kafka does (kafka: LogValidator), and applies the topic's timestamp type
 * and compression. May change `input` in place. Nothing is appended if this throws.
 * @throws ProtocolError with the code for the answer; InvalidRecordError when single records are at fault
 */
export function validateAppend(
  input: Uint8Array,
  origin: AppendOrigin,
  config: LogConfig,
  nowMs: number,
): ValidBatch[] {
  if (input.length === 0) throw new ProtocolError(ErrorCode.INVALID_RECORD, 'the request holds no record batch')
  const batches: ValidBatch[] = []
  try {
    for (let position = 0; position < input.length; ) {
      const size = batchSizeAt(input, position)
      // The magic byte decides between two codes, so it is looked at before the size.
      const header = readBatchHeader(input, position)
      if (size === -1) throw new CorruptRecordError('truncated', 'the record batch is longer than the bytes sent')
      batches.push(validateBatch(input.subarray(position, position + size), header, origin, config, nowMs))
      position += size
      if (origin === 'client' && position < input.length) {
        throw new ProtocolError(ErrorCode.INVALID_RECORD, 'a Produce request has to hold exactly one batch a partition')
      }
    }
  } catch (error) {
    if (error instanceof CorruptRecordError) throw asProtocolError(error)
    throw error
  }
  return batches
}

function asProtocolError(error: CorruptRecordError): ProtocolError {
  const code =
    error.reason === 'magic'
      ? ErrorCode.INVALID_RECORD
      : error.reason === 'too-large'
        ? ErrorCode.MESSAGE_TOO_LARGE
        : ErrorCode.CORRUPT_MESSAGE
  return new ProtocolError(code, error.message, { cause: error })
}

function validateBatch(
  bytes: Uint8Array,
  header: BatchHeader,
  origin: AppendOrigin,
  config: LogConfig,
  nowMs: number,
): ValidBatch {
  if (header.baseOffset !== 0 && origin === 'client') {
    throw invalid(`the batch's base offset is ${header.baseOffset}, a producer has to send 0`)
  }
  checkSize(bytes.length, config)
  if (!verifyBatchCrc(bytes, 0)) throw new CorruptRecordError('crc', 'the record batch does not match its CRC')
  if (header.recordsCount === 0) throw invalid('the batch holds no records')
  if (header.lastOffsetDelta + 1 !== header.recordsCount) {
    throw invalid(`the batch has a last offset delta of ${header.lastOffsetDelta} for ${header.recordsCount} records`)
  }
  if (origin === 'client') {
    if (header.isControl) throw invalid('producers may not send control batches')
    if (header.producerId >= 0 && header.baseSequence < 0) {
      throw invalid(`producer ${header.producerId} sent the base sequence ${header.baseSequence}`)
    }
  }
  const columns = decodeBatch(bytes, 0)
  checkOffsets(columns)
  if (config.compact && !header.isControl) checkKeys(columns)
  const maxTimestamp = applyTimestamps(bytes, columns, config, nowMs)
  const marker = header.isControl ? markerOf(columns) : null
  const stored = header.isControl ? bytes : recompress(bytes, columns, config)
  if (stored !== bytes) checkSize(stored.length, config)
  if (stored.length > config.segmentBytes) {
    throw new ProtocolError(
      ErrorCode.RECORD_LIST_TOO_LARGE,
      `the record batch of ${stored.length} bytes is larger than a segment (segment.bytes=${config.segmentBytes})`,
    )
  }
  return {
    header: maxTimestamp === null && stored === bytes ? header : readBatchHeader(stored, 0),
    bytes: stored,
    marker,
  }
}

function invalid(message: string): InvalidRecordError {
  return new InvalidRecordError(ErrorCode.INVALID_RECORD, message)
}

function checkSize(size: number, config: LogConfig): void {
  if (size <= config.maxMessageBytes) return
  throw new ProtocolError(
    ErrorCode.MESSAGE_TOO_LARGE,
    `the record batch has ${size} bytes, the topic accepts ${config.maxMessageBytes} (max.message.bytes)`,
  )
}

function checkOffsets({ count, offsets, header }: RecordColumns): void {
  for (let i = 0; i < count; i++) {
    if (offsets[i] !== header.baseOffset + i) {
      throw invalid(`record ${i} of the batch has the offset delta ${(offsets[i] as number) - header.baseOffset}`)
    }
  }
}

function checkKeys({ count, keyStarts }: RecordColumns): void {
  const errors: RecordError[] = []
  for (let i = 0; i < count && errors.length < MAX_LISTED_ERRORS; i++) {
    if (keyStarts[i] === -1)
      errors.push({ batchIndex: i, message: 'a compacted topic accepts no record without a key' })
  }
  if (errors.length === 0) return
  throw new InvalidRecordError(
    ErrorCode.INVALID_RECORD,
    'one or more records have no key, which a compacted topic (cleanup.policy=compact) does not accept',
    errors,
  )
}

/** Gives the batch's new max timestamp if it had to be changed, else null. */
function applyTimestamps(bytes: Uint8Array, columns: RecordColumns, config: LogConfig, nowMs: number): number | null {
  const { header } = columns
  if (config.messageTimestampType === 'LogAppendTime') {
    stampLogAppendTime(bytes, 0, nowMs)
    return nowMs
  }
  if (header.timestampType === 'LogAppendTime') {
    const message = 'the batch says LogAppendTime, which only a broker may set'
    throw new InvalidRecordError(ErrorCode.INVALID_TIMESTAMP, message)
  }
  const max = checkTimestamps(columns, config, nowMs)
  if (max === header.maxTimestamp) return null
  // Indexes and look-ups by time rely on it, so what the records say wins.
  putInt64(bytes, MAX_TIMESTAMP_OFFSET, max)
  sealCrc(bytes, 0)
  return max
}

function checkTimestamps({ count, timestamps }: RecordColumns, config: LogConfig, nowMs: number): number {
  const earliest = nowMs - config.messageTimestampBeforeMaxMs
  const latest = nowMs + config.messageTimestampAfterMaxMs
  let max = -1
  let errors: RecordError[] | null = null
  for (let i = 0; i < count; i++) {
    const timestamp = timestamps[i] as number
    if (timestamp > max) max = timestamp
    if (timestamp === -1 || (timestamp >= earliest && timestamp <= latest)) continue
    errors ??= []
    if (errors.length === MAX_LISTED_ERRORS) break
    errors.push({ batchIndex: i, message: `timestamp ${timestamp} is not between ${earliest} and ${latest}` })
  }
  if (errors === null) return max
  throw new InvalidRecordError(
    ErrorCode.INVALID_TIMESTAMP,
    `one or more records have a timestamp that is not between ${earliest} and ${latest} (message.timestamp.before.max.ms, message.timestamp.after.max.ms)`,
    errors,
  )
}

function markerOf(columns: RecordColumns): EndMarker | null {
  const type = controlTypeOf(columns.key(0))
  return type === null ? null : { isAbort: type === 'abort', coordinatorEpoch: coordinatorEpochOf(columns.value(0)) }
}

/** The batch in the topic's `compression.type`; `bytes` itself if it is already. */
function recompress(bytes: Uint8Array, columns: RecordColumns, config: LogConfig): Uint8Array {
  const wanted = config.compressionType
  const { header } = columns
  if (wanted === 'producer' || wanted === header.compression) return bytes
  const plain = header.compression === 'none' ? bytes.subarray(BATCH_OVERHEAD) : columns.bytes
  const records = compress(wanted, plain)
  const stored = Buffer.allocUnsafeSlow(BATCH_OVERHEAD + records.length)
  stored.set(records, BATCH_OVERHEAD)
  // Attributes and timestamp are read again: LogAppendTime may just have been set.
  const current = readBatchHeader(bytes, 0)
  const attributes = (getInt16(bytes, ATTRIBUTES_OFFSET) & ~CODEC_MASK) | compressionTypes.indexOf(wanted)
  writeBatchHeader(stored, { ...current, attributes })
  return stored
}
