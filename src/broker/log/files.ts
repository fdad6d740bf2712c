import { type FileHandle, open, readFile, rename, unlink } from 'node:fs/promises'
import { hasCode } from './errors.ts'

/** Names of the files of a partition's folder (kafka: LogFileUtils), and the few file operations that Node does not have. */

export const LOG_SUFFIX = '.log'
export const OFFSET_INDEX_SUFFIX = '.index'
export const TIME_INDEX_SUFFIX = '.timeindex'
export const TRANSACTION_INDEX_SUFFIX = '.txnindex'
export const SNAPSHOT_SUFFIX = '.snapshot'
export const DELETED_SUFFIX = '.deleted'
export const CLEANED_SUFFIX = '.cleaned'
export const SWAP_SUFFIX = '.swap'

/** Suffixes of the files that make up a segment. */
export const SEGMENT_SUFFIXES = [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] as const

/** An offset as file names have it: 20 digits. */
export function offsetName(offset: number): string {
  return String(offset).padStart(20, '0')
}

/** The offset in a name such as `00000000000000000042.log`, or −1 when the name is not like that with this suffix. */
export function offsetOfName(name: string, suffix: string): number {
  if (name.length !== 20 + suffix.length || !name.endsWith(suffix)) return -1
  const digits = name.slice(0, 20)
  return /^\d{20}$/.test(digits) ? Number(digits) : -1
}

/** Makes created, renamed and removed entries of a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Some platforms cannot sync a folder; there is nothing else to do there.
    if (!hasCode(error, 'EPERM') && !hasCode(error, 'EINVAL') && !hasCode(error, 'EISDIR')) throw error
  } finally {
    await handle.close()
  }
}

/** Replaces a file whole or not at all: written beside it as `.tmp`, synced, renamed. */
export async function writeFileAtomically(path: string, content: string | Uint8Array, folder: string): Promise<void> {
  const temporary = `${path}.tmp`
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
  await syncFolder(folder)
}

export async function readIfExists(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

/** Gives whether there was something to unlink. */
export async function unlinkIfExists(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

export async function renameIfExists(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Writes all of `buffers` at `position`: a disk that is nearly full writes less than asked for without an error. */
export async function writeFully(handle: FileHandle, buffers: Uint8Array[], position: number): Promise<void> {
  let rest = buffers
  while (rest.length > 0) {
    const { bytesWritten } =
      rest.length === 1
        ? await handle.write(rest[0] as Uint8Array, 0, (rest[0] as Uint8Array).length, position)
        : await handle.writev(rest, position)
    position += bytesWritten
    rest = skipBytes(rest, bytesWritten)
  }
}

function skipBytes(buffers: Uint8Array[], count: number): Uint8Array[] {
  let i = 0
  while (i < buffers.length && count >= (buffers[i] as Uint8Array).length) count -= (buffers[i++] as Uint8Array).length
  if (i === buffers.length) return []
  const rest = buffers.slice(i)
  if (count > 0) rest[0] = (rest[0] as Uint8Array).subarray(count)
  return rest
}

/** Memory for `length` bytes, or more. */
export type Allocate = (length: number) => Uint8Array

/**
 * Reads exactly `[position, position + length)` into a buffer of its own, or one that `allocate` gives; less only when the file
 * ends before.
 */
export async function readRange(
  handle: FileHandle,
  position: number,
  length: number,
  allocate: Allocate = (size) => Buffer.allocUnsafeSlow(size),
): Promise<Uint8Array> {
  const buffer = allocate(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled === buffer.length ? buffer : buffer.subarray(0, filled)
}
