import { columnsOf, type FetchedColumns, type FetchedRecords } from '../../client/consumer/fetched-records.ts'
import type {
  SinkBatch,
  SinkPlugin,
  SinkRecord,
  SinkTask,
  SinkTaskContext,
  TopicPartition,
  TopicPartitionOffset,
} from '../../connect/index.ts'
import { ErrorHandler, errorPolicy } from '../errors/error-handler.ts'
import { errantRecordReporter } from '../errors/errant-records.ts'
import { createConverters } from '../pipeline/record-converters.ts'
import { SinkPipeline } from '../pipeline/sink-pipeline.ts'
import { TransformChain } from '../pipeline/transform-chain.ts'
import { PluginCallError } from '../plugins/plugin-scope.ts'
import type { TaskCounters } from '../task-runner.ts'
import { commitDelivered } from './sink-commit.ts'
import { openSinkInput, type SinkInput } from './sink-input.ts'
import { SinkOffsets } from './sink-offsets.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { TaskLoop } from './task-run.ts'
import { Turn } from './turn.ts'

/** Longest wait for records, so that pauses and the like are noticed in good time. */
const LONGEST_POLL_MS = 1000
const REDELIVERY_PAUSE_MS = 100
const STOP_TIMEOUT_MS = 5000

/** What is given to the task in one call, and the offsets reached with it. */
type Delivery =
  | { readonly kind: 'batch'; readonly batch: SinkBatch; readonly reached: TopicPartitionOffset }
  | { readonly kind: 'records'; readonly records: SinkRecord[]; readonly reached: TopicPartitionOffset }

/**
 * A sink task at work: fetch, convert, deliver, commit. Bytes go to tasks that take them as they lie in Kafka; otherwise
 * records are made. Nothing is committed that was not delivered.
 */
export class SinkLoop implements TaskLoop {
  readonly #env: TaskEnvironment
  readonly #plugin: SinkPlugin
  readonly #errors: ErrorHandler
  readonly #offsets = new SinkOffsets()
  readonly #pausedByTask = new Set<string>()
  readonly #usedTopics = new Set<string>()
  readonly #turn = new Turn()
  #pipeline: SinkPipeline | null = null
  #input: SinkInput | null = null
  #task: SinkTask | null = null
  #queue: Delivery[] = []
  /** Partitions that were rewound or taken away since the last poll: what it gave of them must not be delivered. */
  readonly #stale = new Set<string>()
  #rewinds: TopicPartitionOffset[] = []
  #timeoutMs = -1
  #nextCommit = 0
  #isPaused = false
  #read = 0
  #sent = 0
  #cancelled = false
  #onPaused = (): void => {}
  #onResumed = (): void => {}

  constructor(plugin: SinkPlugin, env: TaskEnvironment) {
    this.#plugin = plugin
    this.#env = env
    const { connector, task } = env.id
    const { signal } = env.control
    this.#errors = new ErrorHandler({
      connector,
      task,
      policy: errorPolicy(env.connectorProps),
      logger: env.logger,
      signal,
    })
  }

  onPaused(paused: () => void, resumed: () => void): void {
    this.#onPaused = paused
    this.#onResumed = resumed
  }

  counters(): TaskCounters {
    const { connector, task } = this.#env.id
    return { connector, task, recordsPolled: 0, recordsWritten: 0, recordsRead: this.#read, recordsSent: this.#sent }
  }

  async start(): Promise<void> {
    const { connectorProps, taskProps, config, registry, scope, callTimeoutMs } = this.#env
    const converters = createConverters(connectorProps, config.properties, registry)
    this.#pipeline = new SinkPipeline(TransformChain.fromProps(connectorProps, registry), converters)
    if (connectorProps['errors.deadletterqueue.topic.name']) {
      this.#env.logger.warn(
        {},
        'errors.deadletterqueue.topic.name is set, but dead letter topics are not supported yet: faulty records are not kept',
      )
    }
    const input = openSinkInput(this.#env)
    this.#input = input
    const props = await scope.call('config', () => this.#plugin.config.parse({ ...connectorProps, ...taskProps }))
    this.#task = await scope.call('startTask', () => this.#plugin.startTask(props, this.#context()), callTimeoutMs)
    input.consumer.subscribe(input.subscription, {
      onAssigned: (partitions) => this.#assigned(partitions),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: (partitions) => this.#lost(partitions),
    })
    this.#nextCommit = performance.now() + config.offsetFlushIntervalMs
  }

  #context(): SinkTaskContext {
    const { id, connectorProps, taskProps, control, logger } = this.#env
    return {
      connector: id.connector,
      task: id.task,
      logger,
      config: { ...connectorProps, ...taskProps },
      signal: control.signal,
      assignment: () => this.#offsets.assignment(),
      offset: (offsets) => void this.#rewinds.push(...offsets),
      pause: (...partitions) => {
        for (const partition of partitions) this.#pausedByTask.add(keyOf(partition))
        this.#input?.consumer.pause(partitions.filter((partition) => this.#offsets.has(partition)))
      },
      resume: (...partitions) => {
        for (const partition of partitions) this.#pausedByTask.delete(keyOf(partition))
        this.#resume(partitions)
      },
      timeout: (ms) => {
        this.#timeoutMs = ms
      },
      requestCommit: () => {
        this.#nextCommit = 0
      },
      errantRecordReporter: errantRecordReporter(this.#errors, this.#plugin.class),
    }
  }

  async run(): Promise<void> {
    const { control } = this.#env
    const { consumer } = this.#input as SinkInput
    while (!control.stopping) {
      this.#changePause(control.paused)
      await this.#commitIfDue()
      await this.#rewind()
      if (this.#queue.length > 0 && !this.#isPaused) {
        await this.#deliverQueued()
        continue
      }
      const fetched = await consumer.poll(this.#pollTimeoutMs(), control.signal)
      this.#stale.clear()
      if (control.stopping) break
      if (this.#isPaused) continue
      await this.#takeIn(fetched)
      if (this.#queue.length === 0) await this.#put([])
    }
  }

  #pollTimeoutMs(): number {
    const untilCommit = Math.max(0, this.#nextCommit - performance.now())
    const asked = this.#timeoutMs >= 0 ? this.#timeoutMs : Infinity
    this.#timeoutMs = -1
    return Math.min(untilCommit, asked, LONGEST_POLL_MS)
  }

  /** Delivers what was fetched, batch by batch; what has to wait (a stop, a redelivery) stays in the queue. */
  async #takeIn(fetched: readonly FetchedRecords[]): Promise<void> {
    for (const one of fetched) {
      this.#useTopic(one.topic)
      // Decoded now rather than when it is its turn only if something holds up what is before it.
      for (const columns of columnsOf(one)) {
        if (this.#stale.has(keyOf(one))) break
        this.#read += columns.columns.count - columns.from
        await this.#enqueue(one, columns)
        if (!this.#isHeldUp()) await this.#deliverQueued()
      }
      const last = this.#queue.at(-1)
      const reached = { topic: one.topic, partition: one.partition, offset: one.nextOffset }
      // Control records at the end of a fetch, and offsets that compaction left empty, are passed over.
      if (last === undefined && !this.#stale.has(keyOf(one))) this.#offsets.delivered(reached)
    }
  }

  #isHeldUp(): boolean {
    if (this.#env.control.stopping) return true
    this.#changePause(this.#env.control.paused)
    return this.#isPaused
  }

  async #enqueue(fetched: FetchedRecords, columns: FetchedColumns): Promise<void> {
    const pipeline = this.#pipeline as SinkPipeline
    const { topic, partition } = fetched
    if (pipeline.mayBeRaw && this.#task?.putBatch !== undefined) {
      const batch = pipeline.rawBatch(fetched, columns)
      if (batch !== null) {
        const offset = (columns.columns.offsets[columns.columns.count - 1] as number) + 1
        this.#queue.push({ kind: 'batch', batch, reached: { topic, partition, offset } })
        return
      }
    }
    const { maxRecords } = this.#input as SinkInput
    let records: SinkRecord[] = []
    const { count, offsets } = columns.columns
    for (let i = columns.from; i < count; i++) {
      const made = this.#record(fetched, columns, i)
      const record = made instanceof Promise ? await made : made
      if (record !== null) records.push(record)
      if (records.length >= maxRecords || i === count - 1) {
        this.#queue.push({
          kind: 'records',
          records,
          reached: { topic, partition, offset: (offsets[i] as number) + 1 },
        })
        records = []
      }
    }
  }

  #record(
    fetched: FetchedRecords,
    { columns }: FetchedColumns,
    i: number,
  ): SinkRecord | null | Promise<SinkRecord | null> {
    const pipeline = this.#pipeline as SinkPipeline
    try {
      return pipeline.toRecord(fetched, columns, i)
    } catch (error) {
      return this.#errors.recover(error, () => pipeline.toRecord(fetched, columns, i), {
        topic: fetched.topic,
        partition: fetched.partition,
        offset: columns.offsets[i] as number,
        timestamp: columns.timestamps[i] as number,
        timestampType: columns.header.timestampType,
      })
    }
  }

  /** Delivers the queue until it is empty or the task wants its head again later. */
  async #deliverQueued(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      try {
        if (next.kind === 'batch') await this.#putBatch(next.batch)
        else if (next.records.length > 0) await this.#put(next.records)
      } catch (error) {
        if (!(error instanceof PluginCallError && error.isRetriable)) throw error
        this.#env.logger.warn({ err: error.cause }, 'put asked for a redelivery')
        await this.#waitForRedelivery()
        return
      }
      this.#queue.shift()
      this.#sent += next.kind === 'batch' ? next.batch.count : next.records.length
      this.#offsets.delivered(next.reached)
      await this.#rewind()
      if (this.#turn.isOver) await this.#turn.next()
      if (this.#isHeldUp()) return
      await this.#commitIfDue()
    }
  }

  async #put(records: readonly SinkRecord[]): Promise<void> {
    const task = this.#task as SinkTask
    const { signal } = this.#env.control
    await this.#env.scope.call('put', () => task.put(records, { signal }))
  }

  async #putBatch(batch: SinkBatch): Promise<void> {
    const task = this.#task as SinkTask
    const { signal } = this.#env.control
    await this.#env.scope.call('putBatch', () => task.putBatch?.(batch, { signal }))
  }

  /** Stays in the group while it waits: polls with everything paused, so that nothing new comes. */
  async #waitForRedelivery(): Promise<void> {
    const { consumer } = this.#input as SinkInput
    const waitMs = this.#timeoutMs >= 0 ? this.#timeoutMs : REDELIVERY_PAUSE_MS
    this.#timeoutMs = -1
    const until = performance.now() + waitMs
    const assigned = this.#offsets.assignment()
    consumer.pause(assigned)
    try {
      do {
        const restMs = Math.max(0, until - performance.now())
        const fetched = await consumer.poll(Math.min(restMs, LONGEST_POLL_MS), this.#env.control.signal)
        // A partition that was assigned just now is not paused.
        for (const one of fetched) {
          for (const columns of columnsOf(one)) {
            this.#read += columns.columns.count - columns.from
            await this.#enqueue(one, columns)
          }
        }
        await this.#commitIfDue()
      } while (performance.now() < until && !this.#env.control.stopping)
    } finally {
      this.#resume(this.#offsets.assignment())
    }
  }

  #resume(partitions: readonly TopicPartition[]): void {
    if (this.#isPaused) return
    const those = partitions.filter(
      (partition) => this.#offsets.has(partition) && !this.#pausedByTask.has(keyOf(partition)),
    )
    this.#input?.consumer.resume(those)
  }

  #changePause(paused: boolean): void {
    if (paused === this.#isPaused) return
    this.#isPaused = paused
    if (paused) {
      this.#input?.consumer.pause(this.#offsets.assignment())
      this.#onPaused()
    } else {
      this.#resume(this.#offsets.assignment())
      this.#onResumed()
    }
  }

  /** Does what the task asked for by `context.offset`. */
  async #rewind(): Promise<void> {
    if (this.#rewinds.length === 0) return
    const rewinds = this.#rewinds
    this.#rewinds = []
    await this.#seek(rewinds)
  }

  async #seek(positions: readonly TopicPartitionOffset[]): Promise<void> {
    const { consumer } = this.#input as SinkInput
    for (const position of positions) {
      if (!this.#offsets.has(position)) continue
      this.#stale.add(keyOf(position))
      this.#queue = this.#queue.filter(({ reached }) => keyOf(reached) !== keyOf(position))
      consumer.seek(position.topic, position.partition, position.offset)
      this.#offsets.rewound(position)
    }
  }

  async #commitIfDue(): Promise<void> {
    if (performance.now() < this.#nextCommit) return
    this.#nextCommit = performance.now() + this.#env.config.offsetFlushIntervalMs
    await this.#commit(this.#offsets.current(), false)
  }

  /** A commit that the task could not prepare rewinds to the last one, except when partitions are closed. */
  async #commit(current: readonly TopicPartitionOffset[], closing: boolean): Promise<void> {
    if (current.length === 0 || this.#cancelled) return
    const { consumer } = this.#input as SinkInput
    const isPrepared = await commitDelivered(this.#env, this.#task as SinkTask, consumer, this.#offsets, current)
    if (!isPrepared && !closing) await this.#seek(this.#offsets.lastCommitted())
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { consumer } = this.#input as SinkInput
    for (const { topic, partition } of partitions) {
      this.#offsets.assign({ topic, partition, offset: await consumer.position(topic, partition) })
    }
    const paused = this.#isPaused
      ? partitions
      : partitions.filter((partition) => this.#pausedByTask.has(keyOf(partition)))
    if (paused.length > 0) consumer.pause([...paused])
    const task = this.#task as SinkTask
    if (task.open !== undefined && partitions.length > 0)
      await this.#env.scope.call('open', () => task.open?.(partitions))
    await this.#rewind()
  }

  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#closePartitions(partitions, true)
  }

  async #lost(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#closePartitions(partitions, false)
  }

  async #closePartitions(partitions: readonly TopicPartition[], commit: boolean): Promise<void> {
    const ours = partitions.filter((partition) => this.#offsets.has(partition))
    if (ours.length === 0) return
    if (commit) await this.#commit(this.#offsets.current(ours), true)
    const task = this.#task as SinkTask
    try {
      if (task.close !== undefined) await this.#env.scope.call('close', () => task.close?.(ours))
    } finally {
      for (const partition of ours) {
        this.#offsets.unassign(partition)
        this.#stale.add(keyOf(partition))
      }
      this.#queue = this.#queue.filter(({ reached }) => this.#offsets.has(reached))
    }
  }

  #useTopic(topic: string): void {
    if (this.#usedTopics.has(topic)) return
    this.#usedTopics.add(topic)
    const { connector, task } = this.#env.id
    this.#env.listener.topicUsed(connector, task, topic)
  }

  async finish(_failed: boolean): Promise<void> {
    const { scope, logger } = this.#env
    const task = this.#task
    this.#queue = []
    if (task !== null && !this.#cancelled) {
      try {
        await this.#closePartitions(this.#offsets.assignment(), true)
      } catch (error) {
        logger.error({ err: error }, 'The sink task did not close its partitions cleanly')
      }
    }
    if (task?.stop !== undefined) {
      try {
        await scope.call('stop', () => task.stop?.(), STOP_TIMEOUT_MS)
      } catch (error) {
        logger.warn({ err: error }, 'The sink task did not stop cleanly')
      }
    }
    this.#pipeline?.close()
    try {
      if (!this.#cancelled) await this.#input?.consumer.close()
    } catch (error) {
      logger.warn({ err: error }, 'The consumer of the sink task did not close cleanly')
    }
    await this.#input?.cluster.close()
    scope.close()
  }

  cancel(): void {
    this.#cancelled = true
    this.#input?.cluster.close().catch(() => {})
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
