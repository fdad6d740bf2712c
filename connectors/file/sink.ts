import { fsync, write } from 'node:fs'
import { type FileHandle, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import {
  ConnectError,
  GrowableBytes,
  RetriableError,
  type SinkBatch,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  StandardOutput,
} from 'millrace/connect'
import type { FileSinkProps } from './config.ts'
import { PipeOutput } from './pipe-output.ts'
import { PipeSinkTask } from './pipe-sink.ts'
import { isStream, openToAppend } from './prompt-open.ts'
import { writeBatchLines, writeRecordLines } from './value-lines.ts'

const writeDescriptor = promisify(write)
const syncDescriptor = promisify(fsync)

/** Appends the values, a line each, and makes them durable before their offsets are committed. */
class FileSinkTask implements SinkTask {
  readonly #target: FileHandle | StandardOutput
  readonly #canSync: boolean
  readonly #out = new GrowableBytes(4096)
  #isDirty = false

  /** @param canSync false for what is no file */
  constructor(target: FileHandle | StandardOutput, canSync: boolean) {
    this.#target = target
    this.#canSync = canSync
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    this.#out.reset()
    writeRecordLines(this.#out, records)
    await this.#append()
  }

  async putBatch(batch: SinkBatch): Promise<void> {
    this.#out.reset()
    writeBatchLines(this.#out, batch)
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
    const handle = await openUnlessUnread(file)
    const status = await handle?.stat()
    if (handle !== null && status !== undefined && !isStream(status)) return new FileSinkTask(handle, status.isFile())
    return new PipeSinkTask(new PipeOutput(file, handle, context.signal), context)
  } catch (error) {
    throw new ConnectError(`Cannot write to ${file}: ${(error as Error).message}`, { cause: error })
  }
}

/** Null for a pipe that nobody reads yet. */
async function openUnlessUnread(file: string): Promise<FileHandle | null> {
  try {
    return await openToAppend(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO' && (await stat(file)).isFIFO()) return null
    throw error
  }
}
