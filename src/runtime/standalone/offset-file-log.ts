import type { KafkaLog, LogPosition, LogRecord } from '../stores/kafka-log.ts'
import type { OffsetFile } from './offset-file.ts'

/** An offset file as the log that the herder reads and writes offsets through. */
export class OffsetFileLog implements KafkaLog {
  readonly #file: OffsetFile
  readonly #listener: (record: LogRecord) => void
  #next = 0

  constructor(file: OffsetFile, listener: (record: LogRecord) => void) {
    this.#file = file
    this.#listener = listener
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  /** Tasks write to the file past this log: all of it is given to the listener again, the last entry of a key counts. */
  readToEnd(): Promise<void> {
    for (const [key, value] of this.#file.entries()) {
      this.#listener({ partition: 0, offset: this.#next++, key, value })
    }
    return Promise.resolve()
  }

  async send(key: Uint8Array, value: Uint8Array | null): Promise<LogPosition> {
    await this.#file.set([[key, value]])
    const position = { partition: 0, offset: this.#next++ }
    this.#listener({ ...position, key, value })
    return position
  }

  readPast(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}
