import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { LogLevels } from '../../base/log-levels.ts'
import type { LogLevel } from '../../base/logger.ts'
import { hiddenInLogs, onHiddenInLogs } from '../../base/secrets.ts'
import { standardStream } from '../../base/standard-stream.ts'
import { traceOf } from '../errors/trace.ts'
import { CallMarkerReader } from '../plugins/call-marker.ts'
import type { PluginCall } from '../plugins/plugin-scope.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { probeThread } from './current-call.ts'
import { distrust, endThread, trust } from './ending.ts'
import { fromErrorData } from './error-data.ts'
import type { HeldMemory } from './held-memory.ts'
import { type HeapAllowance, heapAllowance, HeapWatch } from './heap-watch.ts'
import type { OffsetStore } from '../tasks/offset-stores.ts'
import { serveOffsets } from './offset-port.ts'
import { passOn } from './thread-output.ts'
import type { FromThread, HostArgs, HostMethod, HostResult, ListenerEvent, ThreadStart, ToThread } from './messages.ts'

/** How a thread was lost. */
export interface ThreadLoss {
  /** A sentence about the thread: `did not answer for 10000 ms`, `ran out of memory`. */
  readonly reason: string
  /** The plugin call that it was in, null when that is not known. */
  readonly call: PluginCall | null
  /** The plugin module that it was loading, null when none. */
  readonly loading: string | null
  /** Stack lines or an error's trace; empty when there is none. */
  readonly trace: string
}

/** A call was not answered because its thread was lost. */
export class ThreadLostError extends Error {
  readonly code = 'MILL_THREAD_LOST'
  readonly loss: ThreadLoss

  constructor(loss: ThreadLoss) {
    super(`The task thread was lost: it ${loss.reason}`)
    this.name = 'ThreadLostError'
    this.loss = loss
  }
}

export interface TaskThreadOptions {
  readonly number: number
  readonly config: WorkerConfig
  readonly logLevel: LogLevel
  /** The thread's loggers obey these and make their names known here; null: `logLevel` holds for all. */
  readonly logLevels: LogLevels | null
  readonly excludedModules: readonly string[]
  readonly maxHeapMb: number | null
  readonly unresponsiveMs: number
  /** A store of source offsets that lives in this thread; null when tasks keep them in a topic. */
  readonly offsets: OffsetStore | null
  readonly onEvent: (event: ListenerEvent) => void
  readonly onLost: (loss: ThreadLoss) => void
}

interface PendingCall {
  resolve(value: unknown): void
  reject(error: Error): void
}

const PROBE_TIMEOUT_MS = 2000

/** The main thread's side of one task thread: calls, events, and watching that it answers. */
export class TaskThread {
  readonly number: number
  readonly #options: TaskThreadOptions
  readonly #allowance: HeapAllowance
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #heapWatch: HeapWatch
  readonly #marker = new CallMarkerReader()
  readonly #pending = new Map<number, PendingCall>()
  #nextId = 1
  #lost: ThreadLoss | null = null
  #closing = false
  #loading: string | null = null
  #crashTrace = ''
  #unanswered = 0
  #pingTimer: NodeJS.Timeout | null = null
  readonly #forgetSecrets: () => void
  readonly #forgetLevels: () => void

  constructor(options: TaskThreadOptions) {
    this.#options = options
    this.number = options.number
    this.#allowance = heapAllowance(options.maxHeapMb)
    const { port1: port, port2: threadPort } = new MessageChannel()
    this.#port = port
    const offsetChannel = options.offsets === null ? null : new MessageChannel()
    if (offsetChannel !== null && options.offsets !== null) serveOffsets(offsetChannel.port1, options.offsets)
    const workerData: ThreadStart = {
      config: options.config,
      logLevel: options.logLevel,
      logLevels: options.logLevels?.snapshot() ?? [],
      markerMemory: this.#marker.memory,
      excludedModules: options.excludedModules,
      secrets: hiddenInLogs(),
      thread: options.number,
      port: threadPort,
      offsets: offsetChannel?.port2 ?? null,
    }
    this.#worker = new Worker(new URL('./thread-entry.ts', import.meta.url), {
      workerData,
      transferList: offsetChannel === null ? [threadPort] : [threadPort, offsetChannel.port2],
      name: `task-${options.number}`,
      stdout: true,
      stderr: true,
      ...(this.#allowance.resourceLimits === null ? {} : { resourceLimits: this.#allowance.resourceLimits }),
    })
    this.#heapWatch = new HeapWatch(this.#worker, this.#allowance.bytes, (held) => this.#outgrown(held))
    // Ends with the thread.
    passOn(this.#worker.stdout, standardStream(1)).catch(() => undefined)
    passOn(this.#worker.stderr, standardStream(2)).catch(() => undefined)
    this.#forgetSecrets = onHiddenInLogs((values) => this.#post({ type: 'secrets', values }))
    this.#forgetLevels =
      options.logLevels?.onChange((change) => {
        if (change.type === 'levels') this.#post({ type: 'log-levels', levels: change.levels })
      }) ?? (() => {})
    port.on('message', (message: FromThread) => this.#receive(message))
    port.unref()
    this.#worker.on('error', (error) => this.#failed(error))
    this.#worker.on('exit', (code) => this.#exited(code))
  }

  get isLost(): boolean {
    return this.#lost !== null
  }

  /** There are calls that it has not answered yet. */
  get isCalled(): boolean {
    return this.#pending.size > 0
  }

  /** False when it has been silent for longer than between two of its answers: it may hang. */
  get isAnswering(): boolean {
    return this.#unanswered < 2
  }

  /** Calls the thread's host. Rejects with {@link ThreadLostError} when the thread is lost before it answers. */
  call<M extends HostMethod>(method: M, ...args: HostArgs<M>): Promise<HostResult<M>> {
    if (this.#lost !== null) return Promise.reject(new ThreadLostError(this.#lost))
    const id = this.#nextId++
    return new Promise<HostResult<M>>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#post({ type: 'call', id, method, args })
    })
  }

  /** Ends the thread, whatever it does; only native code that does not return keeps it, and this from resolving. */
  async terminate(): Promise<void> {
    this.#closing = true
    this.#forgetSecrets()
    this.#forgetLevels()
    this.#heapWatch.stop()
    this.#stopWatching()
    await endThread(this.#worker)
  }

  #post(message: ToThread): void {
    this.#port.postMessage(message)
  }

  /** What the thread said before it ended, and what may explain that. */
  #receiveRest(): void {
    for (let rest = receiveMessageOnPort(this.#port); rest !== undefined; rest = receiveMessageOnPort(this.#port))
      this.#receive(rest.message as FromThread)
  }

  #receive(message: FromThread): void {
    if (this.#lost !== null) return
    switch (message.type) {
      case 'ready':
        this.#watch()
        return
      case 'pong':
        this.#unanswered = 0
        return
      case 'event':
        this.#options.onEvent(message)
        return
      case 'marker':
        this.#marker.learn(message.announcement)
        return
      case 'loading':
        this.#loading = message.file
        return
      case 'logger':
        this.#options.logLevels?.know(message.name)
        return
      case 'crash':
        this.#crashTrace = message.trace
        return
      default: {
        const pending = this.#pending.get(message.id)
        this.#pending.delete(message.id)
        if (message.type === 'result') pending?.resolve(message.value)
        else pending?.reject(fromErrorData(message.error))
      }
    }
  }

  /**
   * Counts rounds without an answer instead of looking at the clock, so that a pause of the whole process (or of the main
   * thread) is not taken for a hanging thread.
   */
  #watch(): void {
    const intervalMs = Math.max(25, Math.min(1000, this.#options.unresponsiveMs / 4))
    const mostRounds = Math.ceil(this.#options.unresponsiveMs / intervalMs)
    this.#pingTimer = setInterval(() => {
      if (this.#unanswered >= mostRounds) {
        this.#stopWatching()
        void this.#hung()
        return
      }
      this.#unanswered++
      this.#post({ type: 'ping' })
    }, intervalMs).unref()
  }

  #stopWatching(): void {
    if (this.#pingTimer !== null) clearInterval(this.#pingTimer)
    this.#pingTimer = null
  }

  async #hung(): Promise<void> {
    distrust(this.#worker)
    const probe = await probeThread(this.#worker.threadId, PROBE_TIMEOUT_MS)
    if (this.#closing) return
    if (this.#unanswered === 0 && this.#lost === null) {
      // It answered meanwhile: slow, but alive.
      trust(this.#worker)
      this.#watch()
      return
    }
    this.#lose({
      reason: `did not answer for ${this.#options.unresponsiveMs} ms`,
      call: probe?.call ?? this.#marker.current(),
      loading: this.#loading,
      trace: probe?.stack ?? '',
    })
    // Not awaited: a thread in native code ends only when that returns.
    this.terminate().catch(() => {})
  }

  #outgrown({ call }: HeldMemory): void {
    try {
      this.#lose({
        reason: this.#outOfMemory(),
        call: call ?? this.#marker.current(),
        loading: this.#loading,
        trace: '',
      })
    } finally {
      this.terminate().catch(() => {})
    }
  }

  #failed(error: unknown): void {
    this.#receiveRest()
    // V8's own limit is far above what is watched, but may be reached before the next look.
    const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    this.#lose({
      reason: isMemory ? this.#outOfMemory() : 'failed',
      call: this.#marker.current(),
      loading: this.#loading,
      trace: traceOf(error),
    })
  }

  #outOfMemory(): string {
    return `ran out of memory (${this.#allowance.text})`
  }

  #exited(code: number): void {
    trust(this.#worker)
    this.#receiveRest()
    this.#lose({
      reason:
        this.#crashTrace === ''
          ? `ended with exit code ${code}`
          : 'ended because of an error that belongs to none of its tasks',
      call: this.#crashTrace === '' ? this.#marker.current() : null,
      loading: this.#loading,
      trace: this.#crashTrace,
    })
  }

  #lose(loss: ThreadLoss): void {
    if (this.#lost !== null) return
    this.#lost = loss
    this.#forgetSecrets()
    this.#forgetLevels()
    this.#heapWatch.stop()
    this.#stopWatching()
    const error = new ThreadLostError(loss)
    for (const pending of this.#pending.values()) pending.reject(error)
    this.#pending.clear()
    if (!this.#closing) this.#options.onLost(loss)
  }
}
