import { write } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { pieceEnd } from './line-pieces.ts'
import type { PluginLogger } from './connector.ts'

const STANDARD_OUTPUT = 1
const RETRY_MS = 10
/** How long a task that is to stop still waits for the reader. */
const STOP_PATIENCE_MS = 2000

const writeDescriptor = promisify(write)

/**
 * - `written`: all of it;
 * - `lost`: not all of it, and never, since nobody reads any more, or the disk is full;
 * - `stopped`: not all of it, since the task is to stop and the reader is too slow.
 */
export type Printed = 'written' | 'lost' | 'stopped'

/**
 * The standard output of the process, whichever thread this runs in, for a task that writes its records there. As Java's
 * `System.out`, it makes the task wait for a slow reader, and fails no task. (For a word of your own, `console.log` will do.)
 */
export class StandardOutput {
  readonly #signal: AbortSignal
  readonly #logger: PluginLogger
  #isLosing = false
  /** Until when to wait for the reader, by the monotonic clock, once the task is to stop. */
  #stopBy: number | null = null

  /** @param context the task's own */
  constructor({ signal, logger }: { readonly signal: AbortSignal; readonly logger: PluginLogger }) {
    this.#signal = signal
    this.#logger = logger
  }

  /** Writes whole lines. One call at a time. */
  async write(lines: Uint8Array): Promise<Printed> {
    let written = 0
    try {
      while (written < lines.length) {
        const count = await writeSome(lines, written, pieceEnd(lines, written))
        written += count
        if (count > 0) continue
        if (this.#mustGiveUp()) return 'stopped'
        await pause(RETRY_MS)
      }
    } catch (error) {
      if (!this.#isLosing)
        this.#logger.warn({ err: error }, 'Standard output cannot be written: what is printed is lost until it can')
      this.#isLosing = true
      return 'lost'
    }
    this.#isLosing = false
    return 'written'
  }

  #mustGiveUp(): boolean {
    if (!this.#signal.aborted) return false
    this.#stopBy ??= performance.now() + STOP_PATIENCE_MS
    return performance.now() >= this.#stopBy
  }
}

/** The count of bytes that could be written now. */
async function writeSome(bytes: Uint8Array, start: number, end: number): Promise<number> {
  try {
    return (await writeDescriptor(STANDARD_OUTPUT, bytes, start, end - start)).bytesWritten
  } catch (error) {
    // A pipe that is full, which the runtime has made one that does not block.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw error
  }
}
