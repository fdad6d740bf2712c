import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { withDeadline } from '../../src/base/deadline.ts'
import { FrameReader, writeChunks } from '../../src/net/index.ts'
import { correlationIdOf, decodeResponse, encodeRequest } from '../../src/protocol/codec.ts'
import type { ApiDefinition, RequestInput, ResponseOf } from '../../src/protocol/messages/index.ts'

const TIMEOUT_MS = 10000

/** A bare client for tests of a broker: sends what it is told, in the version it is told, and checks nothing. */
export class WireClient {
  readonly socket: Socket
  readonly #frames: Uint8Array[] = []
  readonly #waiting: ((frame: Uint8Array | null) => void)[] = []
  #correlationId = 0
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    const reader = new FrameReader()
    socket.on('data', (chunk) => {
      for (const frame of reader.push(chunk)) {
        const next = this.#waiting.shift()
        if (next === undefined) this.#frames.push(frame)
        else next(frame)
      }
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
      for (const next of this.#waiting.splice(0)) next(null)
    })
  }

  static async connect(port: number): Promise<WireClient> {
    const socket = connect(port, '127.0.0.1')
    await withDeadline(once(socket, 'connect'), TIMEOUT_MS, 'Connecting')
    return new WireClient(socket)
  }

  /** Sends without waiting; gives the correlation id. */
  post<Api extends ApiDefinition>(api: Api, version: number, body: RequestInput<Api>, clientId = 'test'): number {
    const correlationId = ++this.#correlationId
    writeChunks(this.socket, encodeRequest(api as ApiDefinition, version, { correlationId, clientId }, body))
    return correlationId
  }

  /** The next answer, whatever it answers; null once the connection is closed. */
  async nextFrame(): Promise<Uint8Array | null> {
    const frame = this.#frames.shift()
    if (frame !== undefined) return frame
    if (this.#isClosed) return null
    const next = new Promise<Uint8Array | null>((resolve) => this.#waiting.push(resolve))
    return withDeadline(next, TIMEOUT_MS, 'An answer')
  }

  /** Reads the next answer as one of `api`; fails if it does not answer `correlationId`. */
  async answer<Api extends ApiDefinition>(api: Api, version: number, correlationId: number): Promise<ResponseOf<Api>> {
    const frame = await this.nextFrame()
    if (frame === null) throw new Error(`The broker closed the connection instead of answering ${api.name}`)
    if (correlationIdOf(frame) !== correlationId) {
      throw new Error(`Answer ${correlationIdOf(frame)} came where ${correlationId} was due`)
    }
    return decodeResponse(api as ApiDefinition, version, frame).body as ResponseOf<Api>
  }

  async send<Api extends ApiDefinition>(api: Api, version: number, body: RequestInput<Api>): Promise<ResponseOf<Api>> {
    return this.answer(api, version, this.post(api, version, body))
  }

  /** Resolves when the broker has closed the connection; fails if it answers instead. */
  async closed(): Promise<void> {
    const frame = await this.nextFrame()
    if (frame !== null) throw new Error('The broker answered instead of closing the connection')
  }

  close(): void {
    this.socket.destroy()
  }
}
