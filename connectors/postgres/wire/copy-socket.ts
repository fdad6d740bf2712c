import { Socket } from 'node:net'

/** Takes what a socket receives in place of pg. */
export interface ByteTaker {
  /** Where the next bytes should be put, at least one of them. */
  target(): Uint8Array
  /** Is given the bytes that came: the beginning of what {@link target} gave, or others, which it has to copy. */
  received(bytes: Uint8Array): void
}

type DataListener = (chunk: Buffer) => void

const STAGING_BYTES = 65536
let staging: Buffer | null = null

/**
 * A socket for pg that reads into memory of whoever takes its bytes, and for pg itself into memory that all sockets of this
 * thread share. A socket of the ordinary kind makes a new buffer for each read, and V8 answers those, which lie outside its heap,
 * with one full garbage collection after the other: a third of a source's CPU time.
 */
export class CopySocket extends Socket {
  #taker: ByteTaker | null = null

  constructor() {
    super({
      onread: {
        // The first call is made when the socket connects.
        buffer: () => this.#taker?.target() ?? (staging ??= Buffer.allocUnsafeSlow(STAGING_BYTES)),
        callback: (count, buffer) => {
          const bytes = buffer.subarray(0, count)
          if (this.#taker === null) this.emit('data', Buffer.from(bytes))
          else this.#taker.received(bytes)
          return true
        },
      },
    })
  }

  /** Gives all that comes to `taker`; null: to pg again. */
  giveTo(taker: ByteTaker | null): void {
    this.#taker = taker
  }
}

/** The bytes of a stream that are somebody's for a while. */
export interface TakenOver {
  /** Lets pg have bytes that are none of the taker's. */
  forward(bytes: Buffer): void
  /** Lets pg have what comes from now on, after `rest`. Further calls do nothing. */
  giveBack(rest: Buffer): void
}

/** Lets `taker` have what pg's stream receives until it gives that back. */
export function takeOver(stream: Socket, taker: ByteTaker): TakenOver {
  const takeover = stream instanceof CopySocket ? takeReads(stream, taker) : takeChunks(stream, taker)
  let isOver = false
  return {
    forward: (bytes) => takeover.forward(bytes),
    giveBack(rest) {
      if (isOver) return
      isOver = true
      takeover.release()
      if (rest.length > 0) takeover.forward(rest)
      stream.resume()
    },
  }
}

interface Takeover {
  forward(bytes: Buffer): void
  release(): void
}

function takeReads(stream: CopySocket, taker: ByteTaker): Takeover {
  stream.giveTo(taker)
  return { forward: (bytes) => stream.emit('data', bytes), release: () => stream.giveTo(null) }
}

/** For streams with TLS, which read into memory of their own. */
function takeChunks(stream: Socket, taker: ByteTaker): Takeover {
  const listeners = stream.listeners('data') as DataListener[]
  const onData: DataListener = (chunk) => taker.received(chunk)
  stream.removeAllListeners('data')
  stream.on('data', onData)
  return {
    forward(bytes) {
      for (const listener of listeners) listener(bytes)
    },
    release() {
      stream.removeListener('data', onData)
      for (const listener of listeners) stream.on('data', listener)
    },
  }
}
