import type { FileHandle } from 'node:fs/promises'
import { open, stat } from 'node:fs/promises'
import { ConnectError, type PluginLogger } from 'millrace/connect'

const CHUNK_BYTES = 64 * 1024

export type Chunk =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Another file has the name now, or the file was cut: what follows is from its beginning. */
  | { readonly kind: 'restarted' }
  | { readonly kind: 'nothing' }

/** Reads on in a file that may grow, be replaced (another inode of the same name) or be cut (shorter than was read). */
export class FileTail {
  readonly #path: string
  readonly #logger: PluginLogger
  readonly #chunk = Buffer.alloc(CHUNK_BYTES)
  #handle: FileHandle | null = null
  #position: number
  #isWaiting = false

  constructor(path: string, position: number, logger: PluginLogger) {
    this.#path = path
    this.#position = position
    this.#logger = logger
  }

  /** The next bytes; they are valid until the next call. */
  async read(): Promise<Chunk> {
    if (this.#handle === null) return this.#open()
    const { bytesRead } = await this.#handle.read(this.#chunk, 0, CHUNK_BYTES, this.#position)
    if (bytesRead === 0) return this.#whatNow(this.#handle)
    this.#position += bytesRead
    return { kind: 'bytes', bytes: this.#chunk.subarray(0, bytesRead) }
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
      return await open(this.#path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new ConnectError(`Cannot read ${this.#path}: ${(error as Error).message}`, { cause: error })
      if (!this.#isWaiting) this.#logger.warn({ file: this.#path }, 'The file does not exist: waiting for it')
      this.#isWaiting = true
      return null
    }
  }

  /** At the end: is this still the file of that name, and as long as it was? */
  async #whatNow(handle: FileHandle): Promise<Chunk> {
    const [opened, named] = await Promise.all([handle.stat(), stat(this.#path).catch(() => null)])
    if (named === null || !named.isFile()) return { kind: 'nothing' }
    const isReplaced = named.ino !== opened.ino || named.dev !== opened.dev
    if (!isReplaced && opened.size >= this.#position) return { kind: 'nothing' }
    if (isReplaced && opened.size > this.#position) return this.read()
    this.#logger.info(
      { file: this.#path, position: this.#position },
      isReplaced ? 'The file was replaced: reading the new one' : 'The file was cut: reading from its beginning',
    )
    await this.close()
    this.#position = 0
    return { kind: 'restarted' }
  }
}
