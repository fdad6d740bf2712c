import type { MessagePort } from 'node:worker_threads'
import type { LevelSnapshot } from '../../base/log-levels.ts'
import type { LogLevel } from '../../base/logger.ts'
import type { HiddenSecret } from '../../base/secrets.ts'
import type { MarkerAnnouncement } from '../plugins/call-marker.ts'
import type { TaskRunnerListener } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import type { TaskHost } from './task-host.ts'

/** What a thread gets when it starts. */
export interface ThreadStart {
  readonly config: WorkerConfig
  readonly logLevel: LogLevel
  /** Levels that were set at loggers by name; empty when there are none. */
  readonly logLevels: LevelSnapshot
  readonly markerMemory: SharedArrayBuffer
  readonly excludedModules: readonly string[]
  /** Values that the thread's log must not show. */
  readonly secrets: readonly HiddenSecret[]
  /** For log lines. */
  readonly thread: number
  /** To the supervisor: {@link FromThread} and {@link ToThread}. Not `parentPort`, which plugins may take for theirs. */
  readonly port: MessagePort
  /** Where source offsets are kept, when that is not a topic. */
  readonly offsets: MessagePort | null
}

type AsyncMethods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]

/** The host's functions that the main thread may call. */
export type HostMethod = Exclude<AsyncMethods<TaskHost>, never>
export type HostArgs<M extends HostMethod> = Parameters<TaskHost[M]>
export type HostResult<M extends HostMethod> = Awaited<ReturnType<TaskHost[M]>>

export type ToThread =
  | { readonly type: 'call'; readonly id: number; readonly method: HostMethod; readonly args: readonly unknown[] }
  | { readonly type: 'ping' }
  /** Values that the thread's log must not show; sent before the calls that bring them. */
  | { readonly type: 'secrets'; readonly values: readonly HiddenSecret[] }
  /** Levels were changed. */
  | { readonly type: 'log-levels'; readonly levels: LevelSnapshot }

export type ListenerEvent = {
  [K in keyof TaskRunnerListener]: {
    readonly type: 'event'
    readonly event: K
    readonly args: Parameters<TaskRunnerListener[K]>
  }
}[keyof TaskRunnerListener]

export type FromThread =
  /** It is to answer from now on. */
  | { readonly type: 'ready' }
  | { readonly type: 'pong' }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly error: ErrorData }
  | { readonly type: 'marker'; readonly announcement: MarkerAnnouncement }
  | { readonly type: 'loading'; readonly file: string | null }
  /** A logger of this name is in use. */
  | { readonly type: 'logger'; readonly name: string }
  /** The thread is about to end itself because of an error that belongs to no task. */
  | { readonly type: 'crash'; readonly trace: string }
  | ListenerEvent

/** An error as plain data. */
export interface ErrorData {
  readonly name: string
  readonly message: string
  readonly stack: string
  readonly kind: 'config' | 'other'
  readonly errors: Readonly<Record<string, readonly string[]>>
}
