import type { Socket } from 'node:net'
import type { Client, Connection } from 'pg'

/** A run of whole CopyData messages, each a row, within `bytes`. */
export interface CopyChunk {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

const MESSAGE = { copyData: 0x64, copyDone: 0x63, copyOutResponse: 0x48, error: 0x45 } as const

/** Bytes that may wait to be taken before the socket is paused. */
const HIGH_WATER = 1024 * 1024

type DataListener = (chunk: Buffer) => void

/** What this file uses of pg's connection, which its types do not tell. */
interface RawConnection extends Connection {
  stream: Socket
  query(text: string): void
}

/**
 * Runs `COPY … TO STDOUT` and gives the server's bytes as they come from the socket, without a copy or an object a row.
 * While rows flow the socket's data listeners are ours; when the copy ends, or fails before it began, pg gets them back
 * together with the bytes that follow. `connection.stream` is semi-internal to pg: only this file touches it.
 */
export class CopyOut {
  readonly #text: string
  readonly #chunks: CopyChunk[] = []
  #buffered = 0
  #stream: Socket | null = null
  #listeners: DataListener[] = []
  #partial: Buffer[] = []
  #partialLength = 0
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

  /** A chunk that is there already, null when the copy has ended, or undefined when one must wait with `ready`. */
  take(): CopyChunk | null | undefined {
    const chunk = this.#chunks.shift()
    if (chunk) {
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

  /** Called by pg when the connection is ready for this statement. */
  submit(connection: Connection): void {
    const raw = connection as RawConnection
    this.#stream = raw.stream
    this.#listeners = raw.stream.listeners('data') as DataListener[]
    raw.stream.removeAllListeners('data')
    raw.stream.on('data', this.#onData)
    raw.query(this.#text)
  }

  /** Called by pg with the server's error, or when the connection broke. */
  handleError(error: Error): void {
    this.#detach()
    this.#failure = error
    this.#notify()
  }

  /** Called by pg after the end of the copy, once the connection can take the next statement. */
  handleReadyForQuery(): void {
    this.#done = true
    this.#notify()
  }

  handleCommandComplete(): void {}

  readonly #onData = (chunk: Buffer): void => {
    const bytes = this.#withPartial(chunk)
    if (!bytes) return
    let position = 0
    let rows = 0
    while (position + 5 <= bytes.length) {
      const type = bytes[position]
      const end = position + 1 + bytes.readInt32BE(position + 1)
      if (type === MESSAGE.copyDone || type === MESSAGE.error) {
        this.#push(bytes, rows, position)
        this.#detach()
        this.#forward(bytes.subarray(position))
        return
      }
      if (end > bytes.length) break
      if (type !== MESSAGE.copyData) {
        this.#push(bytes, rows, position)
        if (type !== MESSAGE.copyOutResponse) this.#forward(bytes.subarray(position, end))
        rows = end
      }
      position = end
    }
    this.#push(bytes, rows, position)
    if (position < bytes.length) this.#keep(bytes.subarray(position))
  }

  /** The chunk with what was left of the last one before it; null while a long message is still incomplete. */
  #withPartial(chunk: Buffer): Buffer | null {
    if (this.#partialLength === 0) return chunk
    this.#keep(chunk)
    const first = this.#partial[0] as Buffer
    const head = first.length >= 5 ? first : Buffer.concat(this.#partial)
    if (head.length < 5 || this.#partialLength < 1 + head.readInt32BE(1)) return null
    const whole = Buffer.concat(this.#partial)
    this.#partial = []
    this.#partialLength = 0
    return whole
  }

  #keep(bytes: Buffer): void {
    this.#partial.push(bytes)
    this.#partialLength += bytes.length
  }

  #push(bytes: Uint8Array, start: number, end: number): void {
    if (end <= start) return
    this.#chunks.push({ bytes, start, end })
    this.#buffered += end - start
    if (this.#buffered >= HIGH_WATER) this.#stream?.pause()
    this.#notify()
  }

  #forward(bytes: Buffer): void {
    for (const listener of this.#listeners) listener(bytes)
  }

  #detach(): void {
    const stream = this.#stream
    if (!stream || !stream.listeners('data').includes(this.#onData)) return
    stream.removeListener('data', this.#onData)
    for (const listener of this.#listeners) stream.on('data', listener)
    stream.resume()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}
