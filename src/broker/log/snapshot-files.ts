import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { offsetName, offsetOfName, SNAPSHOT_SUFFIX, unlinkIfExists, writeFileAtomically } from './files.ts'

/** How many of the newest snapshots are always kept: one may turn out to be damaged. */
const ALWAYS_KEPT = 2

/** Path of the producer snapshot that holds the state up to `offset`. */
export function snapshotPath(folder: string, offset: number): string {
  return join(folder, offsetName(offset) + SNAPSHOT_SUFFIX)
}

export async function saveSnapshot(folder: string, offset: number, bytes: Uint8Array): Promise<void> {
  await writeFileAtomically(snapshotPath(folder, offset), bytes, folder)
}

/** Offsets of the producer snapshots in the folder, ascending. */
export async function snapshotOffsets(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names
    .map((name) => offsetOfName(name, SNAPSHOT_SUFFIX))
    .filter((offset) => offset >= 0)
    .sort((a, b) => a - b)
}

/** Removes the snapshots for which `isStale` holds; `newest` has the offsets of the newest two. */
export async function removeSnapshots(
  folder: string,
  isStale: (offset: number, newest: ReadonlySet<number>) => boolean,
): Promise<void> {
  const offsets = await snapshotOffsets(folder)
  const newest = new Set(offsets.slice(-ALWAYS_KEPT))
  for (const offset of offsets) if (isStale(offset, newest)) await unlinkIfExists(snapshotPath(folder, offset))
}
