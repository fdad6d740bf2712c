import { withDeadline } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import { AbortedError } from '../../client/index.ts'
import { traceOf } from '../errors/trace.ts'
import type { ConnectorTaskId, TargetState, TaskCounters, TaskRunnerListener } from '../task-runner.ts'
import type { PluginScope, Progress } from '../plugins/plugin-scope.ts'
import type { AnyTaskMeter } from '../metrics/task-meter.ts'
import type { TaskControl } from './task-control.ts'

/** What a source or sink task does; {@link TaskRun} decides when. */
export interface TaskLoop {
  /** Makes clients and starts the plugin's task. */
  start(): Promise<void>
  /** Works until the control says stop. Throws what the task fails with. */
  run(): Promise<void>
  /** Reports that the task pauses; called by the run between two pieces of work. */
  onPaused(listener: () => void, resumed: () => void): void
  /** Commits what can be (not after `cancel`), stops the plugin's task and closes clients. Logs its failures. */
  finish(failed: boolean): Promise<void>
  /** Breaks off: closes clients at once, so that whatever still runs can no longer write. */
  cancel(): void
  counters(): TaskCounters
  /** Since when the task has been doing the same again and again, and in which function; null while it goes on. */
  readonly standstill: Progress | null
  /** Takes the task's states from the run, and everything else from the loop. */
  readonly meter: AnyTaskMeter
}

/** How long a failed task may take to come back from its plugin, in milliseconds. */
const END_TIMEOUT_MS = 5000

export interface TaskRunOptions {
  readonly id: ConnectorTaskId
  readonly control: TaskControl
  readonly scope: PluginScope
  readonly loop: TaskLoop
  readonly listener: TaskRunnerListener
  readonly logger: Logger
}

/** A task from start to end: its states, and that each is reported once. */
export class TaskRun {
  readonly id: ConnectorTaskId
  readonly control: TaskControl
  readonly scope: PluginScope
  readonly loop: TaskLoop
  readonly #listener: TaskRunnerListener
  readonly #logger: Logger
  #done: Promise<void> = Promise.resolve()
  #cancelled = false

  constructor(options: TaskRunOptions) {
    this.id = options.id
    this.control = options.control
    this.scope = options.scope
    this.loop = options.loop
    this.#listener = options.listener
    this.#logger = options.logger
    this.loop.onPaused(
      () => this.#report('PAUSED'),
      () => this.#report('RUNNING'),
    )
  }

  /** Resolves when the task runs, or is paused before it ran; rejects with what kept it from starting. */
  start(): Promise<void> {
    const started = Promise.withResolvers<void>()
    this.#done = this.#main(started)
    return started.promise
  }

  async #main(started: PromiseWithResolvers<void>): Promise<void> {
    let failed = false
    let work: Promise<void> | null = null
    try {
      if (this.control.paused) {
        this.#report('PAUSED')
        started.resolve()
        await this.control.whilePaused()
      }
      if (!this.control.stopping) {
        work = this.#work(started)
        await this.control.unlessFailed(work)
      }
      this.control.throwIfFailed()
    } catch (error) {
      failed = true
      if (this.control.stopping && !this.control.hasFailed) this.#failedWhileStopping(error)
      else {
        this.#fail(error)
        started.reject(error)
      }
    }
    this.control.stop()
    started.resolve()
    if (work !== null) await this.#end(work, failed)
  }

  async #work(started: PromiseWithResolvers<void>): Promise<void> {
    await this.loop.start()
    if (this.control.stopping) return
    if (!this.control.paused) this.#report('RUNNING')
    started.resolve()
    await this.loop.run()
  }

  /** A task that failed from outside may still be in a call that never returns: it is given up after a while. */
  async #end(work: Promise<void>, failed: boolean): Promise<void> {
    const { connector, task } = this.id
    try {
      if (failed)
        await withDeadline(
          work.catch(() => {}),
          END_TIMEOUT_MS,
          `The last call into task ${connector}-${task}`,
        )
    } catch (error) {
      this.#logger.error(
        { connector, task, err: error },
        'A failed task does not come back from its plugin and is abandoned',
      )
      this.loop.cancel()
      return
    }
    try {
      await this.loop.finish(failed)
    } catch (error) {
      this.#logger.error({ connector, task, err: error }, 'A task did not end cleanly')
    }
  }

  #fail(error: unknown): void {
    if (this.#cancelled) return
    this.loop.meter.enter('failed')
    const { connector, task } = this.id
    this.#logger.error(
      { connector, task, err: error },
      `Task ${connector}-${task} failed and will not recover until it is restarted`,
    )
    this.#listener.taskStatus(this.id, 'FAILED', traceOf(error))
  }

  /** Whatever a stop breaks off is no failure of the task: it begins again where it had come to. */
  #failedWhileStopping(error: unknown): void {
    const { connector, task } = this.id
    if (error instanceof AbortedError) return
    this.#logger.warn(
      { connector, task, err: error },
      `After being scheduled for shutdown, task ${connector}-${task} threw an uncaught exception`,
    )
  }

  #report(state: 'RUNNING' | 'PAUSED'): void {
    if (this.#cancelled || this.control.stopping) return
    this.loop.meter.enter(state === 'RUNNING' ? 'running' : 'paused')
    this.#listener.taskStatus(this.id, state, null)
  }

  setTargetState(target: TargetState): void {
    this.control.setPaused(target === 'PAUSED')
  }

  /** Asks the task to stop; resolves when it has, however it ended. */
  stop(): Promise<void> {
    this.control.stop()
    return this.#done
  }

  /** Gives the task up: it reports nothing more and writes nothing more, but what its plugin still does cannot be ended. */
  cancel(): void {
    this.#cancelled = true
    this.control.stop()
    this.loop.cancel()
  }
}

/** Stops tasks together; those that are not done in `timeoutMs` are cancelled. */
export async function stopRuns(runs: readonly TaskRun[], timeoutMs: number, logger: Logger): Promise<void> {
  const deadline = performance.now() + timeoutMs
  await Promise.all(
    runs.map(async (run) => {
      const { connector, task } = run.id
      try {
        await withDeadline(run.stop(), Math.max(0, deadline - performance.now()), `Stopping task ${connector}-${task}`)
      } catch {
        logger.error(
          { connector, task },
          `Graceful stop of task ${connector}-${task} failed: it did not end within ${timeoutMs} ms and is cancelled`,
        )
        run.cancel()
      }
    }),
  )
}
