import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { DynamicBrokerConfigs } from './config/broker-config.ts'
import { hasCode, StorageError, storageFailure } from './log/errors.ts'

/** What is kept of a topic besides its logs. */
export interface StoredTopic {
  id: string
  partitions: number
  configs: Record<string, string>
}

/** The whole of the broker's metadata. */
export interface StoredMetadata {
  version: 1
  topics: Record<string, StoredTopic>
  /** Topics whose files were not all gone when the deletion was accepted; finished at the next start. */
  deleting: Record<string, string>
  brokerConfigs: DynamicBrokerConfigs
  /** First producer id that has not been handed out in a block yet. */
  nextProducerId: number
}

const FILE_NAME = 'cluster-metadata.json'

function emptyMetadata(): StoredMetadata {
  const brokerConfigs = { cluster: {}, broker: {} }
  return { version: 1, topics: byTopic(), deleting: byTopic(), brokerConfigs, nextProducerId: 0 }
}

/** `__proto__` and `constructor` are names that a topic may have: nothing must be inherited under them. */
function byTopic<T>(entries: Readonly<Record<string, T>> = {}): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, entries)
}

/**
 * One JSON file in the first folder of `log.dirs` with topics, dynamic settings and producer ids: the part that Kafka keeps in
 * its metadata log. It is replaced as a whole, so that after a crash the old or the new one is there. Changes made while
 * a write is under way go together into the next one.
 */
export class MetadataStore {
  readonly data: StoredMetadata
  readonly #path: string
  readonly #folder: string
  #writing: Promise<void> | null = null
  #next: Promise<void> | null = null

  private constructor(folder: string, data: StoredMetadata) {
    this.#folder = folder
    this.#path = join(folder, FILE_NAME)
    this.data = data
  }

  /** Reads the file, or starts with nothing if there is none. The folder must exist. */
  static async open(folder: string): Promise<MetadataStore> {
    const path = join(folder, FILE_NAME)
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      // Whether the folder can be used at all is for the logs to find out.
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return new MetadataStore(folder, emptyMetadata())
      const why = error instanceof Error ? error.message : String(error)
      throw new StorageError(`The topics of this broker cannot be read from ${path}: ${why}`, { cause: error })
    }
    return new MetadataStore(folder, parseMetadata(path, text))
  }

  /**
   * Makes a change and has it written; takes it back if that fails.
   * @throws {ProtocolError} KAFKA_STORAGE_ERROR
   */
  async change(apply: () => void, revert: () => void): Promise<void> {
    apply()
    try {
      await this.save()
    } catch (error) {
      revert()
      throw error
    }
  }

  /** Writes `data` as it is when the write begins; resolves when it is on disk. */
  save(): Promise<void> {
    if (this.#writing === null) {
      this.#writing = this.#write().finally(() => {
        this.#writing = null
      })
      return this.#writing
    }
    if (this.#next === null) {
      this.#next = this.#writing
        .catch(() => undefined)
        .then(() => {
          this.#next = null
          return this.save()
        })
    }
    return this.#next
  }

  async #write(): Promise<void> {
    try {
      await this.#replace()
    } catch (error) {
      throw storageFailure(`${this.#path} cannot be written`, error)
    }
  }

  async #replace(): Promise<void> {
    const temporary = `${this.#path}.tmp`
    const file = await open(temporary, 'w')
    try {
      await file.writeFile(`${JSON.stringify(this.data, null, 1)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, this.#path)
    const folder = await open(this.#folder, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}

function parseMetadata(path: string, text: string): StoredMetadata {
  let parsed: Partial<StoredMetadata>
  try {
    parsed = JSON.parse(text) as Partial<StoredMetadata>
  } catch (error) {
    throw new StorageError(
      `${path} is damaged and cannot be read; put back a copy, or move it away to keep only the topics found in log.dirs`,
      { cause: error },
    )
  }
  if (parsed.version !== 1) {
    throw new StorageError(`${path} has version ${String(parsed.version)}, but this broker reads version 1`)
  }
  return {
    ...emptyMetadata(),
    ...parsed,
    topics: byTopic(parsed.topics),
    deleting: byTopic(parsed.deleting),
  }
}
