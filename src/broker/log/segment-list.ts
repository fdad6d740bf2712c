import type { Segment } from './segment.ts'

/** The segments of a partition in the order of their offsets; never empty. The last one is the active one. */
export class SegmentList {
  #segments: readonly Segment[]

  constructor(segments: readonly Segment[]) {
    this.#segments = segments
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get first(): Segment {
    return this.#segments[0] as Segment
  }

  get active(): Segment {
    return this.#segments.at(-1) as Segment
  }

  /** Index of the last segment that begins at or before `offset`; 0 if all begin after it. */
  floorIndex(offset: number): number {
    let low = 1
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#segments[middle] as Segment).baseOffset <= offset) low = middle + 1
      else high = middle
    }
    return Math.min(low, high) - 1
  }

  get sizeInBytes(): number {
    let bytes = 0
    for (const segment of this.#segments) bytes += segment.size
    return bytes
  }

  push(segment: Segment): void {
    this.#segments = [...this.#segments, segment]
  }

  /** Takes out `removed` and puts `added` (if any) in their place. */
  replace(removed: readonly Segment[], added: readonly Segment[]): void {
    const gone = new Set(removed)
    const rest = this.#segments.filter((segment) => !gone.has(segment))
    this.#segments = [...rest, ...added].sort((a, b) => a.baseOffset - b.baseOffset)
  }
}
