import { pause, withDeadline } from '../../base/deadline.ts'
import {
  ConnectError,
  isRowBatch,
  type SourceOffset,
  type SourcePartition,
  type SourceTask,
  type SourceTaskContext,
} from '../../connect/index.ts'
import { ErrorHandler } from '../errors/error-handler.ts'
import { errorPolicy } from '../errors/error-policy.ts'
import { openErrorReporters } from '../errors/open-error-reporters.ts'
import { unsentRecords } from '../errors/source-records.ts'
import { StageError } from '../errors/stage-error.ts'
import { createConverters } from '../pipeline/record-converters.ts'
import { type OpenBatch, RecordBatcher } from '../pipeline/record-batcher.ts'
import { sensorSettings } from '../metrics/sensor-settings.ts'
import { SourceTaskMeter } from '../metrics/task-meter.ts'
import { SourcePipeline } from '../pipeline/source-pipeline.ts'
import { TransformChain } from '../pipeline/transform-chain.ts'
import type { SourcePlugin } from '../../connect/index.ts'
import { PluginCallError, type Progress } from '../plugins/plugin-scope.ts'
import type { TaskCounters } from '../task-runner.ts'
import { idleClock } from './idle-clock.ts'
import { openSourceOutput, type SourceOutput } from './source-output.ts'
import { SettledRecords } from './settled-records.ts'
import type { SourceCommitStrategy } from './source-commit-strategy.ts'
import { SourceCommitter } from './source-committer.ts'
import { SourceDelivery } from './source-delivery.ts'
import { type CommittableOffset, SubmittedRecords } from './submitted-records.ts'
import type { TaskOffsetStore } from './offset-stores.ts'
import { Standstill } from './standstill.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { TaskLoop } from './task-run.ts'
import { Turn } from './turn.ts'

/** Pause after a poll that gave nothing at once, so that an idle source does not use up a core. */
const EMPTY_POLL_PAUSE_MS = 5
const RETRY_POLL_PAUSE_MS = 100
const STOP_TIMEOUT_MS = 5000
const PRODUCER_CLASS = 'org.apache.kafka.clients.producer.KafkaProducer'

/**
 * A source task at work: poll, transform, convert, send. Sending goes on while the next poll runs; what is on its way is
 * bounded in bytes. Offsets are counted per poll and committed when everything before them is stored.
 */
export class SourceLoop implements TaskLoop {
  readonly #env: TaskEnvironment
  readonly #plugin: SourcePlugin
  readonly #errors: ErrorHandler
  readonly meter: SourceTaskMeter
  readonly #submitted = new SubmittedRecords()
  readonly #commits: SourceCommitStrategy
  readonly #offsets: TaskOffsetStore
  readonly #openOutput: (env: TaskEnvironment) => SourceOutput
  readonly #turn = new Turn()
  readonly #standstill = new Standstill()
  #pipeline: SourcePipeline | null = null
  #output: SourceOutput | null = null
  #batcher: RecordBatcher | null = null
  #delivery: SourceDelivery | null = null
  /** Null when the task does not want to know what becomes of single records. */
  #settled: SettledRecords | null = null
  #task: SourceTask | null = null
  #bufferBytes = 0
  #polled = 0
  #written = 0
  #cancelled = false
  #onPaused = (): void => {}
  #onResumed = (): void => {}

  /** @param openOutput other than {@link openSourceOutput} in tests */
  constructor(plugin: SourcePlugin, env: TaskEnvironment, openOutput = openSourceOutput) {
    this.#plugin = plugin
    this.#env = env
    this.#openOutput = openOutput
    const errors = new ErrorHandler({ policy: errorPolicy(env.connectorProps), signal: env.control.signal })
    this.#errors = errors
    this.meter = new SourceTaskMeter({
      id: env.id,
      target: env.control.paused ? 'PAUSED' : 'STARTED',
      errors: errors.counters,
      sensors: sensorSettings(env.config.properties),
    })
    this.#offsets = env.offsets.forTask(env.id, env.connectorProps)
    this.#commits = new SourceCommitter(
      env.id.connector,
      this.#submitted,
      this.#offsets,
      env.logger,
      env.config,
      () => errors.reported(),
      this.meter,
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

  get standstill(): Progress | null {
    return this.#standstill.since
  }

  async start(): Promise<void> {
    const { connectorProps, taskProps, config, registry, scope, callTimeoutMs } = this.#env
    const converters = createConverters(connectorProps, config.properties, registry)
    const pipeline = new SourcePipeline(TransformChain.fromProps(connectorProps, registry), converters)
    this.#pipeline = pipeline
    await openErrorReporters(this.#errors, this.#env)
    const output = this.#openOutput(this.#env)
    this.#output = output
    if (output.client !== undefined) this.meter.use(output.client)
    this.#bufferBytes = output.settings.bufferBytes
    const batcher = new RecordBatcher({
      send: (topic, partition, builder) => output.send(topic, partition, builder),
      targetBytes: output.settings.batchBytes,
      largestBytes: Math.min(1_000_000, output.settings.maxRequestBytes),
      lingerMs: output.settings.lingerMs,
      maxInFlight: output.settings.producer.maxInFlight,
      compression: output.settings.compression,
      onStored: (batch, baseOffset) => this.#onStored(batch, baseOffset),
      onFailed: (batch, error) => this.#onSendFailed(batch, error),
    })
    this.#batcher = batcher
    const props = await scope.call('config', () => this.#plugin.config.parse({ ...connectorProps, ...taskProps }))
    const task = await scope.call('startTask', () => this.#plugin.startTask(props, this.#context()), callTimeoutMs)
    this.#task = task
    if (task.commitRecord !== undefined) this.#settled = new SettledRecords(task, scope, this.#env.logger)
    this.#delivery = new SourceDelivery({
      pipeline,
      output,
      batcher,
      errors: this.#errors,
      submitted: this.#submitted,
      turn: this.#turn,
      settled: this.#settled,
    })
    this.#commits.start()
  }

  #context(): SourceTaskContext {
    const { id, connectorProps, taskProps, control, logger } = this.#env
    const offsets = (partitions: readonly SourcePartition[]): Promise<(SourceOffset | null)[]> =>
      this.#offsets.read(id.connector, partitions)
    return {
      connector: id.connector,
      task: id.task,
      logger: logger.child({ logger: this.#env.scope.owner.pluginClass }),
      config: { ...connectorProps, ...taskProps },
      signal: control.signal,
      offsets,
      offset: async (partition) => (await offsets([partition]))[0] ?? null,
      idle: (ms) => idleClock.wait(ms, control.signal),
    }
  }

  async run(): Promise<void> {
    const { control, scope } = this.#env
    const batcher = this.#batcher as RecordBatcher
    const task = this.#task as SourceTask
    const delivery = this.#delivery as SourceDelivery
    const { signal } = control
    const call = { signal }
    const poll = (): ReturnType<SourceTask['poll']> => task.poll(call)
    while (!control.stopping) {
      if (control.paused) {
        await this.#pauseUntilResumed(batcher)
        continue
      }
      if (this.#settled !== null) await this.#settled.tell()
      const committed = this.#commits.takeCommitted()
      if (committed.length > 0) await this.#runCommitHook(committed)
      const before = performance.now()
      let batch: Awaited<ReturnType<SourceTask['poll']>>
      try {
        batch = await scope.call('poll', poll)
        this.#standstill.wentOn()
      } catch (error) {
        if (control.stopping) break
        if (!(error instanceof PluginCallError && error.isRetriable)) throw error
        this.#standstill.refused('poll')
        this.#env.logger.warn({ err: error.cause }, 'poll asked to be tried again')
        await pause(RETRY_POLL_PAUSE_MS, signal)
        continue
      }
      const count = batch === null ? 0 : isRowBatch(batch) ? batch.rows : batch.length
      if (batch !== null) this.meter.polled(count, performance.now() - before, this.#submitted.outstanding)
      if (batch === null || count === 0) {
        if (performance.now() - before < 1) await pause(EMPTY_POLL_PAUSE_MS, signal)
        continue
      }
      this.#polled += count
      await delivery.deliver(batch)
      this.meter.settled(this.#submitted.outstanding)
      await this.#commits.batchTaken()
      if (this.#turn.isOver) await this.#turn.next()
      if (batcher.unsettledBytes >= this.#bufferBytes) await batcher.belowLimit(this.#bufferBytes, signal)
    }
  }

  async #pauseUntilResumed(batcher: RecordBatcher): Promise<void> {
    batcher.flush()
    await this.#commits.pausing()
    this.#standstill.wentOn()
    this.#onPaused()
    await this.#env.control.whilePaused()
    if (!this.#env.control.stopping) this.#onResumed()
  }

  /** The plugin's `commit` is called between polls, since calls into a task never overlap. */
  async #runCommitHook(committed: readonly CommittableOffset[]): Promise<void> {
    const task = this.#task
    if (task?.commit === undefined) return
    try {
      await this.#env.scope.call('commit', () => task.commit?.(committed))
    } catch (error) {
      this.#env.logger.error(
        { err: error },
        'The commit hook of the source task failed; its offsets are committed all the same',
      )
    }
  }

  #onStored(batch: OpenBatch, baseOffset: number): void {
    this.#written += batch.builder.count
    // The batch itself still counts as outstanding.
    this.meter.written(batch.builder.count, this.#submitted.outstanding - batch.builder.count)
    this.#settled?.settled(batch, baseOffset)
    if (this.#output?.markUsed(batch.topic) === true) {
      const { connector, task } = this.#env.id
      this.#env.listener.topicUsed(connector, task, batch.topic)
    }
  }

  /** With tolerance the records are reported and count as settled, otherwise the task fails. */
  #onSendFailed(batch: OpenBatch, error: unknown): void {
    if (this.#cancelled) return
    const { topic, partition } = batch
    if (this.#errors.policy.tolerance === 'all') {
      const failure = new StageError('KAFKA_PRODUCE', PRODUCER_CLASS, error)
      for (const record of unsentRecords(batch)) this.#errors.failed(failure, record).catch(() => {})
      this.#settled?.settled(batch, null)
      batch.acknowledge()
      this.meter.settled(this.#submitted.outstanding)
      return
    }
    const reason = error instanceof Error ? error.message : String(error)
    this.#env.control.fail(
      new ConnectError(
        `Unrecoverable exception from producer send callback: records could not be sent to topic ${topic}, partition ${partition}: ${reason}`,
        { cause: error },
      ),
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
      await this.#commits.finalCommit()
      await this.#settled?.tell()
      await this.#runCommitHook(this.#commits.takeCommitted())
    }
    this.#commits.close()
    const task = this.#task
    if (task?.stop !== undefined) {
      try {
        await scope.call('stop', () => task.stop?.(), STOP_TIMEOUT_MS)
      } catch (error) {
        logger.warn({ err: error }, 'The source task did not stop cleanly')
      }
    }
    this.#batcher?.close()
    try {
      this.#pipeline?.close()
    } catch (error) {
      logger.warn({ err: error }, 'The transforms of the source task did not close cleanly')
    }
    await this.#output?.close()
    await this.#offsets.close()
    try {
      await this.#errors.close()
    } catch (error) {
      logger.warn({ err: error }, 'The error reporters of the source task did not close cleanly')
    }
    scope.close()
  }

  cancel(): void {
    this.#cancelled = true
    this.#commits.close()
    this.#batcher?.close()
    this.#output?.abort()
    this.#offsets.close(0).catch(() => undefined)
  }
}
