import { now } from './waits.ts'

/** A request that waits for its answer. */
export interface PendingRequest {
  readonly name: string
  /** Who waits. */
  readonly requester: object
  readonly timeoutMs: number
  complete(frame: Uint8Array): void
  reject(error: Error): void
}

interface Entry {
  readonly request: PendingRequest
  /** Latest moment for the answer, on the clock of {@link now}. */
  readonly deadline: number
}

/** Longer delays than this overflow in Node's timers. */
const LONGEST_TIMER_MS = 0x7fffffff

/**
 * The requests of one connection that wait for their answers. One timer watches over all of them: it is set again only when
 * it has fired or a request has less time than the ones before.
 */
export class PendingRequests {
  readonly #entries = new Map<number, Entry>()
  readonly #onOverdue: (request: PendingRequest) => void
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY

  /** `onOverdue` is told of a request that was not answered in time; it is to give up all of them. */
  constructor(onOverdue: (request: PendingRequest) => void) {
    this.#onOverdue = onOverdue
  }

  get size(): number {
    return this.#entries.size
  }

  add(correlationId: number, request: PendingRequest): void {
    const deadline = now() + request.timeoutMs
    this.#entries.set(correlationId, { request, deadline })
    if (deadline < this.#timerAt) this.#setTimer(deadline)
  }

  /** The request that an answer is for, which waits no longer; undefined when there is none. */
  take(correlationId: number): PendingRequest | undefined {
    const entry = this.#entries.get(correlationId)
    this.#entries.delete(correlationId)
    return entry?.request
  }

  /** Gives up those of one requester. Their answers will still come, and be taken for what they are. */
  reject(requester: object, error: Error): void {
    for (const { request } of this.#entries.values()) if (request.requester === requester) request.reject(error)
  }

  /** Gives up all of them. */
  rejectAll(makeError: () => Error): void {
    clearTimeout(this.#timer)
    this.#timerAt = Number.POSITIVE_INFINITY
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    for (const { request } of entries) request.reject(makeError())
  }

  #setTimer(at: number): void {
    clearTimeout(this.#timer)
    this.#timerAt = at
    const delay = Math.ceil(Math.max(0, at - now()))
    this.#timer = setTimeout(() => this.#check(), Math.min(delay, LONGEST_TIMER_MS))
    this.#timer.unref()
  }

  #check(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    let first: Entry | null = null
    for (const entry of this.#entries.values()) if (first === null || entry.deadline < first.deadline) first = entry
    if (first === null) return
    if (first.deadline <= now()) this.#onOverdue(first.request)
    else this.#setTimer(first.deadline)
  }
}
