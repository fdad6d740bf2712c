import type { KafkaLog, KafkaLogFactory, LogRecord } from '../../src/runtime/stores/kafka-log.ts'

/** A log in memory that gives every record back at once, and can say what others wrote. */
export class RecordedLog implements KafkaLog {
  /** Key and value of what was sent through this log. */
  readonly written: [string, string | null][] = []
  /** What sends reject with, if anything. */
  failure: Error | null = null
  readonly #listener: (record: LogRecord) => void
  readonly #before: readonly (readonly [string, string | null])[]
  #offset = 0

  constructor(listener: (record: LogRecord) => void, before: readonly (readonly [string, string | null])[]) {
    this.#listener = listener
    this.#before = before
  }

  async start(): Promise<void> {
    for (const [key, value] of this.#before) this.foreign(key, value)
  }
  async stop(): Promise<void> {}
  async readToEnd(): Promise<void> {}
  async readPast(): Promise<void> {}

  async send(key: Uint8Array, value: Uint8Array | null): Promise<{ partition: number; offset: number }> {
    if (this.failure !== null) throw this.failure
    this.written.push([textOf(key), value === null ? null : textOf(value)])
    const offset = this.#offset++
    this.#listener({ partition: 0, offset, key, value })
    return { partition: 0, offset }
  }

  /** As if another worker had written it. */
  foreign(key: string | null, value: string | null): void {
    this.#listener({ partition: 0, offset: this.#offset++, key: bytesOf(key), value: bytesOf(value) })
  }
}

/** What opens logs that begin with the records `before`, and the logs that it has opened. */
export function recordedLogs(before: readonly (readonly [string, string | null])[] = []): {
  open: KafkaLogFactory
  logs: RecordedLog[]
} {
  const logs: RecordedLog[] = []
  const open: KafkaLogFactory = (_topic, _use, listener) => {
    const log = new RecordedLog(listener, before)
    logs.push(log)
    return log
  }
  return { open, logs }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text)
}
