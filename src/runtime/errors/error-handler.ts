import { pause } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import { ConnectError, isConnectError } from '../../connect/index.ts'
import { StageError } from './stage-error.ts'

export interface ErrorPolicy {
  /** `errors.tolerance`. */
  readonly tolerance: 'none' | 'all'
  /** `errors.retry.timeout` in milliseconds, −1 for ever. */
  readonly retryTimeoutMs: number
  /** `errors.retry.delay.max.ms`. */
  readonly retryDelayMaxMs: number
  /** `errors.log.enable`. */
  readonly log: boolean
  /** `errors.log.include.messages`: coordinates of the record, never what it holds. */
  readonly logMessages: boolean
}

/** Reads the `errors.*` settings of a connector; they were validated when it was created. */
export function errorPolicy(props: Readonly<Record<string, string | undefined>>): ErrorPolicy {
  return {
    tolerance: props['errors.tolerance']?.trim().toLowerCase() === 'all' ? 'all' : 'none',
    retryTimeoutMs: Number(props['errors.retry.timeout'] ?? 0),
    retryDelayMaxMs: Number(props['errors.retry.delay.max.ms'] ?? 60_000),
    log: props['errors.log.enable']?.trim().toLowerCase() === 'true',
    logMessages: props['errors.log.include.messages']?.trim().toLowerCase() === 'true',
  }
}

/** Where a failed record came from, for logs. */
export interface RecordCoordinates {
  readonly topic?: string
  readonly partition?: number | null
  readonly offset?: number
  readonly timestamp?: number | null
  readonly timestampType?: string
}

/** Totals for the task-error metrics. */
export interface ErrorCounters {
  /** Operations that failed, retries not counted. */
  failures: number
  /** Failures that could not be retried away. */
  errors: number
  skipped: number
  retries: number
  logged: number
  /** Milliseconds since the epoch, 0 for never. */
  lastErrorTimestamp: number
}

export interface ErrorHandlerOptions {
  readonly connector: string
  readonly task: number
  readonly policy: ErrorPolicy
  readonly logger: Logger
  /** Aborted when the task stops: ends waiting between retries. */
  readonly signal: AbortSignal
  readonly now?: () => number
}

const FIRST_RETRY_DELAY_MS = 300

/**
 * Decides what happens to a record that a stage could not handle: retried, skipped, or the task's end. Called for
 * failures only; a record that passes costs nothing here.
 */
export class ErrorHandler {
  readonly counters: ErrorCounters = {
    failures: 0,
    errors: 0,
    skipped: 0,
    retries: 0,
    logged: 0,
    lastErrorTimestamp: 0,
  }
  readonly policy: ErrorPolicy
  readonly #options: ErrorHandlerOptions
  readonly #now: () => number

  constructor(options: ErrorHandlerOptions) {
    this.#options = options
    this.policy = options.policy
    this.#now = options.now ?? Date.now
  }

  /**
   * `error` came out of the first attempt; `attempt` tries the same again (only `RetriableError`s are retried, until
   * `errors.retry.timeout` is over). Resolves with the outcome, or with null when the record is to be skipped.
   * Rejects when the task must fail, also when retries are cut short by the task's stop, and with any error that is not
   * a {@link StageError}.
   */
  async recover<T>(error: unknown, attempt: () => T | Promise<T>, coordinates?: RecordCoordinates): Promise<T | null> {
    if (!(error instanceof StageError)) throw error
    this.counters.failures++
    let failure = error
    let retried = false
    const deadline = this.policy.retryTimeoutMs < 0 ? Infinity : this.#now() + this.policy.retryTimeoutMs
    for (let n = 0; isConnectError(failure.cause, 'RetriableError') && this.#now() < deadline; n++) {
      retried = true
      this.counters.retries++
      const delay = Math.min(this.#delay(n), deadline - this.#now())
      if (!(await pause(delay, this.#options.signal))) throw stopped(failure)
      try {
        return await attempt()
      } catch (next) {
        if (!(next instanceof StageError)) throw next
        failure = next
      }
    }
    this.counters.errors++
    this.counters.lastErrorTimestamp = this.#now()
    this.#log(failure, coordinates)
    const exhausted = retried && isConnectError(failure.cause, 'RetriableError')
    if (exhausted || this.tolerates(failure)) {
      this.counters.skipped++
      return null
    }
    throw new ConnectError(
      `Tolerance exceeded in error handler: ${failure.message}. Set errors.tolerance=all to skip such records.`,
      { cause: failure.cause },
    )
  }

  /** A failure that was reported by other means, e.g. a rejected send: true when the record is skipped. */
  report(error: StageError, coordinates?: RecordCoordinates): boolean {
    this.counters.failures++
    this.counters.errors++
    this.counters.lastErrorTimestamp = this.#now()
    this.#log(error, coordinates)
    if (this.policy.tolerance !== 'all') return false
    this.counters.skipped++
    return true
  }

  tolerates(error: StageError): boolean {
    return this.policy.tolerance === 'all' && isTolerable(error)
  }

  #delay(attempt: number): number {
    const delay = FIRST_RETRY_DELAY_MS * 2 ** Math.min(attempt, 30)
    const cap = this.policy.retryDelayMaxMs
    return delay > cap ? Math.random() * cap : delay
  }

  #log(error: StageError, coordinates: RecordCoordinates | undefined): void {
    if (!this.policy.log) return
    this.counters.logged++
    const { connector, task, logger } = this.#options
    const record = this.policy.logMessages && coordinates ? { record: coordinates } : {}
    logger.error(
      { connector, task, ...record, err: error.cause },
      `Error encountered in task ${connector}-${task}. Executing stage '${error.stage}' with class '${error.className}'`,
    )
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

function stopped(failure: StageError): ConnectError {
  return new ConnectError(`The task was stopped while it waited to retry: ${failure.message}`, { cause: failure.cause })
}
