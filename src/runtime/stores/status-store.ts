import type { Logger } from '../../base/logger.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import type { InternalTopicConfig } from '../worker-config.ts'
import { bytesOf, textOf } from './json-record.ts'
import type { KafkaLog, KafkaLogFactory, LogRecord } from './kafka-log.ts'
import {
  decodeStatus,
  decodeStatusKey,
  decodeTopicEntry,
  encodeStatus,
  encodeStatusKey,
  encodeTopicEntry,
  type StatusEntry,
  type StatusKey,
  type TopicEntry,
} from './status-records.ts'

/**
 * The status topic: the newest status of every connector and task and the topics they use, as read so far.
 * Writes are not awaited by their callers, but {@link flush} waits for all of them; they are never lost while the
 * worker runs, since the producer keeps trying.
 */
export class StatusStore {
  readonly #log: KafkaLog
  readonly #logger: Logger
  readonly #connectors = new Map<string, StatusEntry>()
  readonly #tasks = new Map<string, Map<number, StatusEntry>>()
  readonly #topics = new Map<string, Map<string, TopicEntry>>()
  readonly #pending = new Set<Promise<unknown>>()
  #listener: ((connector: string) => void) | null = null

  constructor(topic: InternalTopicConfig, openLog: KafkaLogFactory, logger: Logger) {
    this.#log = openLog(topic, 'statuses', (record) => this.#read(record))
    this.#logger = logger
  }

  async start(): Promise<void> {
    await this.#log.start()
  }

  /** Does not wait for writes: {@link flush} does. */
  async stop(): Promise<void> {
    await this.#log.stop()
  }

  /** Waits until everything written so far is acknowledged. */
  async flush(): Promise<void> {
    await Promise.all(this.#pending)
  }

  async readToEnd(): Promise<void> {
    await this.#log.readToEnd()
  }

  /** Called with the connector's name whenever a status of it or of its tasks was read. */
  onChange(listener: (connector: string) => void): void {
    this.#listener = listener
  }

  connector(connector: string): StatusEntry | null {
    return this.#connectors.get(connector) ?? null
  }

  task(id: ConnectorTaskId): StatusEntry | null {
    return this.#tasks.get(id.connector)?.get(id.task) ?? null
  }

  /** Statuses of the connector's tasks, in the order of their numbers. */
  tasks(connector: string): { task: number; entry: StatusEntry }[] {
    const tasks = this.#tasks.get(connector) ?? new Map<number, StatusEntry>()
    return [...tasks].map(([task, entry]) => ({ task, entry })).toSorted((a, b) => a.task - b.task)
  }

  /** Of which tasks of the connector there is a status. */
  taskNumbers(connector: string): number[] {
    return [...(this.#tasks.get(connector)?.keys() ?? [])]
  }

  /** Every connector that has a status, its own or a task's. */
  connectors(): string[] {
    return [...new Set([...this.#connectors.keys(), ...this.#tasks.keys()])]
  }

  topics(connector: string): TopicEntry[] {
    return [...(this.#topics.get(connector)?.values() ?? [])]
  }

  connectorsWithTopics(): string[] {
    return [...this.#topics.keys()]
  }

  putConnector(connector: string, entry: StatusEntry): void {
    if (isSafe(this.connector(connector), entry)) this.#send({ type: 'connector', connector }, encodeStatus(entry))
  }

  putTask(id: ConnectorTaskId, entry: StatusEntry): void {
    if (isSafe(this.task(id), entry)) this.#send({ type: 'task', id }, encodeStatus(entry))
  }

  putTopic(entry: TopicEntry): void {
    this.#send({ type: 'topic', connector: entry.connector, topic: entry.topic }, encodeTopicEntry(entry))
  }

  deleteTask(id: ConnectorTaskId): void {
    this.#send({ type: 'task', id }, null)
  }

  deleteTopic(connector: string, topic: string): void {
    this.#send({ type: 'topic', connector, topic }, null)
  }

  /** Tombstones for everything that is known of a connector. */
  deleteConnector(connector: string): void {
    if (this.#connectors.has(connector)) this.#send({ type: 'connector', connector }, null)
    for (const { task } of this.tasks(connector)) this.deleteTask({ connector, task })
    for (const { topic } of this.topics(connector)) this.deleteTopic(connector, topic)
  }

  #send(key: StatusKey, value: Uint8Array | null): void {
    const text = encodeStatusKey(key)
    const sending = this.#log
      .send(bytesOf(text), value)
      .catch((error: unknown) => {
        this.#logger.error({ err: error, key: text }, 'Could not write to the status topic')
      })
      .finally(() => this.#pending.delete(sending))
    this.#pending.add(sending)
  }

  #read(record: LogRecord): void {
    const key = record.key === null ? null : decodeStatusKey(textOf(record.key))
    if (key === null) {
      this.#skipped(record)
      return
    }
    if (key.type === 'topic') {
      const entry = record.value === null ? null : decodeTopicEntry(record.value)
      if (record.value !== null && entry === null) this.#skipped(record)
      else this.#readTopic(key.connector, key.topic, entry)
      return
    }
    const entry = record.value === null ? null : decodeStatus(record.value)
    if (record.value !== null && entry === null) {
      this.#skipped(record)
      return
    }
    if (key.type === 'task') this.#readTask(key.id, entry)
    else if (!isLateFarewell(this.connector(key.connector), entry)) setOrDelete(this.#connectors, key.connector, entry)
    this.#listener?.(key.type === 'connector' ? key.connector : key.id.connector)
  }

  #readTask(id: ConnectorTaskId, entry: StatusEntry | null): void {
    const held = this.task(id)
    if (isLateFarewell(held, entry) || isLateTaskFarewell(held, entry)) return
    const tasks = this.#tasks.get(id.connector) ?? new Map<number, StatusEntry>()
    setOrDelete(tasks, id.task, entry)
    setOrDelete(this.#tasks, id.connector, tasks.size === 0 ? null : tasks)
  }

  /** What cannot be read changes nothing. */
  #skipped({ partition, offset }: LogRecord): void {
    this.#logger.warn({ partition, offset }, 'Skipped a record of the status topic')
  }

  #readTopic(connector: string, topic: string, entry: TopicEntry | null): void {
    const topics = this.#topics.get(connector) ?? new Map<string, TopicEntry>()
    setOrDelete(topics, topic, entry)
    setOrDelete(this.#topics, connector, topics.size === 0 ? null : topics)
  }
}

/**
 * UNASSIGNED and FAILED must not overwrite what a newer owner wrote: they are dropped when another worker of a later
 * generation holds the entry. Everything else is written as it comes, and so is a failure of what nobody claims to run:
 * generations begin anew in a group that was empty for a while, and what fails in them must not seem unassigned for good.
 */
function isSafe(held: StatusEntry | null, entry: StatusEntry): boolean {
  if (entry.state !== 'UNASSIGNED' && entry.state !== 'FAILED') return true
  if (entry.state === 'FAILED' && held?.state === 'UNASSIGNED') return true
  return held === null || held.workerId === entry.workerId || held.generation <= entry.generation
}

/** The former owner's UNASSIGNED came after what a new one, of a later generation, had to say. */
function isLateFarewell(held: StatusEntry | null, entry: StatusEntry | null): boolean {
  if (held === null || entry?.state !== 'UNASSIGNED' || held.workerId === entry.workerId) return false
  return held.generation > entry.generation
}

/** Of tasks Kafka Connect does not believe it in the same generation either. */
function isLateTaskFarewell(held: StatusEntry | null, entry: StatusEntry | null): boolean {
  if (held?.state !== 'RUNNING' || entry?.state !== 'UNASSIGNED' || held.workerId === entry.workerId) return false
  return held.generation >= entry.generation
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | null): void {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
