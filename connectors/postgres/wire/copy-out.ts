import type { Socket } from 'node:net'
import type { Client, Connection } from 'pg'
import { type Block, CopyMemory } from './copy-memory.ts'
import { type ByteTaker, type TakenOver, takeOver } from './copy-socket.ts'

/** A run of whole CopyData messages, each a row, within `bytes`. */
export interface CopyChunk {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

interface HeldChunk extends CopyChunk {
  readonly block: Block
  end: number
}

const MESSAGE = { copyData: 0x64, copyDone: 0x63, copyOutResponse: 0x48, error: 0x45 } as const

/** A message's type byte and its length. */
const HEADER_BYTES = 5

const NOTHING = Buffer.alloc(0)

/** Bytes that may wait to be taken before the socket is paused. */
const HIGH_WATER = 1024 * 1024

/** Chunks that a reader looks at: the one that it gives rows of, and one that it looks into. */
const CHUNKS_IN_USE = 2

/** What this file uses of pg's connection, which its types do not tell. */
interface RawConnection extends Connection {
  stream: Socket
  query(text: string): void
}

/**
 * Runs `COPY … TO STDOUT` and gives the server's bytes as they come from the socket, without a copy or an object a row.
 * While rows flow the bytes of the socket are ours; when the copy ends, or fails before it began, pg gets them back
 * together with the bytes that follow. `connection.stream` is semi-internal to pg: only this folder touches it.
 */
export class CopyOut implements ByteTaker {
  readonly #text: string
  readonly #memory = new CopyMemory()
  readonly #chunks: HeldChunk[] = []
  readonly #inUse: HeldChunk[] = []
  #buffered = 0
  #stream: Socket | null = null
  #taken: TakenOver | null = null
  #failure: Error | null = null
  #done = false
  #wake: (() => void) | null = null

  private constructor(text: string) {
    this.#text = text
  }

  /** Starts the copy on an idle client. `text` is the whole statement. */
  static start(client: Client, text: string): CopyOut {
    const copy = new CopyOut(text)
    client.query(copy)
    return copy
  }

  /**
   * A chunk that is there already, null when the copy has ended, or undefined when one must wait with `ready`.
   * Its bytes are overwritten after the second chunk that follows it was taken.
   */
  take(): CopyChunk | null | undefined {
    const chunk = this.#chunks.shift()
    if (chunk) {
      if (this.#inUse.length === CHUNKS_IN_USE) this.#memory.release((this.#inUse.shift() as HeldChunk).block)
      this.#inUse.push(chunk)
      this.#buffered -= chunk.end - chunk.start
      if (this.#buffered < HIGH_WATER / 2) this.#stream?.resume()
      return chunk
    }
    if (this.#failure) throw this.#failure
    return this.#done ? null : undefined
  }

  /** Resolves when `take` has something to say. One waiter at a time. */
  ready(): Promise<void> {
    if (this.#chunks.length > 0 || this.#done || this.#failure) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Ends the wait for {@link ready}, although `take` has nothing to say. */
  interrupt(): void {
    this.#notify()
  }

  /** Called by pg when the connection is ready for this statement. */
  submit(connection: Connection): void {
    const raw = connection as RawConnection
    this.#stream = raw.stream
    this.#taken = takeOver(raw.stream, this)
    raw.query(this.#text)
  }

  /** Called by pg with the server's error, or when the connection broke. */
  handleError(error: Error): void {
    this.#taken?.giveBack(NOTHING)
    this.#failure = error
    this.#notify()
  }

  /** Called by pg after the end of the copy, once the connection can take the next statement. */
  handleReadyForQuery(): void {
    this.#done = true
    this.#notify()
  }

  handleCommandComplete(): void {}

  /** For the socket. */
  target(): Uint8Array {
    const { block, start, end } = this.#memory
    const isHeaderHere = end - start >= HEADER_BYTES
    return this.#memory.room(isHeaderHere ? 1 + block.bytes.readInt32BE(start + 1) : 0)
  }

  /** For the socket. */
  received(received: Uint8Array): void {
    const memory = this.#memory
    memory.add(received)
    const { bytes } = memory.block
    const { end: filled } = memory
    let position = memory.start
    let rows = position
    while (position + HEADER_BYTES <= filled) {
      const type = bytes[position]
      const end = position + 1 + bytes.readInt32BE(position + 1)
      if (type === MESSAGE.copyDone || type === MESSAGE.error) {
        this.#push(rows, position)
        this.#taken?.giveBack(Buffer.from(bytes.subarray(position, filled)))
        return
      }
      if (end > filled) break
      if (type !== MESSAGE.copyData) {
        this.#push(rows, position)
        if (type !== MESSAGE.copyOutResponse) this.#taken?.forward(Buffer.from(bytes.subarray(position, end)))
        rows = end
      }
      position = end
    }
    this.#push(rows, position)
    memory.start = position
  }

  /** Gives rows to be taken; those that follow waiting ones without a gap are one chunk with them. */
  #push(start: number, end: number): void {
    if (end <= start) return
    const { block } = this.#memory
    const last = this.#chunks.at(-1)
    if (last?.block === block && last.end === start) {
      last.end = end
    } else {
      block.held++
      this.#chunks.push({ bytes: block.bytes, start, end, block })
    }
    this.#buffered += end - start
    if (this.#buffered >= HIGH_WATER) this.#stream?.pause()
    this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}
