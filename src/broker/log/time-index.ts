import { getInt32, getInt64, putInt32, putInt64 } from '../../protocol/records/integers.ts'

// TimeIndexEntry => timestamp int64, relativeOffset int32; the largest timestamp so far and the last offset of its batch

export const TIME_ENTRY_SIZE = 12

/** The `.timeindex` of a segment in memory. Both columns only grow. */
export class TimeIndex {
  readonly baseOffset: number
  count = 0
  #timestamps = new Float64Array(32)
  #relativeOffsets = new Int32Array(32)

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset
  }

  /** Reads a file's bytes up to the first entry that does not increase: the rest is the zeros of a preallocated file. */
  static decode(bytes: Uint8Array, baseOffset: number): TimeIndex {
    const index = new TimeIndex(baseOffset)
    for (let at = 0; at + TIME_ENTRY_SIZE <= bytes.length; at += TIME_ENTRY_SIZE) {
      const timestamp = getInt64(bytes, at)
      const relative = getInt32(bytes, at + 8)
      if (relative < 0 || timestamp <= index.lastTimestamp || (timestamp === 0 && relative === 0)) break
      if (!index.maybeAppend(timestamp, baseOffset + relative)) break
    }
    return index
  }

  /** Adds an entry if `timestamp` is larger than the last one; says whether it did. */
  maybeAppend(timestamp: number, offset: number): boolean {
    if (timestamp <= this.lastTimestamp) return false
    if (this.count === this.#timestamps.length) {
      const timestamps = new Float64Array(this.count * 2)
      timestamps.set(this.#timestamps)
      this.#timestamps = timestamps
      const offsets = new Int32Array(this.count * 2)
      offsets.set(this.#relativeOffsets)
      this.#relativeOffsets = offsets
    }
    this.#timestamps[this.count] = timestamp
    this.#relativeOffsets[this.count] = offset - this.baseOffset
    this.count++
    return true
  }

  /** −1 when there is no entry. */
  get lastTimestamp(): number {
    return this.count === 0 ? -1 : (this.#timestamps[this.count - 1] as number)
  }

  get lastOffset(): number {
    return this.count === 0 ? this.baseOffset : this.baseOffset + (this.#relativeOffsets[this.count - 1] as number)
  }

  /**
   * An offset from which the first record with this timestamp or a later one can be searched: every batch that ends before it
   * has only earlier timestamps.
   */
  searchFrom(timestamp: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#timestamps[middle] as number) < timestamp) low = middle + 1
      else high = middle
    }
    return low === 0 ? this.baseOffset : this.baseOffset + (this.#relativeOffsets[low - 1] as number)
  }

  /** The file's bytes from entry `from` on. */
  encode(from = 0): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow((this.count - from) * TIME_ENTRY_SIZE)
    for (let i = from, at = 0; i < this.count; i++, at += TIME_ENTRY_SIZE) {
      putInt64(bytes, at, this.#timestamps[i] as number)
      putInt32(bytes, at + 8, this.#relativeOffsets[i] as number)
    }
    return bytes
  }
}
