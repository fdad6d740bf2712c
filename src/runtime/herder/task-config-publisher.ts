import { Backoff } from '../../base/backoff.ts'
import { pause } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 60_000

/** `failed`: the connector could not say, and has the status FAILED; `retry`: nobody took them yet. */
export type PublishOutcome = 'done' | 'failed'

/**
 * Sees to it that the cluster learns what tasks a connector wants: one run at a time for each connector, another one
 * after it when it was asked for meanwhile, and again and again (250 ms × 2ⁿ, at most 60 s) when publishing fails.
 */
export class TaskConfigPublisher {
  readonly #publish: (connector: string) => Promise<PublishOutcome>
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #wanted = new Map<string, { again: boolean }>()

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
    const entry = { again: true }
    this.#wanted.set(connector, entry)
    void this.#run(connector, entry)
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #run(connector: string, entry: { again: boolean }): Promise<void> {
    const backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS)
    while (entry.again && !this.#stopping.signal.aborted) {
      entry.again = false
      try {
        await this.#publish(connector)
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
