import type { ScopeOwner } from './scope-owner.ts'

/** Names of plugin calls by number, for the shared memory. */
const hooks: string[] = []
const hookNumbers = new Map<string, number>()

/**
 * Notes in shared memory which plugin call a thread is in right now, so that it can be read when the thread hangs in
 * code that no debugger can interrupt (a wait, native code). Two 32-bit integers: owner number and hook number, 0 for none.
 */
export class CallMarker {
  readonly #cells: Int32Array
  readonly #numbers = new Map<ScopeOwner, number>()
  readonly #announce: (announcement: MarkerAnnouncement) => void
  #lastNumber = 0

  constructor(memory: SharedArrayBuffer, announce: (announcement: MarkerAnnouncement) => void) {
    this.#cells = new Int32Array(memory)
    this.#announce = announce
  }

  /** For code that runs without supervision, such as tests. */
  static unobserved(): CallMarker {
    return new CallMarker(new SharedArrayBuffer(CallMarker.sizeBytes), () => {})
  }

  static readonly sizeBytes = 8

  register(owner: ScopeOwner): void {
    this.#numbers.set(owner, ++this.#lastNumber)
    this.#announce({ what: 'owner', number: this.#lastNumber, owner })
  }

  unregister(owner: ScopeOwner): void {
    const number = this.#numbers.get(owner)
    if (number === undefined) return
    this.#numbers.delete(owner)
    this.#announce({ what: 'owner', number, owner: null })
  }

  /** Gives what `leave` restores: calls may nest. */
  enter(owner: ScopeOwner, hook: string): number {
    const before = this.#cells[0] as number
    this.#cells[1] = this.#hookNumber(hook)
    this.#cells[0] = this.#numbers.get(owner) ?? 0
    return before
  }

  leave(before: number): void {
    this.#cells[0] = before
  }

  #hookNumber(hook: string): number {
    let number = hookNumbers.get(hook)
    if (number === undefined) {
      number = hooks.push(hook)
      hookNumbers.set(hook, number)
      this.#announce({ what: 'hook', number, hook })
    }
    return number
  }
}

/** What the numbers in the shared memory mean; sent to the supervisor before they are used. */
export type MarkerAnnouncement =
  | { readonly what: 'owner'; readonly number: number; readonly owner: ScopeOwner | null }
  | { readonly what: 'hook'; readonly number: number; readonly hook: string }

/** The supervisor's side of a {@link CallMarker}. */
export class CallMarkerReader {
  readonly memory = new SharedArrayBuffer(CallMarker.sizeBytes)
  readonly #cells = new Int32Array(this.memory)
  readonly #owners = new Map<number, ScopeOwner>()
  readonly #hooks = new Map<number, string>()

  learn(announcement: MarkerAnnouncement): void {
    if (announcement.what === 'hook') this.#hooks.set(announcement.number, announcement.hook)
    else if (announcement.owner === null) this.#owners.delete(announcement.number)
    else this.#owners.set(announcement.number, announcement.owner)
  }

  /** The plugin call that the thread is in, null when it is in none. */
  current(): { owner: ScopeOwner; hook: string } | null {
    const owner = this.#owners.get(Atomics.load(this.#cells, 0))
    if (owner === undefined) return null
    return { owner, hook: this.#hooks.get(Atomics.load(this.#cells, 1)) ?? 'unknown' }
  }
}
