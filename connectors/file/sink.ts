import { fsync, write } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import {
  ConnectError,
  GrowableBytes,
  plainJson,
  RetriableError,
  type SinkBatch,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  StandardOutput,
  writeAscii,
  writeBytes,
  writeUtf8,
} from 'millrace/connect'
import type { FileSinkProps } from './config.ts'

const writeDescriptor = promisify(write)
const syncDescriptor = promisify(fsync)

/** Appends the values, a line each, and makes them durable before their offsets are committed. */
class FileSinkTask implements SinkTask {
  readonly #target: FileHandle | StandardOutput
  readonly #canSync: boolean
  readonly #out = new GrowableBytes(4096)
  #isDirty = false

  /** @param canSync false for pipes and devices like `/dev/null`, which keep nothing */
  constructor(target: FileHandle | StandardOutput, canSync: boolean) {
    this.#target = target
    this.#canSync = canSync
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    this.#out.reset()
    for (const { value } of records) {
      if (value instanceof Uint8Array) writeBytes(this.#out, value)
      else writeUtf8(this.#out, typeof value === 'string' ? value : plainJson(value))
      writeAscii(this.#out, '\n')
    }
    await this.#append()
  }

  async putBatch(batch: SinkBatch): Promise<void> {
    const { bytes, valueStarts, valueEnds, count } = batch
    this.#out.reset()
    for (let i = 0; i < count; i++) {
      const start = valueStarts[i] as number
      const end = valueEnds[i] as number
      if (start < 0) writeAscii(this.#out, 'null')
      else if (batch.valueFormat === 'json' && bytes[start] === 0x22)
        writeUtf8(this.#out, JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()) as string)
      else writeBytes(this.#out, bytes, start, end)
      writeAscii(this.#out, '\n')
    }
    await this.#append()
  }

  async flush(): Promise<void> {
    if (!this.#isDirty || this.#target instanceof StandardOutput || !this.#canSync) return
    await syncDescriptor(this.#target.fd)
    this.#isDirty = false
  }

  async stop(): Promise<void> {
    if (!(this.#target instanceof StandardOutput)) await this.#target.close()
  }

  async #append(): Promise<void> {
    const { bytes, position } = this.#out
    if (this.#target instanceof StandardOutput) {
      // What is lost because nobody reads any more is so for good, as in Kafka Connect.
      if ((await this.#target.write(bytes.subarray(0, position))) === 'stopped')
        throw new RetriableError('Standard output did not take the records before the task had to stop')
      return
    }
    let written = 0
    while (written < position) {
      const result = await writeDescriptor(this.#target.fd, bytes, written, position - written)
      written += result.bytesWritten
      this.#isDirty = true
    }
  }
}

/** Opens the file for appending, making it if need be. */
export async function startFileSink({ file }: FileSinkProps, context: SinkTaskContext): Promise<SinkTask> {
  if (file === null) return new FileSinkTask(new StandardOutput(context), false)
  try {
    const handle = await open(file, 'a')
    return new FileSinkTask(handle, (await handle.stat()).isFile())
  } catch (error) {
    throw new ConnectError(`Cannot write to ${file}: ${(error as Error).message}`, { cause: error })
  }
}
