/** The first block of a copy, since most copies of an idle table end within it. */
const FIRST_BLOCK_BYTES = 16384
const BLOCK_BYTES = 262144
/** Below this much room a block is not worth another read. */
const LEAST_ROOM = 8192
/** Blocks that are kept for the copies to come, of all readers of this thread. */
const MOST_IDLE = 8

const idle: Block[] = []

/** A piece of memory, and how many chunks of it are in somebody's hands. */
export interface Block {
  readonly bytes: Buffer
  held: number
  /** Whether nothing is written into it any more. */
  isFull: boolean
}

/**
 * The memory that the bytes of a copy are put into, one after the other: block by block, each used again when nobody looks at it.
 * What is not parsed yet lies in one piece, from `start` to `end` of the current block.
 */
export class CopyMemory {
  block: Block = { bytes: Buffer.allocUnsafeSlow(FIRST_BLOCK_BYTES), held: 0, isFull: false }
  start = 0
  end = 0

  /** Where the next bytes belong; `needed` is how many an incomplete message has in all, 0 when that is not known. */
  room(needed: number): Uint8Array {
    const { bytes } = this.block
    const hasRoom = bytes.length - this.end >= LEAST_ROOM && bytes.length - this.start >= needed
    if (!hasRoom) this.#nextBlock(Math.max(needed, this.end - this.start) + LEAST_ROOM)
    return this.block.bytes.subarray(this.end)
  }

  /** Adds bytes that were read into {@link room}, or copies others. */
  add(bytes: Uint8Array): void {
    if (bytes.buffer === this.block.bytes.buffer) {
      this.end += bytes.length
      return
    }
    if (this.block.bytes.length - this.end < bytes.length) this.#nextBlock(this.end - this.start + bytes.length)
    this.block.bytes.set(bytes, this.end)
    this.end += bytes.length
  }

  /** Somebody has done with a chunk of the block. */
  release(block: Block): void {
    block.held--
    if (block.held === 0 && block.isFull) keep(block)
  }

  #nextBlock(least: number): void {
    const last = this.block
    const next = (least <= BLOCK_BYTES ? idle.pop() : undefined) ?? {
      bytes: Buffer.allocUnsafeSlow(Math.max(least, BLOCK_BYTES)),
      held: 0,
      isFull: false,
    }
    next.isFull = false
    last.bytes.copy(next.bytes, 0, this.start, this.end)
    this.end -= this.start
    this.start = 0
    this.block = next
    last.isFull = true
    if (last.held === 0) keep(last)
  }
}

function keep(block: Block): void {
  if (block.bytes.length === BLOCK_BYTES && idle.length < MOST_IDLE) idle.push(block)
}
