import { mkdir, open, readFile, realpath, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RuntimeError } from '../errors.ts'
import { decodeJavaMap, encodeJavaMap, type MapEntry } from './java-map.ts'

/**
 * The source offsets of a standalone worker: a file with the keys and values that the offsets topic would hold, in the
 * form of Kafka's `FileOffsetBackingStore`, so that either worker goes on where the other stopped. The whole file is
 * written anew for each change, beside the old one and then in its place: a crash leaves the one or the other.
 */
export class OffsetFile {
  readonly path: string
  readonly #entries = new Map<string, MapEntry>()
  #saving: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  /** @param path of the setting `offset.storage.file.filename` */
  constructor(path: string) {
    this.path = path
  }

  /** Reads the file; a missing or empty one holds nothing. Throws {@link RuntimeError} for one that is not readable. */
  async load(): Promise<void> {
    this.#entries.clear()
    let bytes: Uint8Array
    try {
      bytes = await readFile(this.path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw this.#failure('read', error)
      await this.#checkFolder()
      return
    }
    if (bytes.length === 0) return
    try {
      for (const entry of decodeJavaMap(bytes)) this.#entries.set(keyOf(entry[0]), entry)
    } catch (error) {
      throw this.#failure('read', error)
    }
  }

  entries(): MapEntry[] {
    return [...this.#entries.values()]
  }

  /** Sets entries; resolves when they are on disk. What is set while an earlier change is written goes in one writing. */
  set(entries: readonly MapEntry[]): Promise<void> {
    for (const entry of entries) this.#entries.set(keyOf(entry[0]), entry)
    this.#next ??= this.#saving.then(() => {
      this.#next = null
      const saving = this.#save()
      this.#saving = saving.catch(() => undefined)
      return saving
    })
    return this.#next
  }

  async #save(): Promise<void> {
    try {
      const target = await realpath(this.path).catch(() => this.path)
      const beside = `${target}.tmp`
      const file = await open(beside, 'w')
      try {
        await file.writeFile(encodeJavaMap(this.entries()))
        await file.datasync()
      } finally {
        await file.close()
      }
      await rename(beside, target)
    } catch (error) {
      throw this.#failure('written', error)
    }
  }

  /** A folder that cannot be made should be known at the start, not when the first offsets are due. */
  async #checkFolder(): Promise<void> {
    try {
      await mkdir(dirname(this.path), { recursive: true })
    } catch (error) {
      throw this.#failure('written', error)
    }
  }

  #failure(verb: 'read' | 'written', cause: unknown): RuntimeError {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new RuntimeError(
      `The offset file ${this.path} (setting offset.storage.file.filename) cannot be ${verb}: ${reason}`,
      { cause },
    )
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
