import { join } from 'node:path'
import { readIfExists, writeFileAtomically } from './files.ts'

// leader-epoch-checkpoint => lines: "0", count, then "epoch startOffset" each

/** Makes the file if it is missing: with one replica there is one epoch, from the log's start on. */
export async function writeLeaderEpochs(folder: string, epoch: number, startOffset: number): Promise<void> {
  const path = join(folder, 'leader-epoch-checkpoint')
  if ((await readIfExists(path)) !== null) return
  await writeFileAtomically(path, `0\n1\n${epoch} ${startOffset}\n`, folder)
}
