import { isRowBatch } from '../batches.ts'
import type { ConnectorInstance } from '../connector.ts'
import { isConnectError } from '../errors.ts'
import type { SourceOffset, SourcePartition, SourceRecord } from '../records.ts'
import { rowRecord } from '../row-record.ts'
import type { SourcePlugin, SourceTask, SourceTaskContext } from '../source.ts'
import { within } from './deadline.ts'
import { RecordingLogger } from './recording-logger.ts'
import { type Props, startConnector } from './task-config.ts'

export interface SourceHarnessOptions {
  readonly connector?: string
  /** Default 1. */
  readonly maxTasks?: number
  /** Which of the connector's tasks to run. Default 0. */
  readonly task?: number
}

/**
 * Drives one task of a source without a worker: configuration as the runtime would give it, offsets in memory, `poll`
 * until there is enough. Commit as often as the test wants; `restart` resumes from what was committed.
 */
export class SourceHarness<P> {
  readonly logger = new RecordingLogger()
  /** Committed offsets by the JSON text of the partition. */
  readonly committed = new Map<string, SourceOffset>()
  readonly #plugin: SourcePlugin<P>
  readonly #props: Props
  readonly #options: SourceHarnessOptions
  #abort = new AbortController()
  #connector: ConnectorInstance | null = null
  #task: SourceTask | null = null
  #pending = new Map<string, { partition: SourcePartition; offset: SourceOffset }>()
  #uncommitted: SourceRecord[] = []
  #surplus: SourceRecord[] = []
  reconfigurationsRequested = 0

  constructor(plugin: SourcePlugin<P>, props: Props, options: SourceHarnessOptions = {}) {
    this.#plugin = plugin
    this.#props = props
    this.#options = options
  }

  /** Starts connector and task. Rejects with what either throws. */
  async start(): Promise<void> {
    const { connector = 'test', maxTasks = 1, task = 0 } = this.#options
    this.#abort = new AbortController()
    const { signal } = this.#abort
    const started = await startConnector(this.#plugin, this.#props, maxTasks, {
      connector,
      config: this.#props,
      logger: this.logger,
      signal,
      requestTaskReconfiguration: () => {
        this.reconfigurationsRequested++
      },
      raiseError: (error) => this.logger.error({ err: error }, 'The connector raised an error'),
    })
    this.#connector = started.instance
    const config = started.taskConfigs[task]
    if (config === undefined) throw new Error(`The connector has ${started.taskConfigs.length} tasks, no task ${task}`)
    this.#task = await this.#plugin.startTask(this.#plugin.config.parse(config), this.#context(connector, task, config))
  }

  /** One `poll`; null for nothing yet. Rows come as records. */
  async poll(): Promise<SourceRecord[] | null> {
    const batch = await this.#running().poll({ signal: this.#abort.signal })
    if (batch === null) return null
    if (!isRowBatch(batch)) {
      for (const { sourcePartition, sourceOffset } of batch) this.#remember(sourcePartition, sourceOffset)
      this.#uncommitted.push(...batch)
      return [...batch]
    }
    if (batch.sourceOffset !== null) this.#remember(batch.sourcePartition, batch.sourceOffset)
    return Array.from({ length: batch.rows }, (_row, i) => rowRecord(batch, i))
  }

  /**
   * The next `count` records, in order, polled until they are there; what a poll gives beyond that is kept for the next
   * call. Errors that are retriable are polled again.
   */
  async take(count: number, timeoutMs = 10_000): Promise<SourceRecord[]> {
    const records = this.#surplus.splice(0, count)
    let isOver = false
    const fill = async (): Promise<void> => {
      while (records.length < count && !isOver) {
        const polled = await this.#pollRetrying()
        records.push(...polled.splice(0, count - records.length))
        this.#surplus.push(...polled)
      }
    }
    try {
      await within(fill(), timeoutMs, `${count} records, of which ${records.length} were there at once`)
    } finally {
      isOver = true
    }
    return records
  }

  /** Says of all polled records that they were dropped or stored (`commitRecord`), then commits their offsets. */
  async commit(): Promise<void> {
    for (const record of this.#uncommitted.splice(0)) await this.#running().commitRecord?.(record, null)
    const offsets = [...this.#pending.values()]
    this.#pending.clear()
    for (const { partition, offset } of offsets) this.committed.set(JSON.stringify(partition), offset)
    await this.#running().commit?.(offsets)
  }

  /** Aborts the signal and stops task and connector. Offsets that were not committed are forgotten, as by a crash. */
  async stop(): Promise<void> {
    this.#abort.abort()
    const [task, connector] = [this.#task, this.#connector]
    this.#task = null
    this.#connector = null
    this.#pending.clear()
    this.#uncommitted = []
    this.#surplus = []
    await task?.stop?.()
    await connector?.stop?.()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #pollRetrying(): Promise<SourceRecord[]> {
    try {
      return (await this.poll()) ?? []
    } catch (error) {
      if (isConnectError(error, 'RetriableError')) return []
      throw error
    }
  }

  #running(): SourceTask {
    if (this.#task === null) throw new Error('The task is not running: call start() first')
    return this.#task
  }

  #remember(partition: SourcePartition, offset: SourceOffset): void {
    this.#pending.set(JSON.stringify(partition), { partition, offset })
  }

  #context(connector: string, task: number, config: Props): SourceTaskContext {
    const { signal } = this.#abort
    const stored = (partition: SourcePartition): SourceOffset | null =>
      this.committed.get(JSON.stringify(partition)) ?? null
    return {
      connector,
      task,
      logger: this.logger,
      config,
      signal,
      offset: (partition) => Promise.resolve(stored(partition)),
      offsets: (partitions) => Promise.resolve(partitions.map(stored)),
      idle: (ms) => idle(ms, signal),
    }
  }
}

/** Tests do not wait long for nothing: at most 20 ms. */
function idle(ms: number, signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve(null)
    }
    const timer = setTimeout(done, Math.min(ms, 20))
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

/** A harness for one task of `plugin`; call `start` on it. */
export function sourceHarness<P>(
  plugin: SourcePlugin<P>,
  props: Props,
  options?: SourceHarnessOptions,
): SourceHarness<P> {
  return new SourceHarness(plugin, props, options)
}
