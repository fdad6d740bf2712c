import { getInt32, putInt32 } from '../../protocol/records/integers.ts'

// OffsetIndexEntry => relativeOffset int32, position int32; relative to the segment's base offset; offset = last of the batch

export const OFFSET_ENTRY_SIZE = 8

/** The `.index` of a segment in memory: offset → where in the file the batch that ends with it begins. */
export class OffsetIndex {
  readonly baseOffset: number
  count = 0
  #entries = new Int32Array(32)

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset
  }

  /** Reads a file's bytes up to the first entry that does not increase: the rest is the zeros of a preallocated file. */
  static decode(bytes: Uint8Array, baseOffset: number): OffsetIndex {
    const index = new OffsetIndex(baseOffset)
    for (let at = 0; at + OFFSET_ENTRY_SIZE <= bytes.length; at += OFFSET_ENTRY_SIZE) {
      const relative = getInt32(bytes, at)
      if (index.count > 0 ? relative <= index.#relativeAt(index.count - 1) : relative < 0 || isZeros(bytes, at)) break
      index.append(baseOffset + relative, getInt32(bytes, at + 4))
    }
    return index
  }

  append(offset: number, position: number): void {
    if (this.count * 2 === this.#entries.length) {
      const grown = new Int32Array(this.#entries.length * 2)
      grown.set(this.#entries)
      this.#entries = grown
    }
    this.#entries[this.count * 2] = offset - this.baseOffset
    this.#entries[this.count * 2 + 1] = position
    this.count++
  }

  /** Position of the last indexed batch whose last offset is at most `offset`; 0 when there is none. */
  floor(offset: number): number {
    const relative = offset - this.baseOffset
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#relativeAt(middle) <= relative) low = middle + 1
      else high = middle
    }
    return low === 0 ? 0 : (this.#entries[low * 2 - 1] as number)
  }

  /** Position of the last entry, 0 when there is none. */
  get lastPosition(): number {
    return this.count === 0 ? 0 : (this.#entries[this.count * 2 - 1] as number)
  }

  get lastOffset(): number {
    return this.count === 0 ? this.baseOffset : this.baseOffset + this.#relativeAt(this.count - 1)
  }

  /** The file's bytes from entry `from` on. */
  encode(from = 0): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow((this.count - from) * OFFSET_ENTRY_SIZE)
    for (let i = from * 2, at = 0; i < this.count * 2; i++, at += 4) putInt32(bytes, at, this.#entries[i] as number)
    return bytes
  }

  #relativeAt(i: number): number {
    return this.#entries[i * 2] as number
  }
}

function isZeros(bytes: Uint8Array, at: number): boolean {
  return getInt32(bytes, at) === 0 && getInt32(bytes, at + 4) === 0
}
