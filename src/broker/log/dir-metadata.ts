import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseProperties } from '../../base/properties.ts'
import { StorageError } from './errors.ts'
import { readIfExists, syncFolder, unlinkIfExists, writeFileAtomically } from './files.ts'

/** Who a data folder belongs to: its `meta.properties` (version 1, as Kafka writes it). */
export interface DirMetadata {
  clusterId: string
  nodeId: number
  directoryId: string
}

/** 16 random bytes as 22 characters of base64url, like all of Kafka's ids. */
export function randomId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    // Kafka's tools take a leading dash for an option.
    if (!id.startsWith('-')) return id
  }
}

/** Makes the folder if need be. @throws StorageError if that is not possible */
export async function makeDir(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StorageError(
      `The data folder ${folder} cannot be made: ${why}. Set log.dirs to a folder that this process may write`,
      { cause: error },
    )
  }
}

/** Reads `meta.properties`; null in a folder that has none yet. @throws StorageError when it is not one of version 1 */
export async function readDirMetadata(folder: string): Promise<DirMetadata | null> {
  const path = join(folder, 'meta.properties')
  const bytes = await readIfExists(path)
  if (bytes === null) return null
  const properties = parseProperties(bytes.toString('utf8'))
  const nodeId = Number(properties['node.id'] ?? properties['broker.id'])
  const clusterId = properties['cluster.id']
  if (clusterId === undefined || !Number.isInteger(nodeId)) {
    throw new StorageError(`${path} has no cluster.id or no node.id: restore it, or set log.dirs to another folder`)
  }
  return { clusterId, nodeId, directoryId: properties['directory.id'] ?? randomId() }
}

export async function writeDirMetadata(folder: string, metadata: DirMetadata): Promise<void> {
  const { clusterId, nodeId, directoryId } = metadata
  const text = `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n`
  await writeFileAtomically(join(folder, 'meta.properties'), text, folder)
}

const CLEAN_SHUTDOWN_FILE = '.kafka_cleanshutdown'

/** Whether the last stop was clean. The mark is taken away, so that a crash from now on is seen as one. */
export async function takeCleanShutdown(folder: string): Promise<boolean> {
  const wasClean = await unlinkIfExists(join(folder, CLEAN_SHUTDOWN_FILE))
  if (wasClean) await syncFolder(folder)
  return wasClean
}

export async function writeCleanShutdown(folder: string): Promise<void> {
  await writeFileAtomically(join(folder, CLEAN_SHUTDOWN_FILE), '{"version":0,"brokerEpoch":-1}', folder)
}

// partition.metadata => lines: "version: 0", "topic_id: <22 characters>"

/** Topic id in a partition's folder, null when the file is missing or not readable. */
export async function readTopicId(folder: string): Promise<string | null> {
  const bytes = await readIfExists(join(folder, 'partition.metadata'))
  return /^topic_id: (\S+)$/m.exec(bytes?.toString('utf8') ?? '')?.[1] ?? null
}

export async function writeTopicId(folder: string, topicId: string): Promise<void> {
  await writeFileAtomically(join(folder, 'partition.metadata'), `version: 0\ntopic_id: ${topicId}`, folder)
}
