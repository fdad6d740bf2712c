import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long a task may work before other work of its thread gets its turn, in milliseconds. */
const LONGEST_TURN_MS = 10

/**
 * Keeps a task that never waits (its source always has something, its target takes it at once) from shutting out the other
 * tasks of its thread, the network and the supervisor.
 */
export class Turn {
  #began = performance.now()

  /** True when it is time to call {@link next}. */
  get isOver(): boolean {
    return performance.now() - this.#began >= LONGEST_TURN_MS
  }

  /** Lets everything else that waits run first. */
  async next(): Promise<void> {
    await nextTurn()
    this.#began = performance.now()
  }
}
