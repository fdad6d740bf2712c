import {
  plainJson,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  StandardOutput,
  type TopicPartitionOffset,
} from 'millrace/connect'
import { printLines } from './print-lines.ts'
import { taskId } from './task-id.ts'

interface Arrival {
  readonly task: unknown
  readonly seqno: unknown
  readonly offset: number
  readonly topic: string
}

/** Prints what arrives, and again what a commit covers. */
class VerifiableSinkTask implements SinkTask {
  readonly #name: string
  readonly #id: number
  readonly #output: StandardOutput
  /** By `topic-partition`, of this task's records. */
  readonly #unflushed = new Map<string, Arrival[]>()

  constructor(context: SinkTaskContext, id: number) {
    this.#name = context.connector
    this.#id = id
    this.#output = new StandardOutput(context)
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    const now = Date.now()
    const lines: string[] = []
    for (const { key, value, topic, kafkaPartition, kafkaOffset } of records) {
      const arrival = { task: key ?? null, seqno: value ?? null, offset: kafkaOffset, topic }
      lines.push(this.#line(arrival, now))
      const partition = `${topic}-${kafkaPartition}`
      const kept = this.#unflushed.get(partition)
      if (kept === undefined) this.#unflushed.set(partition, [arrival])
      else kept.push(arrival)
    }
    await printLines(this.#output, lines)
  }

  async flush(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const now = Date.now()
    const lines: string[] = []
    for (const { topic, partition } of offsets) {
      const name = `${topic}-${partition}`
      for (const arrival of this.#unflushed.get(name) ?? []) lines.push(this.#line(arrival, now, { flushed: true }))
      this.#unflushed.delete(name)
    }
    await printLines(this.#output, lines)
  }

  /** In the order in which Kafka Connect's line has it, which is that of Java's hash map. */
  #line({ task, seqno, offset, topic }: Arrival, timeMs: number, last: object = {}): string {
    return plainJson({ task, seqno, offset, time_ms: timeMs, name: this.#name, topic, sinkTask: this.#id, ...last })
  }
}

/** Starts a task. */
export function startVerifiableSink(context: SinkTaskContext): SinkTask {
  return new VerifiableSinkTask(context, taskId(context.config))
}
