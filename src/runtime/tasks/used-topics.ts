/** How long a topic that was reported need not be reported again, in milliseconds. */
const AGAIN_MS = 1000

/** Which topics of a task are to be reported as in use: again after a while, since the list may have been reset meanwhile. */
export class UsedTopics {
  readonly #reported = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Notes a use. True when it is to be reported now. */
  use(topic: string): boolean {
    const now = this.#now()
    const last = this.#reported.get(topic)
    if (last !== undefined && now - last < AGAIN_MS) return false
    this.#reported.set(topic, now)
    return true
  }
}
