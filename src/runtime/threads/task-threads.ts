import { DeadlineExceededError, withDeadline } from '../../base/deadline.ts'
import { type Logger, type LogLevel, levelsOf } from '../../base/logger.ts'
import {
  ConnectError,
  type ConfigValue,
  type ConfigValueErrors,
  type SourceOffset,
  type SourcePartition,
} from '../../connect/index.ts'
import type { PackedTaskMetrics } from '../metrics/task-metrics.ts'
import { simpleName } from '../plugins/plugin-names.ts'
import { ownerLabel, type ScopeOwner } from '../plugins/scope-owner.ts'
import type {
  ConnectorTaskId,
  PluginDescription,
  ProvidedValues,
  StalledTask,
  TargetState,
  TaskCounters,
  TaskRunner,
  TaskRunnerListener,
} from '../task-runner.ts'
import type { OffsetStore } from '../tasks/offset-stores.ts'
import type { WorkerConfig } from '../worker-config.ts'
import type { HostMethod, HostArgs, HostResult, ListenerEvent } from './messages.ts'
import { connectorKey, taskKey } from './placement-keys.ts'
import { type Placement, Placements } from './placements.ts'
import { TaskThread, type ThreadLoss, ThreadLostError } from './task-thread.ts'
import { type ThreadSettings, threadSettings } from './thread-settings.ts'

export interface TaskThreadsOptions {
  readonly config: WorkerConfig
  readonly listener: TaskRunnerListener
  readonly logger: Logger
  /** Keeps source offsets in the main thread, for a worker without an offsets topic; default: tasks use the topic. */
  readonly offsets?: OffsetStore | undefined
  /** Of the threads' own loggers; default: what holds for `logger`, also after it changed, or else `info`. */
  readonly logLevel?: LogLevel
}

/** Beyond a deadline of the thread's own, so that its answer has time to arrive. */
const ANSWER_MARGIN_MS = 1000
const ROUND_TIMEOUT_MS = 2000
/** A task or connector whose thread is lost this often for an unknown reason, at last with nothing else in it, is that reason. */
const LOSSES_BEFORE_FAILED = 2
/** A thread that may hang is worth as much as one with this many tasks. */
const SILENT_LOAD = 1_000_000

/**
 * Runs connectors and tasks in a pool of supervised threads. Threads are started when they are needed. A thread that hangs
 * or crashes is replaced: what it hung in is FAILED with a trace that says so, the rest goes on in another thread. When it is
 * not known what that was, those of the thread are parted, with as many threads as that takes, until it is found.
 */
export class TaskThreads implements TaskRunner {
  readonly #options: TaskThreadsOptions
  readonly #settings: ThreadSettings
  readonly #threads = new Set<TaskThread>()
  readonly #placements = new Placements()
  readonly #excludedModules: string[] = []
  #nextNumber = 1
  #stopped = false

  constructor(options: TaskThreadsOptions) {
    this.#options = options
    this.#settings = threadSettings(options.config)
  }

  /** Nothing to do: the first thread starts with the first work. */
  start(): Promise<void> {
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const limit = this.#options.config.taskShutdownGracefulTimeoutMs + 2 * ANSWER_MARGIN_MS
    await Promise.all(
      [...this.#threads].map(async (thread) => {
        try {
          await withDeadline(thread.call('close'), limit, `Stopping task thread ${thread.number}`)
        } catch (error) {
          if (!(error instanceof ThreadLostError))
            this.#options.logger.warn({ err: error }, `Task thread ${thread.number} did not stop cleanly`)
        }
        try {
          await withDeadline(thread.terminate(), ANSWER_MARGIN_MS, `Ending task thread ${thread.number}`)
        } catch (error) {
          this.#options.logger.error(
            { err: error },
            `Task thread ${thread.number} does not end: a plugin is in native code that does not return. It ends with the process.`,
          )
        }
      }),
    )
    this.#threads.clear()
    this.#placements.clear()
  }

  /** How many threads there are at present. */
  get threadCount(): number {
    return this.#threads.size
  }

  plugins(): Promise<PluginDescription[]> {
    return this.#callAnywhere('plugins')
  }

  validateConnector(...args: Parameters<TaskRunner['validateConnector']>): Promise<ConfigValue[]> {
    return this.#callAnywhere('validateConnector', ...args)
  }

  readProvider(...args: Parameters<TaskRunner['readProvider']>): Promise<ProvidedValues> {
    return this.#callAnywhere('readProvider', ...args)
  }

  checkOverrides(...args: Parameters<TaskRunner['checkOverrides']>): Promise<ConfigValueErrors> {
    return this.#callAnywhere('checkOverrides', ...args)
  }

  alterOffsets(
    pluginClass: string,
    props: Readonly<Record<string, string>>,
    offsets: readonly { partition: SourcePartition | null; offset: SourceOffset | null }[],
  ): Promise<boolean> {
    return this.#callAnywhere('alterOffsets', pluginClass, props, offsets)
  }

  async startConnector(name: string, props: Readonly<Record<string, string>>, target: TargetState): Promise<void> {
    await this.stopConnector(name)
    const placement = this.#placements.add({
      kind: 'connector',
      name,
      props,
      target,
      thread: this.#threadFor('connector'),
    })
    await this.#begin(placement)
  }

  async stopConnector(name: string): Promise<void> {
    const placement = this.#placements.remove(connectorKey(name))
    if (placement === null) return
    try {
      const { taskShutdownGracefulTimeoutMs: graceful } = this.#options.config
      await withDeadline(
        placement.thread.call('stopConnector', name),
        graceful + ANSWER_MARGIN_MS,
        `Stopping connector ${name}`,
      )
    } catch (error) {
      this.#logAbandoned(`Connector ${name}`, error)
    }
    this.#endSpareThreads()
  }

  async taskConfigs(name: string, maxTasks: number): Promise<Record<string, string>[]> {
    const placement = this.#placements.get(connectorKey(name))
    if (placement === null) throw new ConnectError(`Connector ${name} does not run here`)
    try {
      return await placement.thread.call('taskConfigs', name, maxTasks)
    } catch (error) {
      throw describeLoss(error)
    }
  }

  async startTask(
    id: ConnectorTaskId,
    connectorProps: Readonly<Record<string, string>>,
    taskProps: Readonly<Record<string, string>>,
    target: TargetState,
  ): Promise<void> {
    await this.stopTasks([id])
    const thread = this.#threadFor('task')
    await this.#begin(this.#placements.add({ kind: 'task', id, connectorProps, taskProps, target, thread }))
  }

  async stopTasks(ids: readonly ConnectorTaskId[]): Promise<void> {
    const byThread = new Map<TaskThread, ConnectorTaskId[]>()
    for (const id of ids) {
      const placement = this.#placements.remove(taskKey(id))
      if (placement === null) continue
      const list = byThread.get(placement.thread)
      if (list) list.push(id)
      else byThread.set(placement.thread, [id])
    }
    const limit = this.#options.config.taskShutdownGracefulTimeoutMs + ANSWER_MARGIN_MS
    await Promise.all(
      [...byThread].map(async ([thread, list]) => {
        const names = list.map((id) => `${id.connector}-${id.task}`).join(', ')
        try {
          await withDeadline(thread.call('stopTasks', list), limit, `Stopping tasks ${names}`)
        } catch (error) {
          this.#logAbandoned(`Tasks ${names}`, error)
        }
      }),
    )
    this.#endSpareThreads()
  }

  async setTargetState(name: string, target: TargetState): Promise<void> {
    const threads = new Set<TaskThread>()
    for (const placement of this.#placements.ofConnector(name)) {
      placement.target = target
      threads.add(placement.thread)
    }
    // A lost thread's work starts again elsewhere, with the new target.
    await Promise.all([...threads].map((thread) => thread.call('setTargetState', name, target).catch(ignoreLoss)))
  }

  counters(): Promise<TaskCounters[]> {
    return this.#callEverywhere('counters')
  }

  taskMetrics(): Promise<PackedTaskMetrics[]> {
    return this.#callEverywhere('taskMetrics')
  }

  stalledTasks(limitMs: number): Promise<StalledTask[]> {
    return this.#callEverywhere('stalledTasks', limitMs)
  }

  /** What the threads answer in time, together. */
  async #callEverywhere<M extends 'counters' | 'taskMetrics' | 'stalledTasks'>(
    method: M,
    ...args: HostArgs<M>
  ): Promise<HostResult<M>[number][]> {
    const answers = await Promise.all(
      [...this.#threads].map(async (thread): Promise<HostResult<M>[number][]> => {
        try {
          return await withDeadline(thread.call(method, ...args), ROUND_TIMEOUT_MS, `Calling ${method}`)
        } catch {
          return []
        }
      }),
    )
    return answers.flat()
  }

  /** Starts what was placed; when its thread is lost meanwhile, waits for its fate in the next one. */
  async #begin(placement: Placement): Promise<void> {
    for (;;) {
      const { thread } = placement
      try {
        await startOn(thread, placement)
        return
      } catch (error) {
        if (!(error instanceof ThreadLostError)) throw error
        if (placement.failed || !this.#placements.has(placement)) throw describeLoss(error)
        if (placement.thread === thread) throw describeLoss(error)
      }
    }
  }

  async #callAnywhere<M extends HostMethod>(method: M, ...args: HostArgs<M>): Promise<HostResult<M>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#threadFor('connector').call(method, ...args)
      } catch (error) {
        if (!(error instanceof ThreadLostError)) throw error
        const { call, loading } = error.loss
        // What hung may have been this call itself; another one's fault must not become this one's failure.
        const mayBeOurs = call === null ? loading === null : isCallOf(call.owner, args[0])
        if (mayBeOurs || attempt >= 3) throw describeLoss(error)
      }
    }
  }

  /** Connectors and validation weigh little: they never make a thread start when there is one. */
  #threadFor(kind: 'connector' | 'task'): TaskThread {
    if (this.#stopped) throw new ConnectError('The worker is stopping')
    let best: TaskThread | null = null
    let bestLoad = Infinity
    for (const thread of this.#threads) {
      const load = this.#placements.load(thread) + (thread.isAnswering ? 0 : SILENT_LOAD)
      if (load < bestLoad) {
        best = thread
        bestLoad = load
      }
    }
    const isBusy = bestLoad >= (kind === 'task' ? 1 : SILENT_LOAD)
    if (best !== null && !(isBusy && this.#threads.size < this.#settings.threads)) return best
    return this.#spawn()
  }

  #spawn(): TaskThread {
    const thread: TaskThread = new TaskThread({
      number: this.#nextNumber++,
      config: this.#options.config,
      logLevel: this.#options.logLevel ?? 'info',
      logLevels: this.#options.logLevel === undefined ? levelsOf(this.#options.logger) : null,
      excludedModules: this.#excludedModules,
      maxHeapMb: this.#settings.maxHeapMb,
      unresponsiveMs: this.#settings.unresponsiveMs,
      offsets: this.#options.offsets ?? null,
      onEvent: (event) => this.#forward(thread, event),
      onLost: (loss) => this.#replace(thread, loss),
    })
    this.#threads.add(thread)
    return thread
  }

  /** Passes on what a thread reports, unless the subject was stopped or moved meanwhile. */
  #forward(thread: TaskThread, message: ListenerEvent): void {
    const { listener } = this.#options
    switch (message.event) {
      case 'connectorStatus': {
        const placement = this.#placements.get(connectorKey(message.args[0]))
        if (placement?.thread !== thread) return
        placement.failed = message.args[1] === 'FAILED'
        listener.connectorStatus(...message.args)
        return
      }
      case 'taskStatus': {
        const placement = this.#placements.get(taskKey(message.args[0]))
        if (placement?.thread !== thread) return
        placement.failed = message.args[1] === 'FAILED'
        listener.taskStatus(...message.args)
        return
      }
      case 'taskReconfigurationRequested':
        if (this.#placements.get(connectorKey(message.args[0]))?.thread === thread)
          listener.taskReconfigurationRequested(...message.args)
        return
      case 'topicUsed':
        listener.topicUsed(...message.args)
    }
  }

  #replace(thread: TaskThread, loss: ThreadLoss): void {
    this.#threads.delete(thread)
    const there = this.#placements.on(thread)
    const culprit = loss.call?.owner ?? null
    const where = loss.call === null ? '' : ` It was in ${loss.call.hook}() of ${ownerLabel(loss.call.owner)}.`
    this.#options.logger.error(
      { thread: thread.number, tasks: there.length, trace: loss.trace },
      `Task thread ${thread.number} ${loss.reason} and is replaced.${where}`,
    )
    if (loss.loading !== null) {
      this.#excludedModules.push(loss.loading)
      this.#options.logger.error(
        { module: loss.loading },
        `Plugin module ${loss.loading} is left out from now on: the thread was loading it`,
      )
    }
    if (this.#stopped) return
    const left = there.filter((placement) => !placement.failed)
    if (culprit === null && loss.loading === null) this.#part(left, loss)
    else {
      for (const placement of left) {
        if (culprit !== null && isOwner(placement, culprit)) this.#fail(placement, loss, true)
        else this.#restart(placement, this.#threadFor(placement.kind))
      }
    }
    this.#endSpareThreads()
  }

  /** One of these made a thread be lost, nobody knows which: halves go on apart, until there is only one to come into question. */
  #part(suspects: readonly Placement[], loss: ThreadLoss): void {
    for (const suspect of suspects) suspect.losses++
    const [first] = suspects
    if (suspects.length === 1 && first !== undefined && first.losses >= LOSSES_BEFORE_FAILED) {
      this.#fail(first, loss, false)
      return
    }
    const middle = Math.ceil(suspects.length / 2)
    for (const half of [suspects.slice(0, middle), suspects.slice(middle)]) {
      if (half.length === 0) continue
      // Among others it would bring those under suspicion, too.
      const thread = this.#spawn()
      for (const suspect of half) this.#restart(suspect, thread)
    }
  }

  /** Those beyond `task.threads` were started to part suspects: they end when nothing is left in them. */
  #endSpareThreads(): void {
    for (const thread of this.#threads) {
      if (this.#threads.size <= this.#settings.threads) return
      if (thread.isCalled || this.#placements.load(thread) > 0) continue
      this.#threads.delete(thread)
      const limit = this.#options.config.taskShutdownGracefulTimeoutMs
      withDeadline(thread.call('close'), limit, `Stopping task thread ${thread.number}`)
        .catch(() => undefined)
        .then(() => thread.terminate())
        .catch(() => undefined)
    }
  }

  #fail(placement: Placement, loss: ThreadLoss, isCulprit: boolean): void {
    placement.failed = true
    const subject =
      placement.kind === 'task'
        ? `Task ${placement.id.task} of connector "${placement.id.connector}"`
        : `Connector "${placement.name}"`
    const message = isCulprit
      ? `${subject} was ended: its thread ${loss.reason} while it was in ${loss.call?.hook}(). The thread was replaced.`
      : `${subject} was ended: the thread it ran in ${loss.reason}, for the ${ordinal(placement.losses)} time, and nothing else ran in it.`
    const trace = loss.trace === '' ? `ConnectError: ${message}` : `ConnectError: ${message}\n${loss.trace}`
    if (placement.kind === 'task') this.#options.listener.taskStatus(placement.id, 'FAILED', trace)
    else this.#options.listener.connectorStatus(placement.name, 'FAILED', trace)
  }

  #restart(placement: Placement, thread: TaskThread): void {
    this.#placements.move(placement, thread)
    startOn(placement.thread, placement).catch((error: unknown) => {
      // Failures were reported as status; a lost thread is dealt with by its own replacement.
      if (!(error instanceof ThreadLostError))
        this.#options.logger.warn({ err: error }, 'Restarting after the loss of a thread failed')
    })
  }

  #logAbandoned(what: string, error: unknown): void {
    if (error instanceof ThreadLostError) return
    const reason =
      error instanceof DeadlineExceededError ? 'did not stop in time and was abandoned' : 'did not stop cleanly'
    this.#options.logger.error({ err: error }, `${what} ${reason}`)
  }
}

function startOn(thread: TaskThread, placement: Placement): Promise<void> {
  if (placement.kind === 'connector')
    return thread.call('startConnector', placement.name, placement.props, placement.target)
  return thread.call('startTask', placement.id, placement.connectorProps, placement.taskProps, placement.target)
}

/** `2nd`, `3rd`, `4th`; for what stays small. */
function ordinal(n: number): string {
  return `${n}${{ 1: 'st', 2: 'nd', 3: 'rd' }[n] ?? 'th'}`
}

function isOwner(placement: Placement, owner: ScopeOwner): boolean {
  if (placement.kind === 'connector') return owner.kind === 'connector' && owner.name === placement.name
  return owner.kind === 'task' && owner.name === placement.id.connector && owner.task === placement.id.task
}

/** Whether a plugin call may have been made for a call about the plugin `asked`, which may be one of its short names. */
function isCallOf(owner: ScopeOwner, asked: unknown): boolean {
  if (owner.kind !== 'plugin') return false
  return typeof asked !== 'string' || simpleName(owner.pluginClass).startsWith(simpleName(asked))
}

/** What a caller is told when the thread that worked for it is gone. */
function describeLoss(error: unknown): unknown {
  if (!(error instanceof ThreadLostError)) return error
  const { reason, call, trace } = error.loss
  const where = call === null ? '' : ` while it was in ${call.hook}() of ${ownerLabel(call.owner)}`
  const described = new ConnectError(`The thread that worked on this ${reason}${where}`)
  if (trace !== '') described.stack = `${described.name}: ${described.message}\n${trace}`
  return described
}

function ignoreLoss(error: unknown): void {
  if (!(error instanceof ThreadLostError)) throw error
}
