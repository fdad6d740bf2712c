import { Backoff } from '../../base/backoff.ts'
import { pause } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 60_000

/** `failed`: the connector could not say, and has the status FAILED. */
export type PublishOutcome = 'done' | 'failed'

interface Wanted {
  /** Asked for since the present attempt began. */
  again: boolean
  attempt: Promise<PublishOutcome>
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
      return
    }
    const entry: Wanted = { again: true, attempt: Promise.resolve('done') }
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
        const delayMs = backoff.next()
        this.#logger.warn({ connector, err: error, delayMs }, 'Could not publish the task configurations; trying again')
        entry.again = true
        await pause(delayMs, this.#stopping.signal)
      }
    }
    this.#wanted.delete(connector)
  }
}
