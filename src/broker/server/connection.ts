import type { Socket } from 'node:net'
import type { Logger } from '../../base/logger.ts'
import { type FrameMemory, FrameReader, writeChunks } from '../../net/index.ts'
import { decodeRequestHeader, type RequestHeader } from '../../protocol/request-header.ts'
import { withOwnReads } from './own-reads.ts'
import type { RequestBudget } from './request-budget.ts'
import type { ResponseBudget } from './response-budget.ts'

/** Answers of one request: the chunks to write, or null for no answer (acks=0). */
export type Answer = Promise<Uint8Array[] | null>

/** What a connection needs from the broker behind it. */
export interface RequestDispatcher {
  /**
   * Begins a request. Throws, or its answer rejects, if the connection has to be closed.
   * `abort` fires when the client is gone.
   */
  dispatch(frame: Uint8Array, header: RequestHeader, peer: Peer, abort: AbortSignal): Answer
  /** Whether requests of this kind may begin before the ones ahead of them, of the same kind, are answered. */
  isPipelined(apiKey: number): boolean
  /** Whether nothing refers to the bytes of such a request once it is answered. */
  forgetsFrame(apiKey: number): boolean
}

/** Who is at the other end, and through which listener they came. */
export interface Peer {
  readonly host: string
  readonly port: number
  readonly listener: string
}

interface InFlight {
  readonly apiKey: number
  readonly size: number
  answer: Uint8Array[] | null
  isDone: boolean
}

const MAX_PIPELINED = 16
const MAX_PIPELINED_BYTES = 33554432
/** Answers up to this size are written together with the next ones, if those requests are here already. */
const LARGEST_GATHERED = 1024
const MAX_GATHERED_BYTES = 65536

/**
 * One client connection: reads requests, has them handled strictly in order, and writes the answers in the same order.
 * While a request is in progress the socket is not read beyond the chunk that has arrived already. Produce requests may
 * overlap (bounded in number and bytes), so that one flush of the log serves several.
 */
export class Connection {
  readonly peer: Peer
  readonly #socket: Socket
  readonly #dispatcher: RequestDispatcher
  readonly #budget: RequestBudget
  readonly #responses: ResponseBudget
  readonly #memory: FrameMemory
  readonly #logger: Logger
  readonly #reader: FrameReader
  readonly #abort = new AbortController()
  readonly #queue: Uint8Array[] = []
  readonly #inFlight: InFlight[] = []
  #inFlightBytes = 0
  #pendingBytes = 0
  #unsentBytes = 0
  #isBlocked = false
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #isClosed = false
  #isPumping = false

  /** @param accepted a socket that does not read yet */
  constructor(
    accepted: Socket,
    listener: string,
    options: {
      dispatcher: RequestDispatcher
      budget: RequestBudget
      responses: ResponseBudget
      memory: FrameMemory
      maxFrameBytes: number
      idleMs: number
      logger: Logger
    },
  ) {
    this.#dispatcher = options.dispatcher
    this.#budget = options.budget
    this.#responses = options.responses
    this.#logger = options.logger
    this.#memory = options.memory
    this.#reader = new FrameReader({ maxFrameBytes: options.maxFrameBytes, memory: options.memory })
    const socket = withOwnReads(accepted, {
      buffer: () => this.#reader.target(),
      callback: (count, bytes) => {
        this.#onData(bytes.subarray(0, count))
        return true
      },
    })
    this.#socket = socket
    this.peer = { host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, listener }
    socket.setNoDelay(true)
    if (options.idleMs > 0) socket.setTimeout(options.idleMs, () => this.#onIdle())
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error) => this.#logger.debug({ peer: this.peer, err: error }, 'A connection broke'))
    socket.on('close', () => this.#onClose())
    socket.resume()
  }

  /** Calls `listener` when the connection is gone. */
  onClose(listener: () => void): void {
    this.#socket.once('close', listener)
  }

  /** Closes at once; requests in progress go on, but their answers are dropped. */
  close(): void {
    this.#socket.destroy()
  }

  /** For the budget: there is room again. */
  resume(): void {
    this.#readOn()
  }

  /** For the budget: others wait for the room that this connection's unfinished request takes. */
  expire(): void {
    this.#fail('its request did not arrive whole in time while others wait for memory', null)
  }

  #onData(chunk: Uint8Array): void {
    let frames: Uint8Array[]
    try {
      frames = this.#reader.push(chunk)
    } catch (error) {
      this.#fail('it sent bytes that are not a Kafka request', error)
      return
    }
    for (const frame of frames) {
      this.#queue.push(frame)
      this.#budget.add(frame.length)
    }
    const pending = this.#reader.pendingBytes
    this.#budget.add(pending - this.#pendingBytes)
    this.#pendingBytes = pending
    if (pending === 0 || frames.length > 0) this.#budget.done(this)
    this.#pump()
    this.#readOn()
  }

  /** Reads on if nothing waits to begin and there is memory for what may come; else stops reading. */
  #readOn(): void {
    if (this.#isClosed) return
    const mayRead =
      this.#queue.length === 0 && !this.#isBlocked && (this.#pendingBytes === 0 || this.#budget.mayRead(this))
    if (mayRead) this.#socket.resume()
    else this.#socket.pause()
  }

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (!this.#isClosed && !this.#isBlocked) {
        const frame = this.#queue[0]
        if (frame === undefined) break
        const header = this.#headerOf(frame)
        if (header === null || !this.#mayBegin(header)) break
        this.#queue.shift()
        this.#begin(frame, header)
      }
    } finally {
      this.#isPumping = false
    }
  }

  #headerOf(frame: Uint8Array): RequestHeader | null {
    try {
      return decodeRequestHeader(frame)
    } catch (error) {
      this.#fail('the header of its request cannot be read', error)
      return null
    }
  }

  #mayBegin({ apiKey }: RequestHeader): boolean {
    const last = this.#inFlight.at(-1)
    if (last === undefined) return true
    return (
      last.apiKey === apiKey &&
      this.#dispatcher.isPipelined(apiKey) &&
      this.#inFlight.length < MAX_PIPELINED &&
      this.#inFlightBytes < MAX_PIPELINED_BYTES
    )
  }

  #begin(frame: Uint8Array, header: RequestHeader): void {
    const entry: InFlight = { apiKey: header.apiKey, size: frame.length, answer: null, isDone: false }
    this.#inFlight.push(entry)
    this.#inFlightBytes += entry.size
    let answer: Answer
    try {
      answer = this.#dispatcher.dispatch(frame, header, this.peer, this.#abort.signal)
    } catch (error) {
      this.#fail('its request cannot be served', error)
      return
    }
    answer.then(
      (chunks) => {
        if (this.#dispatcher.forgetsFrame(header.apiKey)) this.#memory.give(frame)
        entry.answer = chunks
        entry.isDone = true
        this.#flush()
      },
      (error: unknown) => this.#fail('its request cannot be served', error),
    )
  }

  /** Writes the answers at the head of the line that are there. */
  #flush(): void {
    while (!this.#isClosed) {
      const head = this.#inFlight[0]
      if (head === undefined || !head.isDone) break
      this.#inFlight.shift()
      this.#inFlightBytes -= head.size
      this.#budget.add(-head.size)
      if (head.answer !== null) this.#write(head.answer)
    }
    this.#bookUnsent()
    this.#pump()
    this.#readOn()
  }

  /** Answers to requests that came together, and can be answered at once, go into one system call. */
  #write(chunks: readonly Uint8Array[]): void {
    const [first] = chunks
    if (this.#queue.length > 0 && chunks.length === 1 && first !== undefined && first.length <= LARGEST_GATHERED) {
      if (this.#gathered.length === 0) process.nextTick(() => this.#writeGathered())
      this.#gathered.push(first)
      this.#gatheredBytes += first.length
      if (this.#gatheredBytes >= MAX_GATHERED_BYTES) this.#writeGathered()
      return
    }
    this.#writeGathered()
    const lent = chunks.filter((chunk) => this.#memory.isLent(chunk))
    const giveBack = (): void => lent.forEach((chunk) => this.#memory.give(chunk))
    if (!writeChunks(this.#socket, chunks, lent.length > 0 ? giveBack : undefined)) this.#isBlocked = true
  }

  #writeGathered(): void {
    if (this.#gathered.length === 0) return
    const chunks = this.#gathered
    this.#gathered = []
    this.#gatheredBytes = 0
    if (!this.#isClosed && !writeChunks(this.#socket, chunks)) this.#isBlocked = true
  }

  #bookUnsent(): void {
    const unsent = this.#isClosed ? 0 : this.#socket.writableLength
    this.#responses.add(unsent - this.#unsentBytes)
    this.#unsentBytes = unsent
  }

  #onDrain(): void {
    this.#isBlocked = false
    this.#bookUnsent()
    this.#pump()
    this.#readOn()
  }

  #onIdle(): void {
    if (this.#inFlight.length === 0) this.#socket.destroy()
  }

  #fail(why: string, error: unknown): void {
    if (this.#isClosed) return
    this.#logger.warn({ peer: this.peer, err: error ?? undefined }, `Connection closed: ${why}`)
    this.#socket.destroy()
    this.#onClose()
  }

  #onClose(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#bookUnsent()
    this.#abort.abort()
    this.#budget.done(this)
    let held = this.#pendingBytes
    for (const frame of this.#queue) held += frame.length
    for (const entry of this.#inFlight) held += entry.size
    this.#queue.length = 0
    this.#inFlight.length = 0
    this.#pendingBytes = 0
    this.#budget.add(-held)
  }
}
