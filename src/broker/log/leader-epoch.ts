import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfExists } from './files.ts'

// leader-epoch-checkpoint => lines: "0", count, then "epoch startOffset" each

/**
 * Makes the file if it is missing or not readable: with one replica there is one epoch, from the log's start on. It is not
 * synced, since it can be made again at any time.
 */
export async function writeLeaderEpochs(folder: string, epoch: number, startOffset: number): Promise<void> {
  const path = join(folder, 'leader-epoch-checkpoint')
  const content = (await readIfExists(path))?.toString('utf8') ?? ''
  if (/^0\n1\n\d+ \d+\n$/.test(content)) return
  await writeFile(path, `0\n1\n${epoch} ${startOffset}\n`)
}
