import { BATCH_OVERHEAD, TRANSACTIONAL_BIT, writeBatchHeader } from './batch.ts'
import { type ByteSink, GrowingSink } from './byte-sink.ts'
import { type CompressionType, compress, compressionTypes } from './compression/index.ts'
import { writeField } from './fields.ts'
import { type RecordHeader, writeHeaders } from './headers.ts'
import { varintSize, writeVarint, writeVarlong } from './varint.ts'

// Record => length varint, attributes int8 (0), timestampDelta varlong, offsetDelta varint, keyLength varint (−1 null), key,
//   valueLength varint (−1 null), value, Headers
// Guarded by bench/micro/records.ts.

const DEFAULT_CAPACITY = 16384
/** Room for all varints of a record and its attributes. */
const MAX_RECORD_OVERHEAD = 40

export interface RecordBatchOptions {
  /** Default `none`. */
  compression?: CompressionType
  /** Default: the timestamp of the first record. */
  baseTimestamp?: number
  /** Bytes to begin with, default 16384. Give what the batch will take to save the copies of growing. */
  initialCapacity?: number
  /**
   * Memory of an earlier batch (its `out.bytes`) to write into instead of new memory. Large buffers made over and over cost
   * full garbage collections. Only once that batch was written out and is not needed any more; its bytes are overwritten.
   */
  memory?: Uint8Array
}

export interface RecordInput {
  /** Milliseconds since the epoch, −1 for none. */
  timestamp: number
  key: Uint8Array | null
  value: Uint8Array | null
  headers?: readonly RecordHeader[]
}

/** What a producer stamps on a batch. Each defaults to −1 or false. */
export interface ProducerStamp {
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  transactional?: boolean
}

/**
 * Collects records into one batch (base offset 0, leader epoch −1). Records are written once, into the bytes that go to the
 * wire; nothing is created per record. Two ways in: `append`, or `beginRecord` … `endRecord` with the value written straight
 * into `out` between the two.
 */
export class RecordBatchBuilder {
  /** Write the value of a begun record here. Nothing before its position may be touched. */
  readonly out: ByteSink
  /** Records that are complete. */
  count = 0
  /** Greatest timestamp of the complete records, −1 when there are none. */
  maxTimestamp = -1
  readonly compression: CompressionType
  #baseTimestamp: number
  #hasBaseTimestamp: boolean
  #ownsBaseTimestamp = false
  #isBuilt = false
  // The record in progress: where it begins (−1 none), its timestamp, where the value's length goes.
  #start = -1
  #timestamp = 0
  #valueLengthAt = 0
  // Varint widths of the last record's length and value length: the next record probably needs the same.
  #lengthWidth = 1
  #valueWidth = 1

  constructor(options: RecordBatchOptions = {}) {
    this.compression = options.compression ?? 'none'
    this.#hasBaseTimestamp = options.baseTimestamp !== undefined
    this.#baseTimestamp = options.baseTimestamp ?? -1
    const least = BATCH_OVERHEAD + MAX_RECORD_OVERHEAD
    const { memory, initialCapacity = DEFAULT_CAPACITY } = options
    const isOfUse = memory !== undefined && memory.length >= least
    this.out = new GrowingSink(isOfUse ? memory : Math.max(initialCapacity, least))
    this.out.position = BATCH_OVERHEAD
  }

  /** Bytes of the batch so far, header included, before compression; a record in progress counts. */
  get sizeInBytes(): number {
    return this.out.position
  }

  append(record: RecordInput): void {
    this.appendRecord(record.timestamp, record.key, record.value, record.headers)
  }

  /** Like `append`, for callers that have no record object. */
  appendRecord(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers?: readonly RecordHeader[],
  ): void {
    if (this.#start !== -1) throw new Error('append called while a record is in progress')
    this.beginRecord(timestamp, key)
    if (value === null) {
      this.endRecordNullValue(headers)
      return
    }
    const out = this.out
    out.reserve(value.length)
    out.bytes.set(value, out.position)
    out.position += value.length
    this.endRecord(headers)
  }

  /** Begins a record whose value the caller writes into `out`. Ends with `endRecord`, `endRecordNullValue` or `cancelRecord`. */
  beginRecord(timestamp: number, key: Uint8Array | null): void {
    if (this.#start !== -1) throw new Error('beginRecord called while a record is in progress')
    if (!this.#hasBaseTimestamp) this.#setBaseTimestamp(timestamp)
    const out = this.out
    out.reserve(MAX_RECORD_OVERHEAD + (key === null ? 0 : key.length))
    const bytes = out.bytes
    this.#start = out.position
    this.#timestamp = timestamp
    let position = out.position + this.#lengthWidth
    bytes[position++] = 0
    position = writeVarlong(bytes, position, timestamp - this.#baseTimestamp)
    position = writeVarint(bytes, position, this.count)
    position = writeField(bytes, position, key)
    this.#valueLengthAt = position
    out.position = position + this.#valueWidth
  }

  /** Ends the record; what was written into `out` since `beginRecord` is its value (nothing: an empty value). */
  endRecord(headers?: readonly RecordHeader[]): void {
    this.#requireStarted('endRecord')
    const out = this.out
    const length = out.position - this.#valueLengthAt - this.#valueWidth
    const width = varintSize(length)
    if (width !== this.#valueWidth) {
      this.#shift(this.#valueLengthAt + this.#valueWidth, width - this.#valueWidth)
      this.#valueWidth = width
    }
    writeVarint(out.bytes, this.#valueLengthAt, length)
    this.#finishRecord(headers)
  }

  /** Ends the record with a null value (a tombstone); bytes written since `beginRecord` are dropped. */
  endRecordNullValue(headers?: readonly RecordHeader[]): void {
    this.#requireStarted('endRecordNullValue')
    this.out.bytes[this.#valueLengthAt] = 1
    this.out.position = this.#valueLengthAt + 1
    this.#finishRecord(headers)
  }

  /** Drops the record in progress, as if `beginRecord` had not been called. */
  cancelRecord(): void {
    this.#requireStarted('cancelRecord')
    this.out.position = this.#start
    this.#start = -1
    // The base must be a timestamp that a record has, so the next record sets it again.
    if (this.count === 0 && this.#ownsBaseTimestamp) this.#hasBaseTimestamp = false
  }

  /**
   * The finished batch. May be called once; the builder is of no use afterwards. An uncompressed batch is a view of the
   * builder's own memory unless that would hold on to more than four times the batch.
   */
  build(stamp: ProducerStamp = {}): Uint8Array {
    if (this.#start !== -1) throw new Error('build called while a record is in progress')
    if (this.#isBuilt) throw new Error('build called twice')
    if (this.count === 0) throw new Error('build called on a batch without records')
    this.#isBuilt = true
    const batch = this.#batchBytes()
    writeBatchHeader(batch, {
      baseOffset: 0,
      partitionLeaderEpoch: -1,
      attributes: compressionTypes.indexOf(this.compression) | (stamp.transactional === true ? TRANSACTIONAL_BIT : 0),
      lastOffsetDelta: this.count - 1,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.maxTimestamp,
      producerId: stamp.producerId ?? -1,
      producerEpoch: stamp.producerEpoch ?? -1,
      baseSequence: stamp.baseSequence ?? -1,
      recordsCount: this.count,
    })
    return batch
  }

  /**
   * The complete records once more, as an uncompressed batch in memory of its own: for those who want to look at what could
   * not be sent. Also after `build`, until the memory is given to another batch.
   */
  copyUncompressed(): Uint8Array {
    if (this.count === 0) throw new Error('copyUncompressed called on a batch without records')
    const batch = ownCopy(this.out.bytes.subarray(0, this.out.position))
    writeBatchHeader(batch, {
      baseOffset: 0,
      partitionLeaderEpoch: -1,
      attributes: 0,
      lastOffsetDelta: this.count - 1,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.maxTimestamp,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      recordsCount: this.count,
    })
    return batch
  }

  #batchBytes(): Uint8Array {
    const { bytes, position } = this.out
    if (this.compression === 'none') {
      const batch = bytes.subarray(0, position)
      return position * 4 >= bytes.length ? batch : ownCopy(batch)
    }
    const records = compress(this.compression, bytes.subarray(BATCH_OVERHEAD, position))
    const batch = Buffer.allocUnsafeSlow(BATCH_OVERHEAD + records.length)
    batch.set(records, BATCH_OVERHEAD)
    return batch
  }

  #setBaseTimestamp(timestamp: number): void {
    this.#baseTimestamp = timestamp
    this.#hasBaseTimestamp = true
    this.#ownsBaseTimestamp = true
  }

  #finishRecord(headers: readonly RecordHeader[] | undefined): void {
    const out = this.out
    if (headers === undefined || headers.length === 0) {
      out.reserve(1)
      out.bytes[out.position++] = 0
    } else {
      writeHeaders(out, headers)
    }
    const length = out.position - this.#start - this.#lengthWidth
    const width = varintSize(length)
    if (width !== this.#lengthWidth) {
      this.#shift(this.#start + this.#lengthWidth, width - this.#lengthWidth)
      this.#lengthWidth = width
    }
    writeVarint(out.bytes, this.#start, length)
    if (this.#timestamp > this.maxTimestamp || this.count === 0) this.maxTimestamp = this.#timestamp
    this.count++
    this.#start = -1
  }

  /** Moves what was written from `from` on by `by` bytes, because a guessed varint width was wrong. */
  #shift(from: number, by: number): void {
    const out = this.out
    if (by > 0) out.reserve(by)
    out.bytes.copyWithin(from + by, from, out.position)
    out.position += by
  }

  #requireStarted(method: string): void {
    if (this.#start === -1) throw new Error(`${method} called without beginRecord`)
  }
}

function ownCopy(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}
