import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import { offsetKey, offsetValue, parseOffsetKey, parseOffsetValue } from '../tasks/offset-json.ts'
import type { OffsetStore } from '../tasks/offset-stores.ts'
import type { CommittableOffset } from '../tasks/submitted-records.ts'
import { bytesOf, textOf } from '../stores/json-record.ts'
import type { OffsetFile } from './offset-file.ts'

/** The offsets that tasks of a standalone worker read and write: those of its offset file. */
export class FileOffsetStore implements OffsetStore {
  readonly #file: OffsetFile

  constructor(file: OffsetFile) {
    this.#file = file
  }

  /** Found by the key's content, so that fields written by a Java worker in another notation are found as well. */
  read(connector: string, partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]> {
    const offsets = new Map<string, SourceOffset | null>()
    for (const [key, value] of this.#file.entries()) {
      const parsed = parseOffsetKey(textOf(key))
      if (parsed?.connector !== connector) continue
      try {
        offsets.set(offsetKey(connector, parsed.partition), parseOffsetValue(value === null ? null : textOf(value)))
      } catch {
        // Nested data, which nobody can ask for.
      }
    }
    return Promise.resolve(partitions.map((partition) => offsets.get(offsetKey(connector, partition)) ?? null))
  }

  async write(connector: string, offsets: readonly CommittableOffset[]): Promise<void> {
    await this.#file.set(
      offsets.map(({ partition, offset }) => [bytesOf(offsetKey(connector, partition)), bytesOf(offsetValue(offset))]),
    )
  }
}
