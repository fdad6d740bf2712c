/** A start's claim to a name. */
export interface Place {
  /** Resolves when whoever had the place before has left it. */
  readonly ready: Promise<void>
  /** False once the place was left, or taken by a later start. */
  isCurrent(): boolean
}

/**
 * Which names are placed here. A stop takes effect at once, so that it can interrupt a start; a start that comes after
 * it waits until it is done; and a start that was overtaken notices.
 */
export class Places {
  readonly #current = new Map<string, object>()
  readonly #leaving = new Map<string, Promise<void>>()

  has(name: string): boolean {
    return this.#current.has(name)
  }

  names(): string[] {
    return [...this.#current.keys()]
  }

  take(name: string): Place {
    const token = {}
    this.#current.set(name, token)
    return {
      ready: this.#leaving.get(name) ?? Promise.resolve(),
      isCurrent: () => this.#current.get(name) === token,
    }
  }

  /** `done` resolves when what was there has stopped. */
  leave(name: string, done: Promise<void>): void {
    this.#current.delete(name)
    const leaving = Promise.all([this.#leaving.get(name), done]).then(() => {
      if (this.#leaving.get(name) === leaving) this.#leaving.delete(name)
    })
    this.#leaving.set(name, leaving)
  }
}
