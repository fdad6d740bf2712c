import { join } from 'node:path'
import { StorageError } from './errors.ts'
import { readIfExists, writeFileAtomically } from './files.ts'

// OffsetCheckpoint => lines: "0", count, then "topic partition offset" each

export const RECOVERY_POINT_FILE = 'recovery-point-offset-checkpoint'
export const HIGH_WATERMARK_FILE = 'replication-offset-checkpoint'
export const LOG_START_FILE = 'log-start-offset-checkpoint'
export const CLEANER_FILE = 'cleaner-offset-checkpoint'

/** The key of a partition in a checkpoint, which is also the name of its folder. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

export interface OffsetEntry {
  topic: string
  partition: number
  offset: number
}

/** Reads a checkpoint: offsets by `partitionName`. A file that is missing is an empty one. @throws StorageError if damaged */
export async function readOffsets(folder: string, file: string): Promise<Map<string, number>> {
  const path = join(folder, file)
  const bytes = await readIfExists(path)
  const offsets = new Map<string, number>()
  if (bytes === null || bytes.length === 0) return offsets
  const [version, count, ...lines] = bytes.toString('utf8').trimEnd().split('\n')
  if (version !== '0' || Number(count) !== lines.length) throw damaged(path)
  for (const line of lines) {
    const match = /^(\S+) (\d+) (-?\d+)$/.exec(line)
    if (match === null) throw damaged(path)
    offsets.set(partitionName(match[1] as string, Number(match[2])), Number(match[3]))
  }
  return offsets
}

function damaged(path: string): StorageError {
  return new StorageError(
    `The checkpoint ${path} is damaged. Remove it: the offsets in it are found again from the logs`,
  )
}

/** Replaces a checkpoint, whole or not at all. */
export async function writeOffsets(folder: string, file: string, entries: readonly OffsetEntry[]): Promise<void> {
  const lines = entries.map(({ topic, partition, offset }) => `${topic} ${partition} ${offset}\n`)
  await writeFileAtomically(join(folder, file), `0\n${entries.length}\n${lines.join('')}`, folder)
}
