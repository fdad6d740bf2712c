/**
 * What a task has handed over and not got back: bytes on their way to the store, and objects about to be finished.
 * Bounds both, by letting the task wait.
 */
export class InFlight {
  bytes = 0
  objects = 0
  readonly #maxBytes: number
  readonly #maxObjects: number
  #waiting: (() => void)[] = []

  constructor(maxBytes: number, maxObjects: number) {
    this.#maxBytes = maxBytes
    this.#maxObjects = maxObjects
  }

  get isFull(): boolean {
    return this.bytes > this.#maxBytes || this.objects > this.#maxObjects
  }

  add(bytes: number, objects = 0): void {
    this.bytes += bytes
    this.objects += objects
  }

  remove(bytes: number, objects = 0): void {
    this.bytes -= bytes
    this.objects -= objects
    if (this.isFull) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Resolves as soon as there is room again, or when the signal aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.isFull && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          resolve()
        }
        signal.addEventListener('abort', wake)
        this.#waiting.push(wake)
      })
    }
  }
}
