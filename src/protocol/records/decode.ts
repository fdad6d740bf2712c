import { BATCH_OVERHEAD, type BatchHeader, readBatchHeader, verifyBatchCrc } from './batch.ts'
import { decompress } from './compression/index.ts'
import { CorruptRecordError } from './corrupt-record-error.ts'
import { checkHeaders, type RecordHeader, readHeaders } from './headers.ts'
import { cursor, readVarint, readVarlong } from './varint.ts'

// The grammar of a record stands in encode.ts. Guarded by bench/micro/records.ts.

/** What a batch may hold after decompression unless the caller says otherwise: 128 MiB. */
export const DEFAULT_MAX_DECOMPRESSED_BYTES = 134217728

/** Length, attributes, two deltas, key length, value length and header count take a byte each at least. */
const MIN_RECORD_SIZE = 7

export interface DecodeOptions {
  /** Most bytes that the records may take after decompression, default 128 MiB. */
  maxDecompressedBytes?: number
  /** Compare the CRC first, default false (a broker has done it at append, a client does it once per fetch). */
  verifyCrc?: boolean
}

/**
 * Columns of up to this many records are arrays in the heap. Longer ones would be memory outside of it, one each, which takes
 * five times as long to get as a single piece for all of them.
 */
const MOST_APART = 16

/** The records of one batch as columns. Positions are indexes into `bytes`. */
export class RecordColumns {
  readonly header: BatchHeader
  /** The bytes that hold the records: those of the batch, or the decompressed ones. */
  readonly bytes: Uint8Array
  readonly count: number
  /** Absolute offsets. */
  readonly offsets: Float64Array
  /** Milliseconds; all the append time when the batch has LogAppendTime. */
  readonly timestamps: Float64Array
  /** −1 for a null key, as `keyEnds`. */
  readonly keyStarts: Int32Array
  readonly keyEnds: Int32Array
  /** −1 for a null value, as `valueEnds`. */
  readonly valueStarts: Int32Array
  readonly valueEnds: Int32Array
  /** Where the header count of each record stands. */
  readonly headersStarts: Int32Array
  /** Where each record ends. */
  readonly recordEnds: Int32Array

  constructor(header: BatchHeader, bytes: Uint8Array, count: number) {
    this.header = header
    this.bytes = bytes
    this.count = count
    const memory = count > MOST_APART ? new ArrayBuffer(count * 40) : null
    this.offsets = doubles(memory, 0, count)
    this.timestamps = doubles(memory, 1, count)
    this.keyStarts = integers(memory, 0, count)
    this.keyEnds = integers(memory, 1, count)
    this.valueStarts = integers(memory, 2, count)
    this.valueEnds = integers(memory, 3, count)
    this.headersStarts = integers(memory, 4, count)
    this.recordEnds = integers(memory, 5, count)
  }

  /** Key of record `i`, a view of `bytes`. */
  key(i: number): Uint8Array | null {
    const start = this.keyStarts[i] as number
    return start === -1 ? null : this.bytes.subarray(start, this.keyEnds[i])
  }

  /** Value of record `i`, a view of `bytes`. */
  value(i: number): Uint8Array | null {
    const start = this.valueStarts[i] as number
    return start === -1 ? null : this.bytes.subarray(start, this.valueEnds[i])
  }

  /** Whether record `i` has headers, without reading them. */
  hasHeaders(i: number): boolean {
    return this.bytes[this.headersStarts[i] as number] !== 0
  }

  /** Headers of record `i`, read anew at each call; their values are views of `bytes`. */
  headers(i: number): RecordHeader[] {
    return readHeaders(this.bytes, this.headersStarts[i] as number, this.recordEnds[i] as number)
  }
}

/** The columns of doubles come first in their common memory. */
function doubles(memory: ArrayBuffer | null, index: number, count: number): Float64Array {
  return memory === null ? new Float64Array(count) : new Float64Array(memory, index * 8 * count, count)
}

/** The columns of integers lie behind the two of doubles. */
function integers(memory: ArrayBuffer | null, index: number, count: number): Int32Array {
  return memory === null ? new Int32Array(count) : new Int32Array(memory, (16 + index * 4) * count, count)
}

/**
 * Decodes the whole batch at `position` in one pass. Every record is checked, its headers too, so the accessors of the
 * result cannot fail. Offsets are not compared with each other (only a broker that appends has a reason to).
 * @throws CorruptRecordError whatever is wrong with the bytes.
 */
export function decodeBatch(bytes: Uint8Array, position: number, options: DecodeOptions = {}): RecordColumns {
  const header = readBatchHeader(bytes, position)
  const batchEnd = position + header.sizeInBytes
  if (batchEnd > bytes.length) {
    throw new CorruptRecordError(
      'truncated',
      `record batch at offset ${header.baseOffset} is cut: ${batchEnd - bytes.length} bytes missing`,
    )
  }
  if (options.verifyCrc === true && !verifyBatchCrc(bytes, position)) {
    throw new CorruptRecordError('crc', `record batch at offset ${header.baseOffset} does not match its CRC`)
  }
  const { compression, recordsCount: count } = header
  const records = position + BATCH_OVERHEAD
  if (compression === 'none' || count === 0) return decodeRecords(header, bytes, records, batchEnd)
  const limit = options.maxDecompressedBytes ?? DEFAULT_MAX_DECOMPRESSED_BYTES
  const content = decompress(compression, bytes.subarray(records, batchEnd), limit)
  return decodeRecords(header, content, 0, content.length)
}

function decodeRecords(header: BatchHeader, bytes: Uint8Array, start: number, end: number): RecordColumns {
  const count = header.recordsCount
  // Checked before anything is allocated by a count that nobody has verified.
  if (count * MIN_RECORD_SIZE > end - start) {
    const what = `declares ${count} records in ${end - start} bytes`
    throw new CorruptRecordError('records', `record batch at offset ${header.baseOffset} ${what}`)
  }
  const columns = new RecordColumns(header, bytes, count)
  if (count > 0) {
    const last = fillColumns(columns, start, end)
    if (last !== end) {
      const what = `has ${end - last} bytes after its last record`
      throw new CorruptRecordError('records', `record batch at offset ${header.baseOffset} ${what}`)
    }
    if (header.timestampType === 'LogAppendTime') columns.timestamps.fill(header.maxTimestamp)
  }
  return columns
}

/**
 * The loop. Varints of one and two bytes are read inline; a read beyond the bytes gives undefined, which turns into 0 and is
 * caught when the record does not end where it says.
 */
function fillColumns(columns: RecordColumns, position: number, end: number): number {
  const { bytes, count, offsets, timestamps, keyStarts, keyEnds, valueStarts, valueEnds, headersStarts, recordEnds } =
    columns
  const { baseOffset, baseTimestamp } = columns.header
  for (let i = 0; i < count; i++) {
    let raw = bytes[position] as number
    let second = 0
    let length: number
    if (raw < 0x80) {
      length = (raw >>> 1) ^ -(raw & 1)
      position++
    } else if ((second = bytes[position + 1] as number) < 0x80) {
      length = (((raw & 0x7f) | (second << 7)) >>> 1) ^ -(raw & 1)
      position += 2
    } else {
      length = readVarint(bytes, position, end)
      position = cursor
    }
    const recordEnd = position + length
    if (length < MIN_RECORD_SIZE - 1 || recordEnd > end) throw badField(columns, i, 'length', length)
    position++ // attributes: unused

    raw = bytes[position] as number
    let delta: number
    if (raw < 0x80) {
      delta = (raw >>> 1) ^ -(raw & 1)
      position++
    } else if ((second = bytes[position + 1] as number) < 0x80) {
      delta = (((raw & 0x7f) | (second << 7)) >>> 1) ^ -(raw & 1)
      position += 2
    } else {
      delta = readVarlong(bytes, position, recordEnd)
      position = cursor
    }
    timestamps[i] = baseTimestamp + delta

    raw = bytes[position] as number
    if (raw < 0x80) {
      delta = (raw >>> 1) ^ -(raw & 1)
      position++
    } else if ((second = bytes[position + 1] as number) < 0x80) {
      delta = (((raw & 0x7f) | (second << 7)) >>> 1) ^ -(raw & 1)
      position += 2
    } else {
      delta = readVarint(bytes, position, recordEnd)
      position = cursor
    }
    offsets[i] = baseOffset + delta

    raw = bytes[position] as number
    if (raw < 0x80) {
      length = (raw >>> 1) ^ -(raw & 1)
      position++
    } else if ((second = bytes[position + 1] as number) < 0x80) {
      length = (((raw & 0x7f) | (second << 7)) >>> 1) ^ -(raw & 1)
      position += 2
    } else {
      length = readVarint(bytes, position, recordEnd)
      position = cursor
    }
    if (length === -1) {
      keyStarts[i] = -1
      keyEnds[i] = -1
    } else {
      if (length < 0 || length > recordEnd - position) throw badField(columns, i, 'key length', length)
      keyStarts[i] = position
      position += length
      keyEnds[i] = position
    }

    raw = bytes[position] as number
    if (raw < 0x80) {
      length = (raw >>> 1) ^ -(raw & 1)
      position++
    } else if ((second = bytes[position + 1] as number) < 0x80) {
      length = (((raw & 0x7f) | (second << 7)) >>> 1) ^ -(raw & 1)
      position += 2
    } else {
      length = readVarint(bytes, position, recordEnd)
      position = cursor
    }
    if (length === -1) {
      valueStarts[i] = -1
      valueEnds[i] = -1
    } else {
      if (length < 0 || length > recordEnd - position) throw badField(columns, i, 'value length', length)
      valueStarts[i] = position
      position += length
      valueEnds[i] = position
    }

    headersStarts[i] = position
    recordEnds[i] = recordEnd
    if (position + 1 !== recordEnd || bytes[position] !== 0) checkHeaders(bytes, position, recordEnd)
    position = recordEnd
  }
  return position
}

function badField(columns: RecordColumns, i: number, field: string, value: number): CorruptRecordError {
  const { baseOffset } = columns.header
  return new CorruptRecordError(
    'records',
    `record ${i} of the batch at offset ${baseOffset} has a ${field} of ${value}`,
  )
}
