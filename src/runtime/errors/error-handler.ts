import { pause } from '../../base/deadline.ts'
import { ConnectError, isConnectError } from '../../connect/index.ts'
import type { ErrorPolicy } from './error-policy.ts'
import type { ErrorReporter, FailedRecord } from './failed-record.ts'
import { StageError } from './stage-error.ts'

/** Totals for the task-error metrics. */
export interface ErrorCounters {
  /** Attempts that failed, those that a retry mended included. */
  failures: number
  /** Records that could not be handled. */
  errors: number
  skipped: number
  retries: number
  logged: number
  deadLetterRequests: number
  deadLetterFailures: number
  /** Milliseconds since the epoch, 0 for never. */
  lastErrorTimestamp: number
}

export function newErrorCounters(): ErrorCounters {
  return {
    failures: 0,
    errors: 0,
    skipped: 0,
    retries: 0,
    logged: 0,
    deadLetterRequests: 0,
    deadLetterFailures: 0,
    lastErrorTimestamp: 0,
  }
}

export interface ErrorHandlerOptions {
  readonly policy: ErrorPolicy
  /** Aborted when the task stops: ends waiting between retries. */
  readonly signal: AbortSignal
  /** Default `Date.now`. */
  readonly now?: () => number
  /** Waits; false when `signal` cut it short. Default: a timer. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<boolean>
}

const FIRST_RETRY_DELAY_MS = 300
/** Reports under way at which a failing task waits for them, so that it does not pile them up in memory. */
const MOST_PENDING_REPORTS = 1000

/**
 * Decides what happens to a record that a stage could not handle: retried, skipped, or the task's end. Called for
 * failures only; a record that passes costs nothing here.
 */
export class ErrorHandler {
  readonly counters = newErrorCounters()
  readonly policy: ErrorPolicy
  readonly #reporters: ErrorReporter[] = []
  readonly #pending = new Set<Promise<void>>()
  readonly #signal: AbortSignal
  readonly #now: () => number
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<boolean>

  constructor({ policy, signal, now = Date.now, sleep = pause }: ErrorHandlerOptions) {
    this.policy = policy
    this.#signal = signal
    this.#now = now
    this.#sleep = sleep
  }

  /** Failures are told to it from now on; it is closed with this handler. */
  addReporter(reporter: ErrorReporter): void {
    this.#reporters.push(reporter)
  }

  /**
   * `error` came out of the first attempt; `attempt` tries the same again (only `RetriableError`s are retried, until
   * `errors.retry.timeout` is over). Resolves with the outcome, or with null when the record is to be skipped; then, and
   * also when the task must fail, it was reported.
   * Rejects when the task must fail, also when its stop cuts retries short (the record is not reported and comes again),
   * and with any error that is not a {@link StageError}.
   */
  async recover<T>(error: unknown, attempt: () => T | Promise<T>, record?: FailedRecord): Promise<T | null> {
    if (!(error instanceof StageError)) throw error
    let failure = error
    let deadline = this.#deadline()
    for (let n = 1; ; n++) {
      this.counters.failures++
      if (!isConnectError(failure.cause, 'RetriableError') || this.#now() >= deadline) break
      const isOver = await this.#sleep(this.backoffMs(n, deadline), this.#signal)
      this.counters.retries++
      if (!isOver || this.#signal.aborted) throw stopped(failure)
      try {
        return await attempt()
      } catch (next) {
        if (!(next instanceof StageError)) throw next
        // Another step has its own time for retries.
        if (next.stage !== failure.stage || next.className !== failure.className) {
          deadline = this.#deadline()
          n = 0
        }
        failure = next
      }
    }
    this.counters.errors++
    this.counters.lastErrorTimestamp = this.#now()
    void this.#report(failure, record)
    if (!isTolerable(failure)) {
      throw new ConnectError(`Unhandled exception in error handler: ${failure.message}`, { cause: failure.cause })
    }
    if (this.policy.tolerance !== 'all') throw exceeded(failure)
    this.counters.skipped++
    if (this.#pending.size >= MOST_PENDING_REPORTS) await this.reported()
    return null
  }

  /**
   * A failure that was found out elsewhere and cannot be retried: a rejected send, a record that a sink task reports. The
   * promise resolves when it is reported, and rejects when a dead letter could not be kept.
   * @throws ConnectError when the connector does not tolerate it; it was reported all the same
   */
  failed(error: StageError, record?: FailedRecord): Promise<void> {
    this.counters.failures++
    this.counters.lastErrorTimestamp = this.#now()
    const reported = this.#report(error, record)
    if (this.policy.tolerance === 'all') return reported
    this.counters.errors++
    throw exceeded(error)
  }

  /** Resolves when all that was reported so far is kept or has failed; what is skipped must not be committed before. */
  async reported(): Promise<void> {
    if (this.#pending.size > 0) await Promise.allSettled(this.#pending)
  }

  /** Milliseconds to wait before attempt `n` + 1: 300, doubled each time; above the cap something random below it. */
  backoffMs(n: number, deadline: number): number {
    const delay = FIRST_RETRY_DELAY_MS * 2 ** Math.min(n - 1, 40)
    const cap = this.policy.retryDelayMaxMs
    const chosen = delay > cap ? Math.floor(Math.random() * cap) : delay
    return Math.max(0, Math.min(chosen, deadline - this.#now()))
  }

  #deadline(): number {
    return this.policy.retryTimeoutMs < 0 ? Infinity : this.#now() + this.policy.retryTimeoutMs
  }

  #report(error: StageError, record: FailedRecord | undefined): Promise<void> {
    const waits = this.#reporters.flatMap((reporter) => reporter.report(error, record) ?? [])
    if (waits.length === 0) return Promise.resolve()
    const all = Promise.all(waits).then(() => {})
    this.#pending.add(all)
    // Who wants to know of a failure awaits the promise; the reporter has logged it.
    all.catch(() => {}).finally(() => this.#pending.delete(all))
    return all
  }

  /** Closes all reporters, whatever becomes of each. @throws ConnectError when one could not be closed */
  async close(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#reporters.splice(0).map((reporter) => reporter.close()))
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    if (failures.length > 0) throw new ConnectError('Failed to close all reporters', { cause: failures[0] })
  }
}

function isTolerable(error: StageError): boolean {
  switch (error.stage) {
    case 'TRANSFORMATION':
    case 'KEY_CONVERTER':
    case 'VALUE_CONVERTER':
    case 'HEADER_CONVERTER':
      return true
    default:
      return isConnectError(error.cause, 'RetriableError')
  }
}

function exceeded(failure: StageError): ConnectError {
  return new ConnectError(
    `Tolerance exceeded in error handler: ${failure.message}. Set errors.tolerance=all to skip such records.`,
    { cause: failure.cause },
  )
}

function stopped(failure: StageError): ConnectError {
  return new ConnectError(`The task was stopped while it waited to retry: ${failure.message}`, { cause: failure.cause })
}
