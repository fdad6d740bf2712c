import type { KafkaLog, LogPosition, LogRecord } from '../stores/kafka-log.ts'

/**
 * The log of a worker that shares its state with nobody: records go straight to the listener and are kept nowhere else.
 * What Kafka Connect's standalone worker forgets with its process (configurations, statuses) lives in one of these.
 */
export class MemoryLog implements KafkaLog {
  readonly #listener: (record: LogRecord) => void
  #next = 0

  constructor(listener: (record: LogRecord) => void) {
    this.#listener = listener
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  readToEnd(): Promise<void> {
    return Promise.resolve()
  }

  send(key: Uint8Array, value: Uint8Array | null): Promise<LogPosition> {
    const position = { partition: 0, offset: this.#next++ }
    this.#listener({ ...position, key, value })
    return Promise.resolve(position)
  }

  readPast(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }
}
