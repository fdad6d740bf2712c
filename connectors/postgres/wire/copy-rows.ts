import type { CopyChunk } from './copy-out.ts'

const TAB = 9
const NEWLINE = 10
const BACKSLASH = 92
const CAPITAL_N = 78

/** CopyData header: the type byte and the length. */
const HEADER = 5

/**
 * Where the cells of COPY text rows lie: `starts[row * cellsPerRow + cell]` to `ends[…]`, start −1 for `\N`.
 * The arrays are reused by the next `tokenize`. Guarded by bench/micro/copy-rows.ts.
 */
export class CopyRows {
  readonly cellsPerRow: number
  starts: Int32Array
  ends: Int32Array
  rows = 0

  constructor(cellsPerRow: number) {
    this.cellsPerRow = cellsPerRow
    this.starts = new Int32Array(cellsPerRow * 1024)
    this.ends = new Int32Array(cellsPerRow * 1024)
  }

  /** Finds the cells of every row of the chunk. Throws when a row has another number of cells than the statement selects. */
  tokenize(chunk: CopyChunk): void {
    const { bytes, end } = chunk
    const perRow = this.cellsPerRow
    let starts = this.starts
    let ends = this.ends
    let cell = 0
    let position = chunk.start
    let rows = 0
    while (position < end) {
      if (cell + perRow > starts.length) {
        this.#grow()
        starts = this.starts
        ends = this.ends
      }
      const length =
        ((bytes[position + 1] as number) << 24) |
        ((bytes[position + 2] as number) << 16) |
        ((bytes[position + 3] as number) << 8) |
        (bytes[position + 4] as number)
      const next = position + 1 + length
      const rowEnd = bytes[next - 1] === NEWLINE ? next - 1 : next
      let start = position + HEADER
      const lastCell = cell + perRow - 1
      for (let i = start; i < rowEnd; i++) {
        if (bytes[i] !== TAB) continue
        if (cell === lastCell) throw new Error(`COPY gave a row with more than ${perRow} columns`)
        starts[cell] = i - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === CAPITAL_N ? -1 : start
        ends[cell++] = i
        start = i + 1
      }
      if (cell !== lastCell) throw new Error(`COPY gave a row with fewer than ${perRow} columns`)
      starts[cell] = rowEnd - start === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === CAPITAL_N ? -1 : start
      ends[cell++] = rowEnd
      position = next
      rows++
    }
    this.rows = rows
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2)
    const ends = new Int32Array(this.ends.length * 2)
    starts.set(this.starts)
    ends.set(this.ends)
    this.starts = starts
    this.ends = ends
  }
}
