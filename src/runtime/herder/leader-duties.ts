import { Backoff } from '../../base/backoff.ts'
import { withDeadline } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import type { SessionKey } from '../stores/config-records.ts'
import type { ConfigStore } from '../stores/config-store.ts'
import type { StatusStore } from '../stores/status-store.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { generateSessionKey } from './signature.ts'

type KeySettings = Pick<
  WorkerConfig,
  'interWorkerKeyAlgorithm' | 'interWorkerKeySize' | 'interWorkerKeyTtlMs' | 'workerSyncTimeoutMs'
>

/** Removes the statuses and topics of what is no longer configured. */
export function dropStaleStatuses(config: ConfigStore, statuses: StatusStore): void {
  const { state } = config
  for (const connector of new Set([...statuses.connectors(), ...statuses.connectorsWithTopics()])) {
    if (!state.has(connector)) statuses.deleteConnector(connector)
    else {
      for (const task of statuses.taskNumbers(connector)) {
        if (state.taskConfig({ connector, task }) === null) statuses.deleteTask({ connector, task })
      }
    }
  }
}

/** Runs a job of the herder, which sees to it that no two of them overlap. */
type Run = (job: () => Promise<void>) => Promise<void>

/** A time to live of 0 must not make a busy loop. */
const SHORTEST_LIFE_MS = 1_000
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 10_000

/** Keeps a session key in the configuration topic that is neither too old nor of another algorithm. */
export class SessionKeyRotation {
  readonly #store: ConfigStore
  readonly #settings: KeySettings
  readonly #logger: Logger
  readonly #backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS)
  /** Of the present term as the leader; null while this worker is none. */
  #term: object | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(store: ConfigStore, settings: KeySettings, logger: Logger) {
    this.#store = store
    this.#settings = settings
    this.#logger = logger
  }

  /** Milliseconds until the present key is due to be replaced; 0 when there is none that fits. */
  #dueInMs(): number {
    const key = this.#store.state.sessionKey
    const fresh = this.#generate()
    if (key === null || key.algorithm !== fresh.algorithm || key.key.length !== fresh.key.length) return 0
    return Math.max(0, key.createdAt + this.#settings.interWorkerKeyTtlMs - Date.now())
  }

  /**
   * Writes a new key when one is due, and again each time the key gets too old, until {@link stop}. A key that could not
   * be written is tried again; never rejects.
   */
  async start(run: Run): Promise<void> {
    this.stop()
    const term = {}
    this.#term = term
    this.#backoff.reset()
    await this.#keep(term, run)
  }

  stop(): void {
    this.#term = null
    clearTimeout(this.#timer)
  }

  #generate(): SessionKey {
    const { interWorkerKeyAlgorithm, interWorkerKeySize } = this.#settings
    return generateSessionKey(interWorkerKeyAlgorithm, interWorkerKeySize, Date.now())
  }

  async #keep(term: object, run: Run): Promise<void> {
    if (this.#term !== term) return
    try {
      if (this.#dueInMs() === 0) await this.#store.putSessionKey(this.#generate())
      this.#backoff.reset()
      const lifeMs = Math.max(SHORTEST_LIFE_MS, Math.min(this.#dueInMs(), 2 ** 31 - 1))
      this.#later(term, run, lifeMs, () => this.#keep(term, run))
    } catch (error) {
      const delayMs = this.#backoff.next()
      this.#logger.warn(
        { err: error, delayMs },
        'Could not write a new session key; looking again whether one is needed',
      )
      this.#later(term, run, delayMs, () => this.#lookAgain(term, run))
    }
  }

  /** It may be in the topic all the same: only the news of it did not come in time. */
  async #lookAgain(term: object, run: Run): Promise<void> {
    const { workerSyncTimeoutMs } = this.#settings
    try {
      await withDeadline(this.#store.readToEnd(), workerSyncTimeoutMs, 'Reading the config topic')
    } catch (error) {
      this.#logger.warn({ err: error }, 'Could not catch up with the config topic')
    }
    await this.#keep(term, run)
  }

  #later(term: object, run: Run, delayMs: number, job: () => Promise<void>): void {
    if (this.#term !== term) return
    const begin = (): void => {
      // Refused only by a worker that stops.
      run(async () => {
        if (this.#term === term) await job()
      }).catch(() => undefined)
    }
    this.#timer = setTimeout(begin, delayMs)
    this.#timer.unref()
  }
}
