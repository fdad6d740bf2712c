import { ConnectError } from 'millrace/connect'
import type { ObjectStore } from '../store/object-store.ts'
import type { ObjectWriter } from './object-writer.ts'

/**
 * Where a partition goes on when other objects have the keys that it wanted to write: at the first offset after the
 * taken ones at which no object of the same folder starts. Every offset that is skipped is the first of an object that
 * exists, so that no record is lost; some may come twice. Throws `ConnectError` after `limit` offsets.
 */
export async function firstFreeOffset(
  store: ObjectStore,
  taken: readonly ObjectWriter[],
  limit: number,
): Promise<number> {
  return Math.min(...(await Promise.all(taken.map((object) => freeAfter(store, object, limit)))))
}

async function freeAfter(
  store: ObjectStore,
  { key, keyAt, startOffset }: ObjectWriter,
  limit: number,
): Promise<number> {
  for (let offset = startOffset + 1; offset <= startOffset + limit; offset++) {
    if (!(await store.exists(keyAt(offset)))) return offset
  }
  throw new ConnectError(
    `Other objects have the key ${key} in ${store.place} and those of the ${limit} following offsets. Find out what else writes there, or raise max.files.scan.limit.`,
  )
}
