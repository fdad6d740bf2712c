import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Nothing waits for who is at the other end of a pipe or a line: neither opening, which would keep a thread of the pool that the
 * whole process shares, nor what is done with the descriptor later. Nor does a terminal become the worker's own. To files, it is all the same.
 */
const PROMPT = (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/** Opens for reading. */
export function openToRead(file: string): Promise<FileHandle> {
  return open(file, constants.O_RDONLY | PROMPT)
}

/** Opens for appending, making a file if need be. A pipe that nobody reads is refused with `ENXIO`. */
export function openToAppend(file: string): Promise<FileHandle> {
  return open(file, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | PROMPT)
}

/** Opens what is there for writing. A pipe that nobody reads is refused with `ENXIO`. */
export function openToWrite(file: string): Promise<FileHandle> {
  return open(file, constants.O_WRONLY | PROMPT)
}

/** Pipes and devices: they give and take what they can now and say `EAGAIN` otherwise, and have no place to go to. */
export function isStream(status: Stats): boolean {
  return status.isFIFO() || status.isCharacterDevice()
}
