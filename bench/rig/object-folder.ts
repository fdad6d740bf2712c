import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const NEWLINE = 10

/** Follows the JSON-lines objects that a sink writes for one topic into a bucket of the local folder store. */
export class ObjectFolder {
  readonly #folder: string
  readonly #lines = new Map<string, number>()

  /** `folder` is where the topic's objects lie: `<store>/<bucket>/topics/<topic>`. */
  constructor(folder: string) {
    this.#folder = folder
  }

  get objects(): number {
    return this.#lines.size
  }

  /** How many objects there are, without reading them. */
  async countObjects(): Promise<number> {
    return (await this.#names()).length
  }

  /** How many records all objects hold; reads only those that are new. */
  async countRecords(): Promise<number> {
    for (const name of await this.#names()) {
      if (!this.#lines.has(name)) this.#lines.set(name, countLines(await readFile(join(this.#folder, name))))
    }
    let records = 0
    for (const lines of this.#lines.values()) records += lines
    return records
  }

  /** Every record, parsed, in the order of partition and offset. */
  async *records(): AsyncGenerator<Record<string, unknown>> {
    for (const name of (await this.#names()).sort()) {
      const text = await readFile(join(this.#folder, name), 'utf8')
      for (const line of text.split('\n')) if (line !== '') yield JSON.parse(line) as Record<string, unknown>
    }
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#folder, { recursive: true })).filter((name) => name.endsWith('.json'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++
  return lines
}
