import { DELETED_SUFFIX } from './files.ts'
import type { Segment } from './segment.ts'

/** Segments that are out of the log but not unlinked yet, so that readers and operators have some time left. */
export class SegmentRemovals {
  readonly #timers = new Map<Segment, NodeJS.Timeout>()
  readonly #inBackground: (work: Promise<void>) => void

  /** @param inBackground takes the unlinking, which nobody waits for */
  constructor(inBackground: (work: Promise<void>) => void) {
    this.#inBackground = inBackground
  }

  /** Renames the files to `.deleted` now and unlinks them after `delayMs`. The next start unlinks what is left by a crash. */
  async remove(segment: Segment, delayMs: number): Promise<void> {
    // A reader that has chosen the segment but not opened it yet would not find it any more.
    await segment.handle()
    await segment.changeSuffix(DELETED_SUFFIX)
    const unlink = (): void => {
      this.#timers.delete(segment)
      this.#inBackground(segment.unlink())
    }
    const timer = setTimeout(unlink, Math.min(delayMs, 2147483647))
    timer.unref()
    this.#timers.set(segment, timer)
  }

  /** Unlinks all that waits. */
  async finish(): Promise<void> {
    for (const [segment, timer] of this.#timers) {
      clearTimeout(timer)
      await segment.unlink()
    }
    this.#timers.clear()
  }
}
