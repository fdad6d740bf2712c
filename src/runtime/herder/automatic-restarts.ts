import { Backoff } from '../../base/backoff.ts'
import type { RestartCount } from '../stores/status-records.ts'

/** When a connector's failed instance and tasks are started again by themselves; from the connector's configuration. */
export interface RestartPolicy {
  /** `errors.restart.limit`: restarts in a row; −1 without limit. */
  readonly limit: number
  /** `errors.restart.delay.ms`: before the first one; each further one waits twice as long. */
  readonly delayMs: number
  /** `errors.restart.delay.max.ms` */
  readonly delayMaxMs: number
  /** `errors.restart.reset.ms`: what has run for this long counts anew. */
  readonly resetMs: number
}

/** Null when the connector asks for no automatic restarts. Values that validation refuses count as their defaults. */
export function restartPolicy(props: Readonly<Record<string, string | undefined>>): RestartPolicy | null {
  const number = (name: string, byDefault: number): number => {
    const text = props[name]?.trim()
    const value = Number(text)
    return text === undefined || text === '' || !Number.isInteger(value) ? byDefault : value
  }
  const limit = number('errors.restart.limit', 0)
  if (limit === 0) return null
  return {
    limit,
    delayMs: number('errors.restart.delay.ms', 1000),
    delayMaxMs: number('errors.restart.delay.max.ms', 300_000),
    resetMs: number('errors.restart.reset.ms', 600_000),
  }
}

interface History {
  count: number
  readonly limit: number
  readonly backoff: Backoff
  runningSince: number | null
  nextAt: number | null
  timer: NodeJS.Timeout | null
}

/** Counts the failures of what is placed on this worker and starts it again after a while, within each one's policy. */
export class AutomaticRestarts {
  readonly #histories = new Map<string, History>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** `restart` is called once, after the delay, unless {@link forget} comes first. Gives what the status shows. */
  failed(key: string, policy: RestartPolicy | null, restart: () => void): RestartCount | null {
    if (policy === null) {
      this.forget(key)
      return null
    }
    let history = this.#histories.get(key)
    const runningSince = history?.runningSince ?? null
    const ranFor = runningSince === null ? 0 : this.#now() - runningSince
    if (history === undefined || history.limit !== policy.limit || ranFor >= policy.resetMs) {
      this.forget(key)
      const backoff = new Backoff(policy.delayMs, policy.delayMaxMs)
      history = { count: 0, limit: policy.limit, backoff, runningSince: null, nextAt: null, timer: null }
      this.#histories.set(key, history)
    }
    history.runningSince = null
    if (history.timer === null && (policy.limit < 0 || history.count < policy.limit)) {
      const delay = history.backoff.next()
      history.nextAt = this.#now() + delay
      history.timer = setTimeout(() => {
        if (this.#histories.get(key) !== history) return
        history.timer = null
        history.nextAt = null
        history.count++
        restart()
      }, delay).unref()
    }
    return this.count(key)
  }

  /** To be told when it runs, so that it counts anew after a long while. */
  running(key: string): void {
    const history = this.#histories.get(key)
    if (history !== undefined) history.runningSince ??= this.#now()
  }

  /** Null when it was never restarted by itself, and is not going to be. */
  count(key: string): RestartCount | null {
    const history = this.#histories.get(key)
    return history === undefined ? null : { count: history.count, limit: history.limit, nextAt: history.nextAt }
  }

  /** A user restarted, changed, stopped or removed it: it counts anew. */
  forget(key: string): void {
    const history = this.#histories.get(key)
    clearTimeout(history?.timer ?? undefined)
    this.#histories.delete(key)
  }
}
