/**
 * One lane per name: jobs of the same name run in the order of their calls, jobs of different names side by side.
 * Keeps a connector's stop from overtaking its start without holding up the others.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Resolves or rejects as the job does. */
  run<T>(name: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve()
    const result = before.then(job)
    const tail = result
      .catch(() => undefined)
      .finally(() => {
        if (this.#tails.get(name) === tail) this.#tails.delete(name)
      })
    this.#tails.set(name, tail)
    return result
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values())
  }
}
