import { readSync } from 'node:fs'
import { type FileHandle, stat } from 'node:fs/promises'
import { ConnectError, type PluginLogger } from 'millrace/connect'
import { isStream, openToRead } from './prompt-open.ts'

const CHUNK_BYTES = 64 * 1024
/** Less of a stream, since what was read of it and is not sent when the task stops is gone. */
const STREAM_CHUNK_BYTES = 4096

const IDLE_MS = 1000
const FIRST_STREAM_IDLE_MS = 0.5

export type Chunk =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Another file has the name now, or the file was cut: what follows is from its beginning. */
  | { readonly kind: 'restarted' }
  | { readonly kind: 'nothing' }

/**
 * Reads on in a file that may grow, be replaced (another inode of the same name) or be cut (shorter than was read). Of a
 * pipe or device, it takes what is there, in the task's own thread: a read that waits for a writer would keep a thread of
 * the pool that the whole process shares.
 */
export class FileTail {
  readonly #path: string
  readonly #logger: PluginLogger
  readonly #chunk = Buffer.alloc(CHUNK_BYTES)
  #handle: FileHandle | null = null
  #isStream = false
  #position: number
  #isWaiting = false
  #idleMs = IDLE_MS

  constructor(path: string, position: number, logger: PluginLogger) {
    this.#path = path
    this.#position = position
    this.#logger = logger
  }

  /** The next bytes; they are valid until the next call. */
  async read(): Promise<Chunk> {
    if (this.#handle === null) return this.#open()
    if (this.#isStream) return this.#readStream(this.#handle)
    const { bytesRead } = await this.#handle.read(this.#chunk, 0, CHUNK_BYTES, this.#position)
    if (bytesRead === 0) return this.#whatNow(this.#handle)
    this.#position += bytesRead
    return { kind: 'bytes', bytes: this.#chunk.subarray(0, bytesRead) }
  }

  /** How long to wait after `nothing`, in milliseconds: not for long while a pipe is written to, since it holds but little. */
  get idleMs(): number {
    return this.#idleMs
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }

  async #open(): Promise<Chunk> {
    const handle = await this.#openIfThere()
    if (handle === null) return { kind: 'nothing' }
    this.#isWaiting = false
    this.#handle = handle
    const status = await handle.stat()
    if (status.isDirectory()) throw new ConnectError(`${this.#path} is a folder, not a file: change the setting "file"`)
    this.#isStream = isStream(status)
    if (!status.isFile() || status.size >= this.#position) return this.read()
    this.#logger.warn(
      { file: this.#path, position: this.#position, size: status.size },
      'The file is shorter than what was read of it: starting at its beginning',
    )
    this.#position = 0
    return { kind: 'restarted' }
  }

  async #openIfThere(): Promise<FileHandle | null> {
    try {
      return await openToRead(this.#path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new ConnectError(`Cannot read ${this.#path}: ${(error as Error).message}`, { cause: error })
      if (!this.#isWaiting) this.#logger.warn({ file: this.#path }, 'The file does not exist: waiting for it')
      this.#isWaiting = true
      return null
    }
  }

  async #readStream(handle: FileHandle): Promise<Chunk> {
    const bytesRead = readReady(handle.fd, this.#chunk.subarray(0, STREAM_CHUNK_BYTES))
    if (bytesRead !== null && bytesRead > 0) {
      this.#idleMs = FIRST_STREAM_IDLE_MS
      return { kind: 'bytes', bytes: this.#chunk.subarray(0, bytesRead) }
    }
    this.#idleMs = Math.min(IDLE_MS, 2 * this.#idleMs)
    // When nobody writes there now, somebody may later: it stays open, so that nothing of that is lost.
    return bytesRead === null ? { kind: 'nothing' } : this.#whatNow(handle)
  }

  /** At the end: is this still the file of that name, and as long as it was? */
  async #whatNow(handle: FileHandle): Promise<Chunk> {
    const [opened, named] = await Promise.all([handle.stat(), stat(this.#path).catch(() => null)])
    if (named === null || !(named.isFile() || isStream(named))) return { kind: 'nothing' }
    const isReplaced = named.ino !== opened.ino || named.dev !== opened.dev
    const unread = this.#isStream ? 0 : opened.size - this.#position
    if (!isReplaced && unread >= 0) return { kind: 'nothing' }
    if (isReplaced && unread > 0) return this.read()
    this.#logger.info(
      { file: this.#path, position: this.#position },
      isReplaced ? 'The file was replaced: reading the new one' : 'The file was cut: reading from its beginning',
    )
    await this.close()
    this.#position = 0
    this.#idleMs = IDLE_MS
    return { kind: 'restarted' }
  }
}

/** The count of bytes that could be read now: none when nobody writes there, null when those who do have written nothing. */
function readReady(fd: number, target: Uint8Array): number | null {
  try {
    return readSync(fd, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null
    throw error
  }
}
