import { AsyncLocalStorage } from 'node:async_hooks'
import { withDeadline } from '../../base/deadline.ts'
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

  constructor(owner: ScopeOwner, hook: string, cause: unknown) {
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
      return storage.run({ owner: this.owner, hook, scope: this }, call)
    } finally {
      this.#marker.leave(before)
    }
  }

  /** Runs plugin code that may be asynchronous. Rejects with a {@link PluginCallError}; also after `timeoutMs`, if given. */
  async call<T>(hook: string, call: () => T | Promise<T>, timeoutMs?: number): Promise<Awaited<T>> {
    this.#moved(hook)
    try {
      const result = this.run(hook, call)
      if (timeoutMs === undefined || !isThenable(result)) return await result
      return await withDeadline(Promise.resolve(result) as Promise<Awaited<T>>, timeoutMs, `${hook}()`)
    } catch (error) {
      throw error instanceof PluginCallError ? error : new PluginCallError(this.owner, hook, error)
    } finally {
      this.#moved(null)
    }
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
