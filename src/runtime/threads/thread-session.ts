import { Session } from 'node:inspector'

/** What a thread's inspector answers, or tells by itself (`method`). */
export interface InspectorMessage<R, P> {
  readonly id?: number
  readonly method?: string
  readonly params?: P
  readonly result?: R
}

export interface ThreadSessionOptions<R, P> {
  /** The thread's inspector can be asked now. */
  readonly onAttached: () => void
  readonly onMessage: (message: InspectorMessage<R, P>) => void
  /** There is no such thread any more, or it cannot be asked. */
  readonly onFailed: () => void
}

/**
 * A session with the inspector of another thread of this process. The thread obeys also in the middle of a loop that does
 * not end, but not while it runs native code. Answers come to the present thread as an interrupt, too, in the middle of whatever
 * it does, be it the work of a timer that they lead to be cleared: they are heard when that has ended.
 */
export class ThreadSession<R, P = never> {
  readonly #session = new Session()
  readonly #options: ThreadSessionOptions<R, P>
  #id = ''
  #isClosed = false

  constructor(options: ThreadSessionOptions<R, P>) {
    this.#options = options
  }

  open(threadId: number): void {
    this.#session.on('NodeWorker.attachedToWorker', ({ params }) => {
      // The worker id counts anew in each session; the thread's number stands in the title only.
      if (!params.workerInfo.title.startsWith(`[worker ${threadId}] `)) return
      this.#id = params.sessionId
      this.#later(() => this.#options.onAttached())
    })
    this.#session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
      if (params.sessionId !== this.#id) return
      this.#later(() => this.#options.onMessage(JSON.parse(params.message) as InspectorMessage<R, P>))
    })
    try {
      this.#session.connect()
      this.#session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, (error) => this.#failIf(error))
    } catch {
      this.#later(() => this.#options.onFailed())
    }
  }

  send(id: number, method: string, params: object = {}): void {
    const message = JSON.stringify({ id, method, params })
    const envelope = { sessionId: this.#id, message }
    this.#session.post('NodeWorker.sendMessageToWorker', envelope, (error) => this.#failIf(error))
  }

  /** Calls back when the thread has been let go. */
  detach(done: () => void): void {
    this.#session.post('NodeWorker.disable', () => this.#later(done))
  }

  /** Never throws. */
  close(): void {
    this.#isClosed = true
    try {
      this.#session.disconnect()
    } catch {
      // The thread may be gone already.
    }
  }

  #failIf(error: Error | null): void {
    if (error !== null) this.#later(() => this.#options.onFailed())
  }

  #later(work: () => void): void {
    setImmediate(() => {
      if (!this.#isClosed) work()
    })
  }
}

/** The JSON that a thread was asked for; null when it gave none: one that is being ended answers with what kept it from it. */
export function parsed<T>(value: unknown): T | null {
  if (typeof value !== 'string') return null
  try {
    return JSON.parse(value) as T | null
  } catch {
    return null
  }
}
