import type { Logger } from '../../base/logger.ts'
import type { ConfigStore } from '../stores/config-store.ts'
import type { StatusStore } from '../stores/status-store.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { generateSessionKey } from './signature.ts'

type KeySettings = Pick<WorkerConfig, 'interWorkerKeyAlgorithm' | 'interWorkerKeySize' | 'interWorkerKeyTtlMs'>

/** Removes the statuses and topics of what is no longer configured. */
export function dropStaleStatuses(config: ConfigStore, statuses: StatusStore): void {
  const { state } = config
  for (const connector of new Set([...statuses.connectors(), ...statuses.connectorsWithTopics()])) {
    if (!state.has(connector)) statuses.deleteConnector(connector)
    else {
      for (const { task } of statuses.tasks(connector)) {
        if (state.taskConfig({ connector, task }) === null) statuses.deleteTask({ connector, task })
      }
    }
  }
}

/** Keeps a session key in the configuration topic that is neither too old nor of another algorithm. */
export class SessionKeyRotation {
  readonly #store: ConfigStore
  readonly #settings: KeySettings
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined

  constructor(store: ConfigStore, settings: KeySettings, logger: Logger) {
    this.#store = store
    this.#settings = settings
    this.#logger = logger
  }

  /** Milliseconds until the present key is due to be replaced; 0 when there is none that fits. */
  #dueInMs(): number {
    const { interWorkerKeyAlgorithm, interWorkerKeySize, interWorkerKeyTtlMs } = this.#settings
    const key = this.#store.state.sessionKey
    if (key === null || key.algorithm !== interWorkerKeyAlgorithm) return 0
    if (interWorkerKeySize !== null && key.key.length * 8 !== interWorkerKeySize) return 0
    return Math.max(0, key.createdAt + interWorkerKeyTtlMs - Date.now())
  }

  /** Writes a new key when one is due, and again each time the key gets too old, until {@link stop}. */
  async start(run: (job: () => Promise<void>) => Promise<void>): Promise<void> {
    this.stop()
    const { interWorkerKeyAlgorithm, interWorkerKeySize } = this.#settings
    if (this.#dueInMs() === 0) {
      await this.#store.putSessionKey(generateSessionKey(interWorkerKeyAlgorithm, interWorkerKeySize, Date.now()))
    }
    const again = (): void => {
      run(() => this.start(run)).catch((error: unknown) => {
        this.#logger.error({ err: error }, 'Could not replace the session key')
      })
    }
    // A time to live of 0 must not make a busy loop.
    this.#timer = setTimeout(again, Math.max(1_000, Math.min(this.#dueInMs(), 2 ** 31 - 1)))
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
