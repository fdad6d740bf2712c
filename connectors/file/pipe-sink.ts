import {
  GrowableBytes,
  RetriableError,
  type SinkBatch,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  writeBytes,
} from 'millrace/connect'
import type { PipeOutput } from './pipe-output.ts'
import { writeBatchLines, writeRecordLines } from './value-lines.ts'

const LINE_FEED = 0x0a

/**
 * Writes the values to a pipe or a device, a line each, and waits as long as nobody reads them. A delivery that is not
 * taken whole is asked for again, so that the task can be paused and stopped meanwhile, and goes on where it had come to.
 */
export class PipeSinkTask implements SinkTask {
  readonly #output: PipeOutput
  readonly #context: SinkTaskContext
  readonly #out = new GrowableBytes(4096)
  /** Bytes of `#out` that were written. */
  #written = 0
  /** The delivery whose lines are in `#out`; null when all of them were written. */
  #held: string | null = null

  constructor(output: PipeOutput, context: SinkTaskContext) {
    this.#output = output
    this.#context = context
  }

  put(records: readonly SinkRecord[]): Promise<void> {
    const [first, last] = [records[0], records.at(-1)]
    if (first === undefined || last === undefined) return this.#output.lookForReader()
    return this.#deliver(`${nameOf(first)} ${nameOf(last)} ${records.length}`, () =>
      writeRecordLines(this.#out, records),
    )
  }

  putBatch(batch: SinkBatch): Promise<void> {
    const { topic, partition, offsets, count } = batch
    return this.#deliver(`${topic}-${partition} ${offsets[0]} ${offsets[count - 1]} ${count}`, () =>
      writeBatchLines(this.#out, batch),
    )
  }

  async stop(): Promise<void> {
    try {
      if (this.#held === null) return
      this.#keepBegunLine()
      await this.#output.write(this.#lines(), 0)
    } finally {
      await this.#output.close()
    }
  }

  async #deliver(delivery: string, writeLines: () => void): Promise<void> {
    if (this.#held !== delivery) {
      this.#keepBegunLine()
      writeLines()
    }
    const lines = this.#lines()
    // What fails is not held: the task ends by it.
    this.#held = null
    this.#written = await this.#output.write(lines, this.#written)
    if (this.#written === lines.length) return
    this.#held = delivery
    this.#context.timeout(1)
    throw new RetriableError(this.#output.obstacle)
  }

  /** Forgets all lines but the rest of one that is written in part: whatever follows must not be written into it. */
  #keepBegunLine(): void {
    const lines = this.#lines()
    const isBegun = this.#written > 0 && this.#written < lines.length && lines[this.#written - 1] !== LINE_FEED
    const rest = isBegun ? lines.slice(this.#written, lines.indexOf(LINE_FEED, this.#written) + 1) : null
    this.#out.reset()
    this.#written = 0
    if (rest !== null) writeBytes(this.#out, rest)
  }

  #lines(): Uint8Array {
    return this.#out.bytes.subarray(0, this.#out.position)
  }
}

function nameOf({ originalTopic, originalKafkaPartition, originalKafkaOffset }: SinkRecord): string {
  return `${originalTopic}-${originalKafkaPartition} ${originalKafkaOffset}`
}
