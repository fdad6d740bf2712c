import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StorageError } from './errors.ts'

/** Holds a data folder for this process until it is released or the process ends, however it ends. */
export interface DirLock {
  release(): void
}

/**
 * Locks a data folder by its file `.lock`, as Kafka does. Node has no file locks of its own, but its SQLite takes a POSIX lock
 * on the file of an exclusive transaction: the kernel drops it when the process dies, so nothing stale can remain, and it
 * excludes another thread of this process, a process in another container on the same volume, and Kafka itself (which locks
 * the whole file). The file stays empty: nothing is ever written to the database.
 * @throws StorageError when another process holds the folder, or the file cannot be made
 */
export function lockDir(folder: string): DirLock {
  const path = join(folder, '.lock')
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path)
    // Without the right to write SQLite opens the file all the same, but has no lock to offer.
    accessSync(path, constants.W_OK)
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    if (isBusy(error)) {
      throw new StorageError(
        `The data folder ${folder} is in use by another process (it holds ${path}). Stop that one, or set log.dirs to another folder`,
        { cause: error },
      )
    }
    const why = error instanceof Error ? error.message : String(error)
    throw new StorageError(`The data folder ${folder} cannot be locked (${path}): ${why}. Check its permissions`, {
      cause: error,
    })
  }
  const held = database
  return { release: () => held.close() }
}

function isBusy(error: unknown): boolean {
  // SQLITE_BUSY
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}
