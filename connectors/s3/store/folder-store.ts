import { access, constants, type FileHandle, link, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError, ConnectError, NotFoundError, RetriableError } from 'millrace/connect'
import type { StoreSettings } from '../settings.ts'
import type { ObjectStore, ObjectUpload, StoreContext, UploadOutcome } from './object-store.ts'

/** Folder inside the bucket for objects that are being written; each owner has one in it. */
const UPLOADS = '.millrace-uploads'
const COMPARE_BYTES = 1024 * 1024

/** Failures that pass by themselves, or once somebody has made room. */
const passing = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EIO', 'ENOENT', 'ESTALE'])

/**
 * Buckets as folders. An object is written beside the others under a temporary name, synced to disk, and then given its
 * name, so that it is there whole or not at all whatever dies.
 */
export class FolderStore implements ObjectStore {
  readonly place: string
  readonly #bucket: string
  readonly #folder: string
  readonly #uploads: string
  readonly #isConditional: boolean
  readonly #madeFolders = new Set<string>()
  #nextUpload = 0

  constructor(settings: StoreSettings, context: StoreContext) {
    this.#bucket = settings.bucket
    this.#folder = join(folderOf(settings.url ?? ''), settings.bucket)
    this.place = `folder ${this.#folder}`
    this.#uploads = join(this.#folder, UPLOADS, encodeURIComponent(context.owner))
    this.#isConditional = settings.conditionalWrites
    if (settings.bucket === '.' || settings.bucket === '..' || /[/\\]/.test(settings.bucket))
      throw new ConfigError(`s3.bucket.name "${settings.bucket}" cannot name a folder in store.url`)
  }

  async check(): Promise<void> {
    const status = await stat(this.#folder).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null
      throw folderError(error, 'Looking for', this.#folder)
    })
    if (status === null || !status.isDirectory())
      throw new NotFoundError(
        `Bucket "${this.#bucket}" does not exist: there is no folder ${this.#folder}. Create it, or correct s3.bucket.name or store.url.`,
      )
    try {
      await access(this.#folder, constants.R_OK | constants.W_OK | constants.X_OK)
      await rm(this.#uploads, { recursive: true, force: true })
    } catch (error) {
      throw folderError(error, 'Writing into', this.#folder)
    }
  }

  create(key: string): ObjectUpload {
    return new FolderUpload(this, this.#path(key), join(this.#uploads, String(this.#nextUpload++)))
  }

  async exists(key: string): Promise<boolean> {
    return (await sizeOf(this.#path(key))) !== null
  }

  async close(): Promise<void> {
    await rm(this.#uploads, { recursive: true, force: true }).catch(() => undefined)
  }

  /** Creates the temporary file of an upload. */
  async openTemporary(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      await mkdir(this.#uploads, { recursive: true })
      return await open(path, 'wx')
    }
  }

  /** Gives the finished temporary file its name, for good. */
  async publish(temporary: string, path: string): Promise<UploadOutcome> {
    const folder = dirname(path)
    await this.#makeFolder(folder)
    let outcome: UploadOutcome = 'created'
    if (this.#isConditional) outcome = await linkNew(temporary, path)
    else await rename(temporary, path)
    await syncFolder(folder)
    return outcome
  }

  /** Makes the folders above an object durable too: each is an entry in its parent. */
  async #makeFolder(folder: string): Promise<void> {
    if (this.#madeFolders.has(folder) && (await sizeOf(folder)) !== null) return
    const first = await mkdir(folder, { recursive: true })
    if (first !== undefined) {
      for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
    }
    this.#madeFolders.add(folder)
  }

  /** The file of an object. Keys hold data (topics, fields), which must not lead out of the bucket. */
  #path(key: string): string {
    const parts = key.split('/')
    const isOutside = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))
    const path = join(this.#folder, ...parts)
    if (isOutside || parts[0] === UPLOADS || relative(this.#folder, path).split(sep)[0] === '..')
      throw new ConnectError(`The key "${key}" cannot name a file in ${this.#folder}`)
    return path
  }
}

class FolderUpload implements ObjectUpload {
  readonly #store: FolderStore
  readonly #path: string
  readonly #temporary: string
  #handle: Promise<FileHandle> | null = null
  #length = 0
  #writes: Promise<void>[] = []

  constructor(store: FolderStore, path: string, temporary: string) {
    this.#store = store
    this.#path = path
    this.#temporary = temporary
  }

  writePart(bytes: Uint8Array): Promise<void> {
    const position = this.#length
    this.#length += bytes.length
    this.#handle ??= this.#store.openTemporary(this.#temporary)
    const written = this.#write(this.#handle, bytes, position)
    this.#writes.push(written)
    // Seen by whoever awaits `written`, and again by `complete`.
    written.catch(() => undefined)
    return written
  }

  async #write(opened: Promise<FileHandle>, bytes: Uint8Array, position: number): Promise<void> {
    try {
      const handle = await opened
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
        done += bytesWritten
      }
    } catch (error) {
      throw folderError(error, 'Writing', this.#path)
    }
  }

  async complete(rest: Uint8Array): Promise<UploadOutcome> {
    if (rest.length > 0 || this.#handle === null) void this.writePart(rest)
    await Promise.all(this.#writes)
    try {
      const handle = await this.#handle
      await handle?.sync()
      await handle?.close()
      this.#handle = null
      return await this.#store.publish(this.#temporary, this.#path)
    } catch (error) {
      throw folderError(error, 'Writing', this.#path)
    }
  }

  async abort(): Promise<void> {
    const opened = this.#handle
    this.#handle = null
    await Promise.allSettled(this.#writes)
    await opened?.then((handle) => handle.close()).catch(() => undefined)
    await unlink(this.#temporary).catch(() => undefined)
  }
}

/** Names the file unless the name is taken. */
async function linkNew(temporary: string, path: string): Promise<UploadOutcome> {
  let outcome: UploadOutcome = 'created'
  try {
    await link(temporary, path)
  } catch (error) {
    const code = codeOf(error)
    const cannotLink = code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EOPNOTSUPP'
    if (code !== 'EEXIST' && !cannotLink) throw error
    if (cannotLink && (await sizeOf(path)) === null) {
      // File systems without hard links: two tasks that write the same object at once would not notice each other.
      await rename(temporary, path)
      return 'created'
    }
    outcome = (await hasSameContent(temporary, path)) ? 'identical' : 'conflict'
  }
  await unlink(temporary)
  return outcome
}

async function hasSameContent(a: string, b: string): Promise<boolean> {
  const size = await sizeOf(a)
  if (size !== (await sizeOf(b))) return false
  const left = await open(a, 'r')
  const right = await open(b, 'r').catch(async (error: unknown) => {
    await left.close()
    throw error
  })
  try {
    const leftBytes = Buffer.allocUnsafe(COMPARE_BYTES)
    const rightBytes = Buffer.allocUnsafe(COMPARE_BYTES)
    for (let position = 0; position < (size ?? 0); ) {
      const [{ bytesRead }, other] = await Promise.all([
        left.read(leftBytes, 0, COMPARE_BYTES, position),
        right.read(rightBytes, 0, COMPARE_BYTES, position),
      ])
      const count = Math.min(bytesRead, other.bytesRead)
      if (count === 0 || leftBytes.compare(rightBytes, 0, count, 0, count) !== 0) return false
      position += count
    }
    return true
  } finally {
    await left.close()
    await right.close()
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw folderError(error, 'Reading', path)
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open folders, and syncs them with the files in them.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function folderOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw new ConfigError(`store.url "${url}" is no address of a local folder, such as file:///var/lib/objects`, {
      cause: error,
    })
  }
}

function folderError(error: unknown, doing: string, path: string): ConnectError {
  if (error instanceof ConnectError) return error
  const code = codeOf(error)
  const said = `${doing} ${path} failed: ${error instanceof Error ? error.message : String(error)}.`
  if (passing.has(code)) return new RetriableError(`${said} It will be tried again.`, { cause: error })
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new ConnectError(`${said} Allow the worker's user to write there, or correct store.url.`, { cause: error })
  return new ConnectError(said, { cause: error })
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}
