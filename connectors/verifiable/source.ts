import {
  ConnectError,
  plainJson,
  primitive,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
  StandardOutput,
  struct,
} from 'millrace/connect'
import type { VerifiableSourceProps } from './config.ts'
import { printLines } from './print-lines.ts'
import { taskId } from './task-id.ts'

/** The most records of one poll. */
const BATCH_SIZE = 100

const idSchema = primitive('INT32')
const seqnoSchema = primitive('INT64')
const completeSchema = struct({
  name: primitive('STRING'),
  task: primitive('INT32'),
  topic: primitive('STRING'),
  time_ms: primitive('INT64'),
  seqno: primitive('INT64'),
})

/** Emits numbered records, no more than `throughput` a second counted from the start of the task. */
class VerifiableSourceTask implements SourceTask {
  readonly #props: VerifiableSourceProps
  readonly #context: SourceTaskContext
  readonly #output: StandardOutput
  readonly #id: number
  readonly #partition: { readonly id: number }
  readonly #firstSeqno: number
  readonly #startMs = performance.now()
  #seqno: number

  constructor(props: VerifiableSourceProps, context: SourceTaskContext, id: number, seqno: number) {
    this.#props = props
    this.#context = context
    this.#output = new StandardOutput(context)
    this.#id = id
    this.#partition = { id }
    this.#firstSeqno = seqno
    this.#seqno = seqno
  }

  async poll(): Promise<readonly SourceRecord[] | null> {
    const count = this.#due()
    if (count === 0) return this.#context.idle(this.#untilDue())
    const records: SourceRecord[] = []
    const lines: string[] = []
    const now = Date.now()
    for (let i = 0; i < count; i++) {
      const seqno = this.#seqno++
      lines.push(this.#line(seqno, now))
      records.push(this.#record(seqno, now))
    }
    await printLines(this.#output, lines)
    return records
  }

  commitRecord(record: SourceRecord): Promise<void> {
    return printLines(this.#output, [
      this.#line(record.sourceOffset['seqno'] as number, Date.now(), { committed: true }),
    ])
  }

  /** How many records may be made now. */
  #due(): number {
    const { throughput } = this.#props
    const made = this.#seqno - this.#firstSeqno
    if (throughput < 0) return BATCH_SIZE
    if (throughput === 0) return made === 0 ? 1 : 0
    const allowed = Math.floor(((performance.now() - this.#startMs) / 1000) * throughput) + 1
    return Math.max(0, Math.min(BATCH_SIZE, allowed - made))
  }

  /** Milliseconds until the next record is due; a minute where none ever is. */
  #untilDue(): number {
    const { throughput } = this.#props
    if (throughput === 0) return 60_000
    const dueMs = ((this.#seqno - this.#firstSeqno) / throughput) * 1000
    return Math.max(1, Math.ceil(this.#startMs + dueMs - performance.now()))
  }

  /** In the order in which Kafka Connect's line has it, which is that of Java's hash map. */
  #line(seqno: number, timeMs: number, first: object = {}): string {
    const { topic } = this.#props
    return plainJson({ ...first, task: this.#id, seqno, time_ms: timeMs, name: this.#context.connector, topic })
  }

  #record(seqno: number, timeMs: number): SourceRecord {
    const { topic } = this.#props
    const isComplete = this.#props['complete.record.data']
    return {
      topic,
      keySchema: idSchema,
      key: this.#id,
      valueSchema: isComplete ? completeSchema : seqnoSchema,
      value: isComplete ? { name: this.#context.connector, task: this.#id, topic, time_ms: timeMs, seqno } : seqno,
      sourcePartition: this.#partition,
      sourceOffset: { seqno },
    }
  }
}

/** Starts a task after the sequence number that was stored last. */
export async function startVerifiableSource(
  props: VerifiableSourceProps,
  context: SourceTaskContext,
): Promise<SourceTask> {
  const id = taskId(context.config)
  const offset = await context.offset({ id })
  const last = offset === null ? -1 : offset['seqno']
  if (typeof last !== 'number')
    throw new ConnectError(
      `The stored offset has the seqno ${plainJson(last)}, which is no number: reset the connector's offsets`,
    )
  context.logger.info({ topic: props.topic, seqno: last + 1 }, 'Counting on from a sequence number')
  return new VerifiableSourceTask(props, context, id, last + 1)
}
