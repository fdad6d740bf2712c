import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTopics } from '../../bench/torture/read-topic.ts'
import { type ConnectRest, until } from '../../bench/rig/connect-rest.ts'

const PERIOD_MS = 50

/** Files that grow all the time, each read into a topic by a FileStream source; every line has its own number. */
export class FilePipes {
  readonly folder: string
  readonly names: readonly string[]
  #lines = 0
  #writing: Promise<void> = Promise.resolve()
  #isWriting = false

  private constructor(folder: string, names: readonly string[]) {
    this.folder = folder
    this.names = names
  }

  /** @param names of connectors, topics and files alike */
  static async create(names: readonly string[]): Promise<FilePipes> {
    return new FilePipes(await mkdtemp(join(tmpdir(), 'millrace-pipes-')), names)
  }

  /** Lines written to each file so far. */
  get lines(): number {
    return this.#lines
  }

  fileOf(name: string): string {
    return join(this.folder, `${name}.txt`)
  }

  configOf(name: string): Record<string, string> {
    return {
      'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
      file: this.fileOf(name),
      topic: name,
      'tasks.max': '1',
    }
  }

  /** Appends a line to every file again and again until {@link pause}. */
  write(): void {
    this.#isWriting = true
    this.#writing = this.#run()
  }

  async #run(): Promise<void> {
    while (this.#isWriting) {
      const line = `${this.#lines}\n`
      await Promise.all(this.names.map((name) => appendFile(this.fileOf(name), line)))
      this.#lines++
      await new Promise((resolve) => setTimeout(resolve, PERIOD_MS))
    }
  }

  async pause(): Promise<void> {
    this.#isWriting = false
    await this.#writing
  }

  /** Waits until the stored offset of every pipe is the end of its file: all is read, and committed. */
  async drained(rest: ConnectRest, timeoutMs = 30_000): Promise<void> {
    for (const name of this.names) {
      const { size } = await stat(this.fileOf(name))
      let last: unknown = null
      await until(
        `the offset ${size} of ${name}`,
        timeoutMs,
        async () => {
          const { body } = await rest.request('GET', `/connectors/${name}/offsets`)
          last = body
          const [entry] = (body as { offsets?: { offset: { position?: number } | null }[] }).offsets ?? []
          return entry?.offset?.position === size ? true : null
        },
        200,
      ).catch((error: unknown) => {
        throw new Error(`${(error as Error).message}; it is ${JSON.stringify(last)}`, { cause: error })
      })
    }
  }

  /** How often each line came, by topic. */
  async counts(bootstrap: string): Promise<Map<string, number[]>> {
    const topics = await readTopics(bootstrap, this.names)
    return new Map(
      [...topics].map(([topic, values]) => {
        const counts = Array.from({ length: this.#lines }, () => 0)
        for (const value of values) {
          const number = Number(JSON.parse(value) as string)
          counts[number] = (counts[number] ?? 0) + 1
        }
        return [topic, counts]
      }),
    )
  }

  async remove(): Promise<void> {
    await this.pause()
    await rm(this.folder, { recursive: true, force: true })
  }
}
