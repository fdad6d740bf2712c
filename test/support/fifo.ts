import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'

/** Why there are no named pipes here, as the `skip` of a test; false when there are. */
export const noFifos = ((): string | false => {
  try {
    execFileSync('mkfifo', ['--version'], { stdio: 'ignore' })
  } catch (error) {
    // A mkfifo that does not know the option is there all the same.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'there is no mkfifo'
  }
  return process.platform === 'win32' ? 'Windows has no named pipes in folders' : false
})()

/** Makes a named pipe and gives its path. */
export function makeFifo(path: string): string {
  execFileSync('mkfifo', [path])
  return path
}

/** One end of a named pipe, which is never waited for: the other end is in this process, too. */
export class FifoEnd {
  readonly #fd: number
  #isOpen = true

  private constructor(path: string, flags: number) {
    this.#fd = openSync(path, flags | constants.O_NONBLOCK)
  }

  static reader(path: string): FifoEnd {
    return new FifoEnd(path, constants.O_RDONLY)
  }

  /** Throws when nobody reads. */
  static writer(path: string): FifoEnd {
    return new FifoEnd(path, constants.O_WRONLY)
  }

  /** What is in the pipe now, `limit` bytes at the most. */
  read(limit = 1 << 20): string {
    const bytes = Buffer.alloc(limit)
    let length = 0
    try {
      for (let count = -1; count !== 0 && length < limit; length += count)
        count = readSync(this.#fd, bytes, length, limit - length, null)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
    return bytes.toString('utf8', 0, length)
  }

  write(text: string): void {
    writeSync(this.#fd, text)
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd)
    this.#isOpen = false
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
