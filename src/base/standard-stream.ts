import { writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'

/** What may wait for the reader, in bytes; what comes beyond is lost, and counted. */
const MOST_WAITING = 1 << 20
/** How long writers wait for a reader that is behind by that much; from then on they lose lines, until it has caught up. */
const PATIENCE_MS = 500
const RETRY_MS = 10
/** What a pipe takes whole or not at all (`PIPE_BUF`), so that nothing comes between from another thread. */
const PIECE_BYTES = 4096
const LINE_FEED = 0x0a

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/**
 * Standard output or standard error, for lines. Writing never fails, and never waits for long: a reader that is slow or has
 * stopped must hold up neither the thread nor the end of the process, nor fill its memory, and one that is gone, or a full
 * disk, must not end it. Lines are lost instead, which is said in a line of its own once there is room for it.
 */
export class StandardStream {
  readonly #fd: number
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** When the reader was first too far behind since it last had everything, by the monotonic clock. */
  #behindSince: number | null = null
  #lostLines = 0
  /** What was written last is the beginning of a line. */
  #isTorn = false
  #timer: NodeJS.Timeout | null = null

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Writes whole lines. While the reader is behind, the thread waits for it, but not for long. */
  write(lines: string): void {
    const bytes = Buffer.from(lines)
    this.#drain()
    while (this.#mustWait(bytes)) {
      Atomics.wait(sleeper, 0, 0, RETRY_MS)
      this.#drain()
    }
    this.#put(bytes)
  }

  /** As {@link write}, but the thread does something else while the reader is behind. */
  async print(lines: string): Promise<void> {
    for (const piece of pieces(Buffer.from(lines))) {
      this.#drain()
      while (this.#mustWait(piece)) {
        await pause(RETRY_MS)
        this.#drain()
      }
      this.#put(piece)
    }
  }

  /** Writes what waits, as far as the reader takes it soon. For the end of the thread. */
  flush(): void {
    const until = performance.now() + PATIENCE_MS
    this.#drain()
    while (this.#waiting.length > 0 && performance.now() < until) {
      Atomics.wait(sleeper, 0, 0, RETRY_MS)
      this.#drain()
    }
  }

  #hasRoom(bytes: Uint8Array): boolean {
    return this.#waitingBytes === 0 || this.#waitingBytes + bytes.length <= MOST_WAITING
  }

  #mustWait(bytes: Uint8Array): boolean {
    if (this.#hasRoom(bytes)) return false
    this.#behindSince ??= performance.now()
    return performance.now() - this.#behindSince < PATIENCE_MS
  }

  #put(bytes: Uint8Array): void {
    if (!this.#hasRoom(bytes)) {
      this.#lostLines += linesOf(bytes)
      return
    }
    if (this.#isTorn && this.#lostLines > 0 && this.#waiting.length === 0) this.#enqueue(Buffer.from('\n'))
    this.#enqueue(bytes)
    this.#drain()
  }

  #enqueue(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
  }

  /** Writes as much of what waits as is taken now, and looks again later for the rest. */
  #drain(): void {
    try {
      while (this.#writeHead()) if (this.#waiting.length === 0) this.#caughtUp()
    } catch {
      // Nobody reads any more, the disk is full, or the like: there is nobody to tell.
      for (const bytes of this.#waiting) this.#lostLines += linesOf(bytes)
      this.#waiting.length = 0
      this.#waitingBytes = 0
      this.#behindSince = null
    }
    if (this.#waiting.length > 0 && this.#timer === null)
      this.#timer = setTimeout(() => this.#retry(), RETRY_MS).unref()
  }

  #retry(): void {
    this.#timer = null
    this.#drain()
  }

  /** True when all of the first of what waits was written. */
  #writeHead(): boolean {
    const head = this.#waiting[0]
    if (head === undefined) return false
    const written = this.#writeSome(head)
    this.#waitingBytes -= written
    if (written > 0) this.#isTorn = head[written - 1] !== LINE_FEED
    if (written < head.length) this.#waiting[0] = head.subarray(written)
    else this.#waiting.shift()
    return written === head.length
  }

  #caughtUp(): void {
    this.#behindSince = null
    if (this.#lostLines === 0) return
    const msg = `${this.#lostLines} lines were lost before this one, since they were not read, or could not be written`
    this.#lostLines = 0
    this.#enqueue(Buffer.from(`${JSON.stringify({ level: 40, time: new Date().toISOString(), msg })}\n`))
  }

  /** The count of bytes that are taken now. */
  #writeSome(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes)
    } catch (error) {
      // The reader is behind.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0
      throw error
    }
  }
}

/** In parts that end with a line where that is possible. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; ) {
    const lineEnd = bytes.lastIndexOf(LINE_FEED, start + PIECE_BYTES - 1) + 1
    const end = lineEnd > start ? lineEnd : start + PIECE_BYTES
    yield bytes.subarray(start, end)
    start = end
  }
}

function linesOf(bytes: Uint8Array): number {
  let lines = 0
  for (const byte of bytes) if (byte === LINE_FEED) lines++
  return lines
}

const streams = new Map<1 | 2, StandardStream>()

/** The one of this thread. What others of the process write comes between its lines, not into them. */
export function standardStream(fd: 1 | 2): StandardStream {
  const known = streams.get(fd)
  if (known !== undefined) return known
  const stream = new StandardStream(fd)
  streams.set(fd, stream)
  // Node makes a pipe one that does not block when it opens its own stream; that is for all threads.
  if (isMainThread) (fd === 1 ? process.stdout : process.stderr).on('error', () => undefined)
  process.on('exit', () => stream.flush())
  return stream
}
