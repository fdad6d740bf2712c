import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How long requests under way may take when the server closes: as with Kafka Connect. */
const REQUEST_GRACE_MS = 60_000
/** How long a connection without a request may take to begin one meanwhile. */
const SILENCE_GRACE_MS = 1_000

/** A listening HTTP server that knows which of its connections wait for an answer, so that it closes as soon as it can. */
export class OpenServer {
  readonly #server: Server
  /** Answers that are due, by connection. */
  readonly #connections = new Map<Socket, Set<ServerResponse>>()
  /** Connections that are not secure yet, by the address of the client. */
  readonly #handshakes = new Map<string, Socket>()
  #isClosing = false

  /** @param server not listening yet */
  constructor(server: Server) {
    this.#server = server
    const isSecure = 'setSecureContext' in server
    if (isSecure) server.on('connection', (socket: Socket) => this.#shaking(socket))
    server.on(isSecure ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#handshakes.delete(addressOf(socket))
      this.#connections.set(socket, new Set())
      socket.once('close', () => this.#connections.delete(socket))
    })
    server.prependListener('request', ({ socket }, response) => this.#began(socket, response))
  }

  #shaking(socket: Socket): void {
    const address = addressOf(socket)
    this.#handshakes.set(address, socket)
    socket.once('close', () => {
      if (this.#handshakes.get(address) === socket) this.#handshakes.delete(address)
    })
  }

  #began(socket: Socket, response: ServerResponse): void {
    const due = this.#connections.get(socket)
    due?.add(response)
    if (this.#isClosing) response.shouldKeepAlive = false
    response.once('close', () => {
      due?.delete(response)
      if (this.#isClosing && due?.size === 0) socket.destroySoon()
    })
  }

  /** Accepts nothing more; resolves when the last connection is closed. */
  async close(): Promise<void> {
    this.#isClosing = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    for (const response of [...this.#connections.values()].flatMap((due) => [...due]))
      if (!response.headersSent) response.shouldKeepAlive = false
    const silent = setTimeout(() => {
      for (const [socket, due] of this.#connections) if (due.size === 0) socket.destroy()
      for (const socket of this.#handshakes.values()) socket.destroy()
    }, SILENCE_GRACE_MS)
    const late = setTimeout(() => this.#server.closeAllConnections(), REQUEST_GRACE_MS)
    await closed
    clearTimeout(silent)
    clearTimeout(late)
  }
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
