import { createReadStream, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isatty, ReadStream } from 'node:tty'
import type { Chunk } from './file-tail.ts'

/** Reads what the worker's standard input has, without waiting for more. */
export class StandardInput {
  /** How long to wait after `nothing`, in milliseconds. */
  readonly idleMs = 1000
  readonly #stream = openStandardInput()
  #failure: Error | null = null

  constructor() {
    this.#stream.on('error', (error) => {
      this.#failure = error
    })
  }

  read(): Promise<Chunk> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const bytes = this.#stream.read() as Uint8Array | null
    return Promise.resolve(bytes === null ? { kind: 'nothing' } : { kind: 'bytes', bytes })
  }

  close(): Promise<void> {
    this.#stream.destroy()
    return Promise.resolve()
  }
}

/** Terminals and pipes are polled: a blocking read would keep the thread from ending. */
function openStandardInput(): Readable {
  const status = fstatSync(0)
  if (isatty(0)) return new ReadStream(0)
  if (status.isFIFO() || status.isSocket()) return new Socket({ fd: 0, readable: true, writable: false })
  return createReadStream('', { fd: 0, autoClose: false })
}
