import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { withDeadline } from '../../base/deadline.ts'
import { presentable } from '../../base/thrown.ts'
import { isConnectError } from '../../connect/index.ts'
import type { CallMarker } from './call-marker.ts'
import { ownerLabel, type ScopeOwner } from './scope-owner.ts'

/** A call into plugin code: whose, and which of its functions. */
export interface PluginCall {
  readonly owner: ScopeOwner
  readonly hook: string
}

interface CallContext extends PluginCall {
  readonly scope: PluginScope
}

const storage = new AsyncLocalStorage<CallContext>()

/** When plugin code last began or ended a call, on the clock of `performance.now()`. */
export interface Progress {
  /** The call that lasts still, null between calls. */
  readonly hook: string | null
  readonly at: number
}

/** What plugin code threw, with whose code it was and in which call; `cause` is what was thrown. */
export class PluginCallError extends Error {
  readonly owner: ScopeOwner
  readonly hook: string

  constructor(owner: ScopeOwner, hook: string, thrown: unknown) {
    const cause = presentable(thrown)
    super(`${ownerLabel(owner)} failed in ${hook}(): ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
    this.name = 'PluginCallError'
    this.owner = owner
    this.hook = hook
  }

  get isRetriable(): boolean {
    return isConnectError(this.cause, 'RetriableError')
  }
}

/**
 * Where a connector, a task or a validation calls plugin code through. Each call is known while it lasts (to the
 * supervisor, which finds out where a thread hangs) and in everything asynchronous that it starts (timers, events), so that
 * an error which nobody awaits is attributed to its owner.
 */
export class PluginScope {
  readonly owner: ScopeOwner
  readonly #marker: CallMarker
  readonly #onStrayError: (error: unknown, hook: string) => void
  /** Keeps the context of the hook that was called last: it is mostly the next one too, and making one costs more than a poll. */
  #frame: { readonly hook: string; readonly resource: AsyncResource } | null = null
  readonly #progress: { hook: string | null; at: number } = { hook: null, at: performance.now() }

  constructor(owner: ScopeOwner, marker: CallMarker, onStrayError: (error: unknown, hook: string) => void) {
    this.owner = owner
    this.#marker = marker
    this.#onStrayError = onStrayError
    marker.register(owner)
  }

  /** Runs plugin code. Throws what it throws, as it is. */
  run<T>(hook: string, call: () => T): T {
    const before = this.#marker.enter(this.owner, hook)
    try {
      return this.#frameOf(hook).runInAsyncScope(call)
    } finally {
      this.#marker.leave(before)
    }
  }

  #frameOf(hook: string): AsyncResource {
    if (this.#frame?.hook !== hook) {
      const context = { owner: this.owner, hook, scope: this }
      this.#frame = { hook, resource: storage.run(context, () => new AsyncResource('PluginCall')) }
    }
    return this.#frame.resource
  }

  /** Runs plugin code that may be asynchronous. Rejects with a {@link PluginCallError}; also after `timeoutMs`, if given. */
  call<T>(hook: string, call: () => T | Promise<T>, timeoutMs?: number): Promise<Awaited<T>> {
    // No async function: an idle task does little but call its plugin, and that would double what a call leaves behind.
    this.#moved(hook)
    let result: T | Promise<T>
    try {
      result = this.run(hook, call)
      if (!isThenable(result)) return Promise.resolve(this.#ended(result as Awaited<T>))
    } catch (error) {
      return Promise.reject(this.#failed(hook, error))
    }
    const pending = Promise.resolve(result) as Promise<Awaited<T>>
    const timed = timeoutMs === undefined ? pending : withDeadline(pending, timeoutMs, `${hook}()`)
    return timed.then(this.#ended, (error: unknown) => {
      throw this.#failed(hook, error)
    })
  }

  readonly #ended = <T>(result: T): T => {
    this.#moved(null)
    return result
  }

  #failed(hook: string, thrown: unknown): PluginCallError {
    this.#moved(null)
    const error = presentable(thrown)
    return error instanceof PluginCallError ? error : new PluginCallError(this.owner, hook, error)
  }

  /** The last call through {@link call}: when it began, and its hook, or when it ended, and null. */
  get progress(): Progress {
    return this.#progress
  }

  #moved(hook: string | null): void {
    this.#progress.hook = hook
    this.#progress.at = performance.now()
  }

  strayError(error: unknown, hook: string): void {
    this.#onStrayError(error, hook)
  }

  close(): void {
    this.#marker.unregister(this.owner)
  }
}

/** The plugin call that the running code belongs to, directly or by what it started; undefined for the runtime's own. */
export function currentPluginCall(): PluginCall | undefined {
  const context = storage.getStore()
  return context && { owner: context.owner, hook: context.hook }
}

/** Runs code on nobody's behalf: for what is made for one task and shared with others. */
export function outsideOfScopes<T>(call: () => T): T {
  return storage.exit(call)
}

/** Hands an error that nobody awaits to the owner of the code it came from; false when that is not known. */
export function attributeStrayError(error: unknown): boolean {
  const context = storage.getStore()
  if (context === undefined) return false
  context.scope.strayError(new PluginCallError(context.owner, context.hook, error), context.hook)
  return true
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
