import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/**
 * The text of a file that somebody names in a configuration. Refuses what is no file: who waits for the other end of a pipe
 * keeps a thread of the pool that the whole process shares, and some devices never end.
 */
export async function readTextFile(path: string, encoding: BufferEncoding = 'utf8'): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0))
  try {
    if (!(await handle.stat()).isFile()) throw new Error(`${path} is not a file`)
    return await handle.readFile(encoding)
  } finally {
    await handle.close()
  }
}
