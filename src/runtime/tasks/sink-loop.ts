import { sharedMoment } from '../../base/shared-moment.ts'
import { columnsOf, type FetchedRecords } from '../../client/consumer/fetched-records.ts'
import { partitionKey } from '../../client/index.ts'
import {
  ConnectError,
  type SinkPlugin,
  type SinkTask,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../../connect/index.ts'
import { ErrantRecords } from '../errors/errant-records.ts'
import { ErrorHandler } from '../errors/error-handler.ts'
import { errorPolicy } from '../errors/error-policy.ts'
import { openErrorReporters } from '../errors/open-error-reporters.ts'
import { sensorSettings } from '../metrics/sensor-settings.ts'
import { SinkTaskMeter } from '../metrics/task-meter.ts'
import { createConverters } from '../pipeline/record-converters.ts'
import { type RawBatch, SinkPipeline } from '../pipeline/sink-pipeline.ts'
import { TransformChain } from '../pipeline/transform-chain.ts'
import { PluginCallError, type Progress } from '../plugins/plugin-scope.ts'
import type { TaskCounters } from '../task-runner.ts'
import { SinkCommitter } from './sink-committer.ts'
import { SinkContext } from './sink-context.ts'
import { type Delivery, SinkDeliveries } from './sink-deliveries.ts'
import { SinkIntake } from './sink-intake.ts'
import { openSinkInput, type SinkInput } from './sink-input.ts'
import { SinkOffsets } from './sink-offsets.ts'
import { Standstill } from './standstill.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { TaskLoop } from './task-run.ts'
import { UsedTopics } from './used-topics.ts'
import { Turn } from './turn.ts'

/** Pause before a redelivery that the task gave no `timeout` for. */
const REDELIVERY_PAUSE_MS = 100
const STOP_TIMEOUT_MS = 5000
/** How often it is logged that a task goes on refusing a delivery for the same reason. */
const REFUSAL_LOG_INTERVAL_MS = 60_000
/** Why a poll is ended; a reason of one's own saves making an error with its stack. */
const WOKEN = Symbol('woken')

/** What a started task works with. */
interface Parts {
  readonly task: SinkTask
  readonly input: SinkInput
  readonly pipeline: SinkPipeline
  readonly deliveries: SinkDeliveries
  readonly commits: SinkCommitter
  readonly errant: ErrantRecords | null
  readonly intake: SinkIntake
}

/**
 * A sink task at work: fetch, convert, deliver, commit. Bytes go to tasks that take them as they lie in Kafka; otherwise
 * records are made. Nothing is committed that was not delivered.
 */
export class SinkLoop implements TaskLoop {
  readonly #env: TaskEnvironment
  readonly #plugin: SinkPlugin
  readonly #openInput: (env: TaskEnvironment) => SinkInput
  readonly #errors: ErrorHandler
  readonly meter: SinkTaskMeter
  readonly #offsets = new SinkOffsets()
  readonly #context: SinkContext
  readonly #usedTopics = new UsedTopics()
  readonly #turn = new Turn()
  #input: SinkInput | null = null
  #parts: Parts | null = null
  /** Partitions that were rewound or taken away since the last poll: what it gave of them must not be delivered. */
  readonly #stale = new Set<string>()
  /** When to give the next delivery to the task again, by the monotonic clock; null: it was not refused. */
  #redeliverAt: number | null = null
  /** The last refusal that was logged as a warning; null when the task has taken what it refused. */
  #refusal: { readonly reason: string; readonly at: number } | null = null
  readonly #standstill = new Standstill()
  #wake = new AbortController()
  #isPaused = false
  #read = 0
  #sent = 0
  #cancelled = false
  #onPaused = (): void => {}
  #onResumed = (): void => {}

  /** @param openInput other than {@link openSinkInput} in tests */
  constructor(plugin: SinkPlugin, env: TaskEnvironment, openInput = openSinkInput) {
    this.#plugin = plugin
    this.#env = env
    this.#openInput = openInput
    this.#errors = new ErrorHandler({ policy: errorPolicy(env.connectorProps), signal: env.control.signal })
    this.meter = new SinkTaskMeter({
      id: env.id,
      target: env.control.paused ? 'PAUSED' : 'STARTED',
      errors: this.#errors.counters,
      sensors: sensorSettings(env.config.properties),
    })
    this.#context = new SinkContext(this.#offsets, {
      pause: (partitions) => this.#input?.consumer.pause(partitions),
      resume: (partitions) => this.#resume(partitions),
      requestCommit: () => {
        this.#parts?.commits.request()
        this.#wake.abort(WOKEN)
      },
    })
    env.control.watch(() => this.#wake.abort(WOKEN))
  }

  onPaused(paused: () => void, resumed: () => void): void {
    this.#onPaused = paused
    this.#onResumed = resumed
  }

  counters(): TaskCounters {
    const { connector, task } = this.#env.id
    return { connector, task, recordsPolled: 0, recordsWritten: 0, recordsRead: this.#read, recordsSent: this.#sent }
  }

  get standstill(): Progress | null {
    this.#standstill.committed(this.#offsets.inGroup())
    return this.#standstill.since
  }

  async start(): Promise<void> {
    const { connectorProps, taskProps, config, registry, scope, callTimeoutMs } = this.#env
    const converters = createConverters(connectorProps, config.properties, registry)
    await openErrorReporters(this.#errors, this.#env)
    const { deadLetters, log } = this.#errors.policy
    const errant = deadLetters !== null || log ? new ErrantRecords(this.#errors, converters) : null
    const pipeline = new SinkPipeline(TransformChain.fromProps(connectorProps, registry), converters, errant !== null)
    const input = this.#openInput(this.#env)
    this.#input = input
    if (input.client !== undefined) this.meter.use(input.client)
    const props = await scope.call('config', () => this.#plugin.config.parse({ ...connectorProps, ...taskProps }))
    const context = this.#context.forTask(this.#env, errant)
    const task = await scope.call('startTask', () => this.#plugin.startTask(props, context), callTimeoutMs)
    const { consumer } = input
    const isCancelled = (): boolean => this.#cancelled
    const deliveries = new SinkDeliveries(input.maxRecords)
    const takesBatches = pipeline.mayBeRaw && task.putBatch !== undefined
    this.#parts = {
      task,
      input,
      pipeline,
      errant,
      deliveries,
      commits: new SinkCommitter({
        env: this.#env,
        task,
        consumer,
        offsets: this.#offsets,
        errors: this.#errors,
        errant,
        isCancelled,
        onCompleted: () => this.#wake.abort(WOKEN),
        meter: this.meter,
      }),
      intake: new SinkIntake({ pipeline, deliveries, errors: this.#errors, takesBatches }),
    }
    consumer.subscribe(input.subscription, {
      onAssigned: (partitions) => this.#assigned(partitions),
      onRevoked: (partitions) => this.#closePartitions(partitions, false),
      onLost: (partitions) => this.#closePartitions(partitions, true),
    })
  }

  get #running(): Parts {
    if (this.#parts === null) throw new Error('the sink task has not been started')
    return this.#parts
  }

  async run(): Promise<void> {
    while (!this.#env.control.stopping) {
      await this.iteration()
      // A poll that need not wait gives nobody else their turn.
      if (this.#turn.isOver) await this.#turn.next()
    }
  }

  /** Once around: commit if it is time, look for records, give them to the task. */
  async iteration(): Promise<void> {
    const { control } = this.#env
    const { input, commits, deliveries, intake } = this.#running
    // Before anything that could change is looked at, so that a change from here on ends the poll.
    this.#wake = new AbortController()
    this.#followTarget()
    if (!(await commits.commitIfDue())) this.#seek(this.#offsets.lastCommitted())
    this.#rewind()
    if (!deliveries.isEmpty && this.#redeliverAt === null && !this.#isPaused) {
      await this.#deliver()
      return
    }
    const timeoutMs = control.stopping ? 0 : this.#pollTimeoutMs()
    const maxRecords = intake.takesBatches ? Infinity : input.maxRecords
    const fetched = await input.consumer.poll(timeoutMs, this.#wake.signal, maxRecords)
    this.#stale.clear()
    if (control.stopping) return
    for (const { recordCount, batches, highWatermark, nextOffset } of fetched)
      this.meter.fetched(recordCount, batches.length, Math.max(0, highWatermark - nextOffset))
    const wasGivenAny = await this.#takeIn(fetched)
    if (this.#redeliverAt !== null && performance.now() >= this.#redeliverAt && !this.#isPaused) await this.#deliver()
    else if (!wasGivenAny && deliveries.isEmpty) await this.#giveNone()
  }

  /** Nothing came: the task gets its turn all the same, paused or not, for what it does by the clock. */
  async #giveNone(): Promise<void> {
    const { task } = this.#running
    const { signal } = this.#env.control
    const before = performance.now()
    if (await this.#call('put', () => task.put([], { signal }))) this.meter.put(0, performance.now() - before)
  }

  #pollTimeoutMs(): number {
    const asked = this.#context.takeTimeout()
    const again = this.#redeliverAt === null ? Infinity : Math.max(0, this.#redeliverAt - performance.now())
    const now = performance.now()
    const commit = sharedMoment(now, this.#running.commits.untilDueMs) - now
    return Math.min(commit, asked ?? Infinity, again)
  }

  /** Delivers what was fetched, as it fills deliveries; what has to wait (a stop, a redelivery) stays. True if any was given. */
  async #takeIn(fetched: readonly FetchedRecords[]): Promise<boolean> {
    const { deliveries, input, intake } = this.#running
    let wasGivenAny = false
    for (const one of fetched) {
      if (this.#stale.has(keyOf(one))) continue
      this.#useTopic(one.topic)
      const given: (RawBatch | null)[] = []
      // Decoded now rather than when it is its turn only if something holds up what is before it.
      for (const columns of columnsOf(one)) {
        if (this.#stale.has(keyOf(one))) break
        this.#read += columns.columns.count - columns.from
        this.meter.read(columns.columns.count - columns.from)
        given.push(await intake.add(one, columns))
        if (!this.#isHeldUp()) wasGivenAny = (await this.#deliver({ full: true })) || wasGivenAny
      }
      const reached = { topic: one.topic, partition: one.partition, offset: one.nextOffset }
      // Control records at the end of a fetch, and offsets that compaction left empty, are passed over.
      if (this.#stale.has(keyOf(one))) continue
      if (deliveries.isEmpty) {
        this.#offsets.delivered(reached)
        // A task may look at a batch's bytes until it has taken the batch, at records for as long as it likes.
        if (given.every((batch) => batch?.hasMadeRecords === false)) input.consumer.release(one)
      } else deliveries.reach(reached)
    }
    if (!this.#isHeldUp()) wasGivenAny = (await this.#deliver()) || wasGivenAny
    return wasGivenAny
  }

  #isHeldUp(): boolean {
    if (this.#env.control.stopping || this.#redeliverAt !== null) return true
    this.#followTarget()
    return this.#isPaused
  }

  /** Gives the task what waits, until nothing does or it wants something again later. True if it was called. */
  async #deliver(only: { full?: boolean } = {}): Promise<boolean> {
    const { deliveries, commits } = this.#running
    let wasCalled = false
    for (let next = deliveries.next(only); next !== undefined; next = deliveries.next(only)) {
      wasCalled = true
      if (!(await this.#give(next))) return true
      deliveries.shift()
      this.#sent += countOf(next)
      for (const position of next.reached.values()) this.#offsets.delivered(position)
      this.meter.active(this.#offsets.uncommitted())
      this.#endRedelivery()
      this.#rewind()
      if (this.#turn.isOver) await this.#turn.next()
      if (this.#isHeldUp()) return true
      if (!(await commits.commitIfDue())) this.#seek(this.#offsets.lastCommitted())
    }
    return wasCalled
  }

  /** False when the task asked to be given this again. @throws ConnectError for anything else that it throws */
  async #give(delivery: Delivery): Promise<boolean> {
    const { task, input, deliveries } = this.#running
    const { signal } = this.#env.control
    const before = performance.now()
    const isTaken =
      delivery.kind === 'records'
        ? await this.#call('put', () => task.put(delivery.records, { signal }))
        : await this.#call('putBatch', () => task.putBatch?.(delivery.batch, { signal }))
    if (isTaken) {
      this.meter.put(countOf(delivery), performance.now() - before)
      return true
    }
    // It stays in the group meanwhile: it polls with everything paused, so that nothing new comes.
    if (this.#redeliverAt === null) input.consumer.pause(this.#offsets.assignment())
    this.#redeliverAt = performance.now() + (this.#context.takeTimeout() ?? REDELIVERY_PAUSE_MS)
    deliveries.fixNext()
    return false
  }

  /** False when the task threw a `RetriableError`. @throws ConnectError for anything else */
  async #call(hook: string, call: () => void | Promise<void>): Promise<boolean> {
    try {
      await this.#env.scope.call(hook, call)
      // A task that swallowed the rejection of its report fails all the same.
      this.#running.errant?.throwIfIntolerable()
      this.#standstill.wentOn()
      return true
    } catch (error) {
      if (!(error instanceof PluginCallError && error.isRetriable)) throw unrecoverable(error)
      this.#standstill.refused(hook)
      this.#logRefusal(hook, error.cause)
      return false
    }
  }

  /** A task that waits for something asks many times a minute. */
  #logRefusal(hook: string, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const now = performance.now()
    const last = this.#refusal
    const isNew = last === null || last.reason !== reason || now - last.at >= REFUSAL_LOG_INTERVAL_MS
    if (isNew) this.#refusal = { reason, at: now }
    this.#env.logger[isNew ? 'warn' : 'debug']({ err: cause }, `${hook} asked for a redelivery`)
  }

  #endRedelivery(): void {
    if (this.#redeliverAt === null) return
    this.#redeliverAt = null
    this.#refusal = null
    this.#resume(this.#offsets.assignment())
  }

  #resume(partitions: readonly TopicPartition[]): void {
    if (this.#isPaused || this.#redeliverAt !== null) return
    this.#input?.consumer.resume(partitions.filter((partition) => !this.#context.hasPaused(partition)))
  }

  /** Pauses or goes on as the user wants it. */
  #followTarget(): void {
    const { paused } = this.#env.control
    if (paused === this.#isPaused) return
    this.#isPaused = paused
    if (paused) {
      this.#standstill.wentOn()
      this.#input?.consumer.pause(this.#offsets.assignment())
      this.#parts?.commits.request()
      this.#onPaused()
    } else {
      this.#resume(this.#offsets.assignment())
      this.#onResumed()
    }
  }

  /** Does what the task asked for by `context.offset`. */
  #rewind(): void {
    const rewinds = this.#context.takeRewinds()
    if (rewinds.length > 0) this.#seek(rewinds)
  }

  #seek(positions: readonly TopicPartitionOffset[]): void {
    const { input, deliveries } = this.#running
    for (const position of positions) {
      if (!this.#offsets.has(position)) {
        this.#env.logger.warn({ ...position }, 'Cannot rewind a partition that is not assigned')
        continue
      }
      this.#stale.add(keyOf(position))
      deliveries.drop([position])
      input.consumer.seek(position.topic, position.partition, position.offset)
      this.#offsets.rewound(position)
      this.#standstill.wentBack(position)
    }
    if (deliveries.isEmpty) this.#endRedelivery()
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { task, input, deliveries } = this.#running
    const { consumer } = input
    for (const { topic, partition } of partitions) {
      this.#offsets.assign({ topic, partition, offset: await consumer.position(topic, partition) })
    }
    this.meter.assigned(this.#offsets.size)
    this.#context.retainPauses()
    if (deliveries.isEmpty) this.#endRedelivery()
    const all = this.#offsets.assignment()
    const isHeld = this.#isPaused || this.#redeliverAt !== null
    const paused = isHeld ? all : all.filter((partition) => this.#context.hasPaused(partition))
    if (paused.length > 0) consumer.pause(paused)
    if (partitions.length === 0) return
    if (task.open !== undefined) await this.#env.scope.call('open', () => task.open?.(partitions))
    this.#rewind()
  }

  /** With a commit, unless others have the partitions already. */
  async #closePartitions(partitions: readonly TopicPartition[], areLost: boolean): Promise<void> {
    const { task, commits, deliveries, errant } = this.#running
    const ours = partitions.filter((partition) => this.#offsets.has(partition))
    if (ours.length === 0) return
    const close = async (): Promise<void> => {
      if (task.close !== undefined) await this.#env.scope.call('close', () => task.close?.(ours))
    }
    try {
      if (areLost) await close()
      else await commits.close(ours, close)
    } finally {
      if (areLost) errant?.forget(ours)
      for (const partition of ours) {
        this.#offsets.unassign(partition)
        this.#standstill.forget(partition)
        this.#stale.add(keyOf(partition))
      }
      this.meter.assigned(this.#offsets.size)
      this.meter.active(this.#offsets.uncommitted())
      deliveries.drop(ours)
    }
  }

  #useTopic(topic: string): void {
    if (!this.#usedTopics.use(topic)) return
    const { connector, task } = this.#env.id
    this.#env.listener.topicUsed(connector, task, topic)
  }

  async finish(_failed: boolean): Promise<void> {
    const { scope, logger } = this.#env
    const parts = this.#parts
    if (parts !== null) {
      parts.deliveries.clear()
      try {
        await this.#closePartitions(this.#offsets.assignment(), false)
      } catch (error) {
        logger.error({ err: error }, 'The sink task did not close its partitions cleanly')
      }
      try {
        await scope.call('stop', () => parts.task.stop?.(), STOP_TIMEOUT_MS)
      } catch (error) {
        logger.warn({ err: error }, 'The sink task did not stop cleanly')
      }
      await this.#close('transforms', () => parts.pipeline.close())
    }
    await this.#close('error reporters', () => this.#errors.close())
    if (!this.#cancelled) await this.#close('consumer', () => this.#input?.consumer.close())
    await this.#close('connections', () => this.#input?.disconnect())
    scope.close()
  }

  async #close(what: string, close: () => Promise<void> | void): Promise<void> {
    try {
      await close()
    } catch (error) {
      this.#env.logger.warn({ err: error }, `The ${what} of the sink task did not close cleanly`)
    }
  }

  cancel(): void {
    this.#cancelled = true
    this.#input?.disconnect().catch(() => {})
  }
}

function countOf(delivery: Delivery): number {
  return delivery.kind === 'batch' ? delivery.batch.count : delivery.records.length
}

function unrecoverable(cause: unknown): ConnectError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new ConnectError(`Exiting WorkerSinkTask due to unrecoverable exception: ${reason}`, { cause })
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition)
}
