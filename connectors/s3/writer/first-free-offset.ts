import { ConnectError } from 'millrace/connect'
import { objectKey, type Settings } from '../settings.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { ObjectWriter } from './object-writer.ts'

/**
 * Where a partition goes on when other objects have the keys that it wanted to write: at the first offset after the
 * taken ones at which no object of the same folder starts. Every offset that is skipped is the first of an object that
 * exists, so that no record is lost; some may come twice. Throws `ConnectError` after `max.files.scan.limit` offsets.
 */
export async function firstFreeOffset(
  store: ObjectStore,
  settings: Settings,
  topic: string,
  partition: number,
  taken: readonly ObjectWriter[],
): Promise<number> {
  const offsets = await Promise.all(taken.map((object) => freeAfter(store, settings, topic, partition, object)))
  return Math.min(...offsets)
}

async function freeAfter(
  store: ObjectStore,
  settings: Settings,
  topic: string,
  partition: number,
  { key, encodedPartition, startOffset }: ObjectWriter,
): Promise<number> {
  for (let offset = startOffset + 1; offset <= startOffset + settings.maxFilesScan; offset++) {
    if (!(await store.exists(objectKey(settings.layout, topic, partition, encodedPartition, offset)))) return offset
  }
  throw new ConnectError(
    `Other objects have the key ${key} in ${store.place} and those of the ${settings.maxFilesScan} following offsets. Find out what else writes there, or raise max.files.scan.limit.`,
  )
}
