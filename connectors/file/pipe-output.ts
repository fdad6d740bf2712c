import { writeSync } from 'node:fs'
import { type FileHandle, stat } from 'node:fs/promises'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import { ConnectError, pieceEnd } from 'millrace/connect'
import { isStream, openToWrite } from './prompt-open.ts'

/** After so many pieces, others in this thread have their turn. */
const TURN_PIECES = 64

/** How long one call waits: a task that waits here longer could not be paused. */
const WAIT_MS = 1000
/** How long a task that is to stop still waits for a reader that is there. */
const STOP_PATIENCE_MS = 2000
const FIRST_RETRY_MS = 1
const LAST_RETRY_MS = 100

/**
 * A pipe or device that is written to as far as it takes something at once, in the task's own thread: a blocking write
 * would keep a thread of the pool that the whole process shares for as long as nobody reads. It stays open when its reader
 * goes away, so that the next one finds what is still in it.
 */
export class PipeOutput {
  readonly #file: string
  readonly #signal: AbortSignal
  /** Null as long as there has been no reader. */
  #handle: FileHandle | null
  #isUnread: boolean
  /** Until when to wait for the reader, by the monotonic clock, once the task is to stop. */
  #stopBy: number | null = null

  /**
   * @param handle null for a pipe that nobody reads
   * @param signal the task's own
   */
  constructor(file: string, handle: FileHandle | null, signal: AbortSignal) {
    this.#file = file
    this.#handle = handle
    this.#isUnread = handle === null
    this.#signal = signal
  }

  /** What kept the last {@link write} from writing all. */
  get obstacle(): string {
    return this.#isUnread
      ? `Nobody reads ${this.#file}: its lines wait until somebody does`
      : `The reader of ${this.#file} does not take what is written: its lines wait until it does`
  }

  /**
   * Writes whole lines from `start` on and gives where it came to: the end, unless what reads there takes longer than is
   * to be waited for now. One call at a time.
   */
  async write(lines: Uint8Array, start: number): Promise<number> {
    const giveUpAt = performance.now() + WAIT_MS
    let delayMs = FIRST_RETRY_MS
    let position = start
    for (;;) {
      const reached = this.#writeReady(lines, position)
      const isMoving = reached > position
      position = reached
      if (position === lines.length) return position
      if (this.#mustGiveUp(giveUpAt)) break
      if (isMoving) {
        delayMs = FIRST_RETRY_MS
        await turn()
        continue
      }
      await pause(delayMs)
      delayMs = Math.min(LAST_RETRY_MS, 2 * delayMs)
      await this.lookForReader()
    }
    if (this.#isUnread) await this.#forgetReplaced()
    return position
  }

  /** Opens a pipe that has had no reader, if it has one now: that waits until somebody does. */
  async lookForReader(): Promise<void> {
    if (this.#handle !== null) return
    const handle = await openIfRead(this.#file)
    if (handle === null) return
    this.#handle = handle
    if (!isStream(await handle.stat()))
      throw new ConnectError(`${this.#file} has become something else than the pipe that it was: restart the task`)
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }

  /** Writes pieces while they are taken, for one turn at the most. */
  #writeReady(lines: Uint8Array, start: number): number {
    if (this.#handle === null) return start
    const { fd } = this.#handle
    let position = start
    try {
      for (let pieces = 0; position < lines.length && pieces < TURN_PIECES; pieces++) {
        position += writeSync(fd, lines, position, pieceEnd(lines, position) - position)
        this.#isUnread = false
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'EAGAIN' && code !== 'EPIPE')
        throw new ConnectError(`Cannot write to ${this.#file}: ${message}`, { cause: error })
      this.#isUnread = code === 'EPIPE'
    }
    return position
  }

  #mustGiveUp(giveUpAt: number): boolean {
    const now = performance.now()
    if (!this.#signal.aborted) return now >= giveUpAt
    this.#stopBy ??= now + STOP_PATIENCE_MS
    return this.#isUnread || now >= this.#stopBy
  }

  /** Another pipe may have the name by now: that is the one that will be read. */
  async #forgetReplaced(): Promise<void> {
    if (this.#handle === null) return
    const [opened, named] = await Promise.all([this.#handle.stat(), stat(this.#file).catch(() => null)])
    if (named !== null && (named.ino !== opened.ino || named.dev !== opened.dev)) await this.close()
  }
}

/** Null for a pipe that nobody reads, or that is just being made anew. */
async function openIfRead(file: string): Promise<FileHandle | null> {
  try {
    return await openToWrite(file)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENXIO' || code === 'ENOENT') return null
    throw new ConnectError(`Cannot write to ${file}: ${message}`, { cause: error })
  }
}
