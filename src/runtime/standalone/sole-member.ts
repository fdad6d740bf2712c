import type { GroupHandler, GroupMembership } from '../group/membership.ts'

const MEMBER_ID = 'standalone'

/**
 * A group of one worker: it leads, and every round is over at once. So a standalone worker runs by the same rules as
 * one of a cluster, without a broker that coordinates.
 */
export class SoleMember implements GroupMembership {
  readonly #handler: GroupHandler
  readonly #onError: (error: unknown) => void
  #generation = 0
  #due = false
  #left = false
  #round: Promise<void> | null = null

  /** `onError` gets what a round fails with; another round is not begun by itself. */
  constructor(handler: GroupHandler, onError: (error: unknown) => void) {
    this.#handler = handler
    this.#onError = onError
  }

  async start(): Promise<void> {
    this.requestRejoin()
    await this.#round
  }

  requestRejoin(): void {
    this.#due = true
    this.#round ??= this.#rounds()
  }

  /** There is nobody who would notice. */
  async leaveUntil(ready: Promise<void>): Promise<void> {
    await ready
    this.requestRejoin()
  }

  async leave(): Promise<void> {
    this.#left = true
    await this.#round
  }

  async #rounds(): Promise<void> {
    // Not within the caller: who asks for a round is still in the middle of something.
    await Promise.resolve()
    while (this.#due && !this.#left) {
      this.#due = false
      try {
        await this.#join()
      } catch (error) {
        this.#onError(error)
      }
    }
    this.#round = null
  }

  async #join(): Promise<void> {
    await this.#handler.onRevoke()
    const protocol = this.#handler.protocols()[0]
    if (protocol === undefined) throw new Error('the worker offers no protocol')
    const { name, metadata } = protocol
    const assignments = await this.#handler.assign(name, MEMBER_ID, [{ memberId: MEMBER_ID, metadata }])
    const own = assignments.get(MEMBER_ID)
    if (own === undefined) throw new Error('the worker assigned nothing to itself')
    await this.#handler.onAssigned(name, ++this.#generation, MEMBER_ID, MEMBER_ID, own)
  }
}
