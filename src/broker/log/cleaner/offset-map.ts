import { hash } from 'node:crypto'
import { getInt32 } from '../../../protocol/records/integers.ts'

const ENTRY_BYTES = 24
const LOAD_FACTOR = 0.9
const INITIAL_SLOTS = 1024

/**
 * The last offset of each key in the part of a log that is being cleaned (kafka: SkimpyOffsetMap). Keys are kept as 16 bytes of
 * their SHA-256 in flat arrays, so memory is bounded whatever the keys are. It grows up to `maxBytes`; then it is full.
 */
export class OffsetMap {
  /** Largest offset that was put, −1 when empty. */
  latestOffset = -1
  count = 0
  readonly #maxSlots: number
  #slots = INITIAL_SLOTS
  #hashes = new Int32Array(INITIAL_SLOTS * 4)
  #offsets = new Float64Array(INITIAL_SLOTS).fill(-1)

  constructor(maxBytes: number) {
    this.#maxSlots = Math.max(INITIAL_SLOTS, 2 ** Math.floor(Math.log2(maxBytes / ENTRY_BYTES)))
  }

  get isFull(): boolean {
    return this.#slots >= this.#maxSlots && this.count + 1 > this.#slots * LOAD_FACTOR
  }

  /** The caller asks `isFull` before. Offsets come in ascending order. */
  put(key: Uint8Array, offset: number): void {
    if (this.count + 1 > this.#slots * LOAD_FACTOR && this.#slots < this.#maxSlots) this.#grow()
    const digest = hash('sha256', key, 'buffer')
    const slot = this.#slotOf(getInt32(digest, 0), getInt32(digest, 4), getInt32(digest, 8), getInt32(digest, 12))
    if (this.#offsets[slot] === -1) {
      this.count++
      for (let i = 0; i < 4; i++) this.#hashes[slot * 4 + i] = getInt32(digest, i * 4)
    }
    this.#offsets[slot] = offset
    this.latestOffset = offset
  }

  /** The key's last offset, −1 when it is not there. */
  get(key: Uint8Array): number {
    const digest = hash('sha256', key, 'buffer')
    const slot = this.#slotOf(getInt32(digest, 0), getInt32(digest, 4), getInt32(digest, 8), getInt32(digest, 12))
    return this.#offsets[slot] as number
  }

  /** The key's slot, or the free one where it belongs. There is always a free one. */
  #slotOf(a: number, b: number, c: number, d: number): number {
    const mask = this.#slots - 1
    const hashes = this.#hashes
    for (let slot = a & mask; ; slot = (slot + 1) & mask) {
      if (this.#offsets[slot] === -1) return slot
      const at = slot * 4
      if (hashes[at] === a && hashes[at + 1] === b && hashes[at + 2] === c && hashes[at + 3] === d) return slot
    }
  }

  #grow(): void {
    const hashes = this.#hashes
    const offsets = this.#offsets
    this.#slots *= 2
    this.#hashes = new Int32Array(this.#slots * 4)
    this.#offsets = new Float64Array(this.#slots).fill(-1)
    for (let from = 0; from < offsets.length; from++) {
      if (offsets[from] === -1) continue
      const part = hashes.subarray(from * 4, from * 4 + 4)
      const slot = this.#slotOf(part[0] as number, part[1] as number, part[2] as number, part[3] as number)
      this.#hashes.set(part, slot * 4)
      this.#offsets[slot] = offsets[from] as number
    }
  }
}
