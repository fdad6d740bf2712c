import { Backoff } from '../../base/backoff.ts'
import { pause } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import { PeerError } from '../errors.ts'

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 60_000
/** So long after it was asked for, a request may be refused because its signature came with the key before. */
const KEY_GRACE_MS = 60_000

/** `failed`: the connector could not say, and has the status FAILED. */
export type PublishOutcome = 'done' | 'failed'

interface Wanted {
  /** Asked for since the present attempt began. */
  again: boolean
  /** When it was asked for last. */
  since: number
  attempt: Promise<PublishOutcome>
  /** Ends the pause before another attempt. */
  wake: () => void
}

/**
 * Sees to it that the cluster learns what tasks a connector wants: one run at a time for each connector, another one
 * after it when it was asked for meanwhile, and again and again (250 ms × 2ⁿ, at most 60 s) when publishing fails.
 */
export class TaskConfigPublisher {
  readonly #publish: (connector: string) => Promise<PublishOutcome>
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #wanted = new Map<string, Wanted>()

  /** `publish` rejects for what may be better the next time. */
  constructor(publish: (connector: string) => Promise<PublishOutcome>, logger: Logger) {
    this.#publish = publish
    this.#logger = logger
  }

  request(connector: string): void {
    if (this.#stopping.signal.aborted) return
    const running = this.#wanted.get(connector)
    if (running !== undefined) {
      running.again = true
      running.since = Date.now()
      running.wake()
      return
    }
    const entry: Wanted = { again: true, since: Date.now(), attempt: Promise.resolve('done'), wake: () => {} }
    this.#wanted.set(connector, entry)
    void this.#run(connector, entry)
  }

  /** Resolves after what was asked for by now was published, or could not be at the first attempt. */
  async attempted(connector: string): Promise<void> {
    try {
      for (let entry = this.#wanted.get(connector); entry !== undefined; entry = this.#wanted.get(connector))
        await entry.attempt
    } catch {
      // It comes again, with a word in the log.
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #run(connector: string, entry: Wanted): Promise<void> {
    const backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS)
    while (entry.again && !this.#stopping.signal.aborted) {
      entry.again = false
      try {
        entry.attempt = this.#publish(connector)
        await entry.attempt
        backoff.reset()
      } catch (error) {
        if (this.#stopping.signal.aborted) break
        // What was asked for during the attempt may be something else than what has just failed.
        const delayMs = entry.again ? Math.min(FIRST_RETRY_MS, backoff.next()) : backoff.next()
        const level = isPossiblyExpiredKey(error, entry.since) ? 'debug' : 'warn'
        this.#logger[level](
          { connector, err: error, delayMs },
          'Could not publish the task configurations; trying again',
        )
        entry.again = true
        await this.#pause(entry, delayMs)
      }
    }
    this.#wanted.delete(connector)
  }

  /** Ends early when there is news: what could not be published before may be something else by now. */
  async #pause(entry: Wanted, delayMs: number): Promise<void> {
    const news = new AbortController()
    entry.wake = () => news.abort()
    await pause(delayMs, AbortSignal.any([news.signal, this.#stopping.signal]))
    entry.wake = () => {}
  }
}

/** True for an answer that is to be expected for a while after the session key was replaced. */
export function isPossiblyExpiredKey(error: unknown, since: number): boolean {
  return error instanceof PeerError && error.status === 403 && Date.now() - since <= KEY_GRACE_MS
}
