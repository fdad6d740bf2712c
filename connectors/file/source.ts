import { primitive, type SourceRecord, type SourceTask, type SourceTaskContext } from 'millrace/connect'
import type { FileSourceProps } from './config.ts'
import { FileTail } from './file-tail.ts'
import { LineSplitter } from './line-splitter.ts'
import { filePartition, storedPosition } from './offsets.ts'
import { StandardInput } from './standard-input.ts'

const stringSchema = primitive('STRING')

/** Emits the lines of a file, and then those that are appended to it. */
class FileSourceTask implements SourceTask {
  readonly #topic: string
  readonly #batchSize: number
  readonly #partition: { readonly filename?: unknown }
  readonly #context: SourceTaskContext
  readonly #input: FileTail | StandardInput
  #lines = new LineSplitter()
  /** Bytes of the file up to the end of the line emitted last. */
  #position: number

  constructor(props: FileSourceProps, position: number, context: SourceTaskContext) {
    this.#topic = props.topic
    // As Kafka Connect's own: a size below one still takes a line at a time.
    this.#batchSize = Math.max(1, props['batch.size'])
    this.#partition = filePartition(props.file)
    this.#context = context
    this.#position = position
    this.#input = props.file === null ? new StandardInput() : new FileTail(props.file, position, context.logger)
  }

  async poll({ signal }: { readonly signal: AbortSignal }): Promise<readonly SourceRecord[] | null> {
    const records: SourceRecord[] = []
    const timestamp = Date.now()
    while (records.length < this.#batchSize && !signal.aborted) {
      const line = this.#lines.next()
      if (line !== null) {
        records.push(this.#record(line.text, line.size, timestamp))
        continue
      }
      const chunk = await this.#input.read()
      if (chunk.kind === 'nothing') break
      if (chunk.kind === 'bytes') this.#lines.push(chunk.bytes)
      else {
        // Nobody will end the last line of a file that is no longer there: it is taken as it stands.
        const rest = this.#lines.rest()
        if (rest !== null) records.push(this.#record(rest.text, rest.size, timestamp))
        this.#lines = new LineSplitter()
        this.#position = 0
      }
    }
    return records.length > 0 ? records : this.#context.idle(this.#input.idleMs)
  }

  stop(): Promise<void> {
    return this.#input.close()
  }

  #record(value: string, size: number, timestamp: number): SourceRecord {
    this.#position += size
    return {
      topic: this.#topic,
      key: null,
      valueSchema: stringSchema,
      value,
      timestamp,
      sourcePartition: this.#partition,
      sourceOffset: { position: this.#position },
    }
  }
}

/** Starts the one task, where the stored offset says. */
export async function startFileSource(props: FileSourceProps, context: SourceTaskContext): Promise<SourceTask> {
  const position = props.file === null ? 0 : storedPosition(await context.offset(filePartition(props.file)))
  return new FileSourceTask(props, position, context)
}
