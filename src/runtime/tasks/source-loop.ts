import { pause, withDeadline } from '../../base/deadline.ts'
import {
  isRowBatch,
  type RowBatch,
  rowRecord,
  type SourceOffset,
  type SourcePartition,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
} from '../../connect/index.ts'
import { ErrorHandler, errorPolicy } from '../errors/error-handler.ts'
import { StageError } from '../errors/stage-error.ts'
import { createConverters } from '../pipeline/record-converters.ts'
import { type OpenBatch, RecordBatcher } from '../pipeline/record-batcher.ts'
import { RowBatchWriter } from '../pipeline/row-writer.ts'
import { type OutgoingRecord, SourcePipeline, coordinatesOf, type CompiledRows } from '../pipeline/source-pipeline.ts'
import { TransformChain } from '../pipeline/transform-chain.ts'
import type { SourcePlugin } from '../../connect/index.ts'
import { PluginCallError } from '../plugins/plugin-scope.ts'
import type { TaskCounters } from '../task-runner.ts'
import { openSourceOutput, type SourceOutput } from './source-output.ts'
import { SourceCommitter } from './source-committer.ts'
import { type Submission, SubmittedRecords, partitionKey } from './submitted-records.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { TaskLoop } from './task-run.ts'
import { Turn } from './turn.ts'

/** Pause after a poll that gave nothing at once, so that an idle source does not use up a core. */
const EMPTY_POLL_PAUSE_MS = 5
const RETRY_POLL_PAUSE_MS = 100
const STOP_TIMEOUT_MS = 5000
/** How often is looked whether a task's turn is over while records are converted. */
const RECORDS_PER_LOOK = 256
const PRODUCER_CLASS = 'org.apache.kafka.clients.producer.KafkaProducer'

/**
 * A source task at work: poll, transform, convert, send. Sending goes on while the next poll runs; what is on its way is
 * bounded in bytes. Offsets are counted per poll and committed when everything before them is stored.
 */
export class SourceLoop implements TaskLoop {
  readonly #env: TaskEnvironment
  readonly #plugin: SourcePlugin
  readonly #errors: ErrorHandler
  readonly #submitted = new SubmittedRecords()
  readonly #committer: SourceCommitter
  readonly #turn = new Turn()
  #pipeline: SourcePipeline | null = null
  #output: SourceOutput | null = null
  #batcher: RecordBatcher | null = null
  #rows: RowBatchWriter | null = null
  #task: SourceTask | null = null
  #bufferBytes = 0
  #polled = 0
  #written = 0
  #cancelled = false
  #onPaused = (): void => {}
  #onResumed = (): void => {}

  constructor(plugin: SourcePlugin, env: TaskEnvironment) {
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
    this.#committer = new SourceCommitter(
      connector,
      this.#submitted,
      env.offsets.forConnector(env.connectorProps),
      env.logger,
      env.config,
    )
  }

  onPaused(paused: () => void, resumed: () => void): void {
    this.#onPaused = paused
    this.#onResumed = resumed
  }

  counters(): TaskCounters {
    const { connector, task } = this.#env.id
    return {
      connector,
      task,
      recordsPolled: this.#polled,
      recordsWritten: this.#written,
      recordsRead: 0,
      recordsSent: 0,
    }
  }

  async start(): Promise<void> {
    const { connectorProps, taskProps, config, registry, scope, callTimeoutMs } = this.#env
    const converters = createConverters(connectorProps, config.properties, registry)
    const pipeline = new SourcePipeline(TransformChain.fromProps(connectorProps, registry), converters)
    this.#pipeline = pipeline
    const output = openSourceOutput(this.#env)
    this.#output = output
    this.#bufferBytes = output.settings.bufferBytes
    this.#batcher = new RecordBatcher({
      send: (topic, partition, builder) => output.send(topic, partition, builder),
      targetBytes: output.settings.batchBytes,
      largestBytes: Math.min(1_000_000, output.settings.maxRequestBytes),
      lingerMs: output.settings.lingerMs,
      compression: output.settings.compression,
      onStored: (batch) => this.#onStored(batch),
      onFailed: (batch, error) => this.#onSendFailed(batch, error),
    })
    this.#rows = new RowBatchWriter(this.#batcher, pipeline)
    const props = await scope.call('config', () => this.#plugin.config.parse({ ...connectorProps, ...taskProps }))
    this.#task = await scope.call('startTask', () => this.#plugin.startTask(props, this.#context()), callTimeoutMs)
    this.#committer.start()
  }

  #context(): SourceTaskContext {
    const { id, connectorProps, taskProps, control, logger } = this.#env
    const store = this.#env.offsets.forConnector(connectorProps)
    const offsets = (partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]> =>
      store.read(id.connector, partitions)
    return {
      connector: id.connector,
      task: id.task,
      logger,
      config: { ...connectorProps, ...taskProps },
      signal: control.signal,
      offsets,
      offset: async (partition) => (await offsets([partition]))[0] ?? null,
      idle: async (ms) => {
        await pause(ms, control.signal)
        return null
      },
    }
  }

  async run(): Promise<void> {
    const { control, scope } = this.#env
    const batcher = this.#batcher as RecordBatcher
    const task = this.#task as SourceTask
    const { signal } = control
    const call = { signal }
    const poll = (): ReturnType<SourceTask['poll']> => task.poll(call)
    while (!control.stopping) {
      if (control.paused) {
        await this.#pauseUntilResumed(batcher)
        continue
      }
      await this.#runCommitHook()
      const before = performance.now()
      let batch: Awaited<ReturnType<SourceTask['poll']>>
      try {
        batch = await scope.call('poll', poll)
      } catch (error) {
        if (control.stopping) break
        if (!(error instanceof PluginCallError && error.isRetriable)) throw error
        this.#env.logger.warn({ err: error.cause }, 'poll asked to be tried again')
        await pause(RETRY_POLL_PAUSE_MS, signal)
        continue
      }
      const count = batch === null ? 0 : isRowBatch(batch) ? batch.rows : batch.length
      if (batch === null || count === 0) {
        if (performance.now() - before < 1) await pause(EMPTY_POLL_PAUSE_MS, signal)
        continue
      }
      this.#polled += count
      if (isRowBatch(batch)) await this.#deliverRows(batch)
      else await this.#deliverRecords(batch)
      if (this.#turn.isOver) await this.#turn.next()
      if (batcher.unsettledBytes >= this.#bufferBytes) await batcher.belowLimit(this.#bufferBytes, signal)
    }
  }

  async #pauseUntilResumed(batcher: RecordBatcher): Promise<void> {
    batcher.flush()
    this.#onPaused()
    await this.#env.control.whilePaused()
    if (!this.#env.control.stopping) this.#onResumed()
  }

  /** The plugin's `commit` is called between polls, since calls into a task never overlap. */
  async #runCommitHook(): Promise<void> {
    const committed = this.#committer.takeCommitted()
    const task = this.#task
    if (committed.length === 0 || task?.commit === undefined) return
    try {
      await this.#env.scope.call('commit', () => task.commit?.(committed))
    } catch (error) {
      this.#env.logger.error(
        { err: error },
        'The commit hook of the source task failed; its offsets are committed all the same',
      )
    }
  }

  async #deliverRows(batch: RowBatch): Promise<void> {
    const pipeline = this.#pipeline as SourcePipeline
    const compiled = pipeline.compile(batch.plan)
    const submission = this.#submitted.open(batch.sourcePartition)
    if (compiled === 'dropped') {
      submission.seal(batch.sourceOffset)
      return
    }
    if (compiled === null) {
      for (let row = 0; row < batch.rows; row++) {
        const outcome = this.#deliverRecord(rowRecord(batch, row), submission)
        if (typeof outcome !== 'boolean') await outcome
        if (row % RECORDS_PER_LOOK === RECORDS_PER_LOOK - 1 && this.#turn.isOver) await this.#turn.next()
      }
      submission.seal(batch.sourceOffset)
      return
    }
    const output = this.#output as SourceOutput
    const partitions = output.knownPartitions(compiled.topic) ?? (await this.#lookUp(compiled.topic))
    const writer = this.#rows as RowBatchWriter
    const now = Date.now()
    let next = 0
    while (next < batch.rows) {
      const written = writer.write(batch, compiled, next, partitions, submission, now)
      next = written.next
      if (written.fault === null) break
      await this.#retryRow(batch, compiled, next, partitions, submission, written.fault)
      next++
    }
    submission.seal(batch.sourceOffset)
  }

  /** A row that could not be written: once more if that may help, else it is skipped, or the task fails. */
  async #retryRow(
    batch: RowBatch,
    compiled: CompiledRows,
    row: number,
    partitions: number,
    submission: Submission,
    fault: StageError,
  ): Promise<void> {
    const writer = this.#rows as RowBatchWriter
    const single = { ...batch, rows: row + 1 }
    const attempt = (): true => {
      const { fault: again } = writer.write(single, compiled, row, partitions, submission, Date.now())
      if (again !== null) throw again
      return true
    }
    await this.#errors.recover(fault, attempt, {
      topic: compiled.topic,
      partition: compiled.partition,
      timestamp: compiled.timestamp,
    })
  }

  async #deliverRecords(records: readonly SourceRecord[]): Promise<void> {
    const batches = new Map<string, { submission: Submission; offset: SourceOffset | null }>()
    let lastPartition: SourcePartition | null = null
    let current: { submission: Submission; offset: SourceOffset | null } | undefined
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as SourceRecord
      if (current === undefined || record.sourcePartition !== lastPartition) {
        lastPartition = record.sourcePartition
        const key = partitionKey(lastPartition)
        current = batches.get(key)
        if (current === undefined) {
          current = { submission: this.#submitted.open(lastPartition), offset: null }
          batches.set(key, current)
        }
      }
      const outcome = this.#deliverRecord(record, current.submission)
      if (typeof outcome === 'boolean' ? outcome : await outcome) current.offset = record.sourceOffset
      if (i % RECORDS_PER_LOOK === RECORDS_PER_LOOK - 1 && this.#turn.isOver) await this.#turn.next()
    }
    // A dropped record's own offset is not recorded: a later one moves past it.
    for (const { submission, offset } of batches.values()) submission.seal(offset)
  }

  /** True when the record goes to Kafka, false when it was dropped or skipped. A promise only if there is a reason to wait. */
  #deliverRecord(record: SourceRecord, submission: Submission): boolean | Promise<boolean> {
    const pipeline = this.#pipeline as SourcePipeline
    let outgoing: OutgoingRecord | null
    try {
      outgoing = pipeline.convert(record, Date.now())
    } catch (error) {
      return this.#deliverFaulty(record, submission, error)
    }
    if (outgoing === null) return false
    const partitions = (this.#output as SourceOutput).knownPartitions(outgoing.topic)
    if (partitions === undefined) return this.#deliverToNewTopic(outgoing, submission)
    ;(this.#batcher as RecordBatcher).append(outgoing, partitions, submission)
    return true
  }

  async #deliverFaulty(record: SourceRecord, submission: Submission, error: unknown): Promise<boolean> {
    const pipeline = this.#pipeline as SourcePipeline
    const attempt = (): OutgoingRecord | null => pipeline.convert(record, Date.now())
    const outgoing = await this.#errors.recover(error, attempt, coordinatesOf(record))
    return outgoing === null ? false : this.#deliverToNewTopic(outgoing, submission)
  }

  async #deliverToNewTopic(outgoing: OutgoingRecord, submission: Submission): Promise<boolean> {
    const partitions = await this.#lookUp(outgoing.topic)
    ;(this.#batcher as RecordBatcher).append(outgoing, partitions, submission)
    return true
  }

  /** A topic's number of partitions; also learns how large its batches may be. */
  async #lookUp(topic: string): Promise<number> {
    const output = this.#output as SourceOutput
    const partitions = await output.partitions(topic)
    const maxBytes = output.maxMessageBytes(topic)
    if (maxBytes !== null) this.#batcher?.limit(topic, maxBytes)
    return partitions
  }

  #onStored(batch: OpenBatch): void {
    this.#written += batch.builder.count
    if (this.#output?.markUsed(batch.topic) === true) {
      const { connector, task } = this.#env.id
      this.#env.listener.topicUsed(connector, task, batch.topic)
    }
  }

  #onSendFailed(batch: OpenBatch, error: unknown): void {
    if (this.#cancelled) return
    const failure = new StageError('KAFKA_PRODUCE', PRODUCER_CLASS, error)
    if (this.#errors.report(failure, { topic: batch.topic, partition: batch.partition })) {
      batch.acknowledge()
      return
    }
    this.#env.control.fail(
      new Error(`Records could not be sent to topic ${batch.topic}, partition ${batch.partition}: ${failure.message}`, {
        cause: error,
      }),
    )
  }

  async finish(_failed: boolean): Promise<void> {
    const { scope, config, logger } = this.#env
    if (!this.#cancelled) {
      this.#batcher?.flush()
      try {
        await withDeadline(
          this.#batcher?.settled() ?? Promise.resolve(),
          config.offsetFlushTimeoutMs,
          'Sending what was polled last',
        )
      } catch (error) {
        logger.warn({ err: error }, 'Records that were polled last are not all stored; they will be read again')
      }
      await this.#committer.finalCommit()
      await this.#runCommitHook()
    }
    this.#committer.close()
    const task = this.#task
    if (task?.stop !== undefined) {
      try {
        await scope.call('stop', () => task.stop?.(), STOP_TIMEOUT_MS)
      } catch (error) {
        logger.warn({ err: error }, 'The source task did not stop cleanly')
      }
    }
    this.#batcher?.close()
    this.#pipeline?.close()
    await this.#output?.close()
    scope.close()
  }

  cancel(): void {
    this.#cancelled = true
    this.#committer.close()
    this.#batcher?.close()
    this.#output?.abort()
  }
}
