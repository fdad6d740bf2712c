import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../../base/logger.ts'
import type { FrameMemory } from '../../net/index.ts'
import type { Listener } from '../config/listeners.ts'
import { Connection, type RequestDispatcher } from './connection.ts'
import { ListenError } from './listen-error.ts'
import { RequestBudget } from './request-budget.ts'
import type { ResponseBudget } from './response-budget.ts'

/** Limits of the server, from the broker's settings. */
export interface ServerOptions {
  readonly maxRequestBytes: number
  /** Bytes of requests that all connections together may hold. */
  readonly maxHeldBytes: number
  readonly responses: ResponseBudget
  /** Where large requests lie, and answers that lie in it are given back to. */
  readonly memory: FrameMemory
  readonly idleMs: number
  readonly maxConnections: number
  readonly maxConnectionsPerIp: number
  readonly backlog: number
  readonly logger: Logger
}

/** The broker's sockets: accepts connections on every listener and closes them all at the end. */
export class BrokerServer {
  readonly #options: ServerOptions
  readonly #dispatcher: RequestDispatcher
  readonly #budget: RequestBudget
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()

  constructor(dispatcher: RequestDispatcher, options: ServerOptions) {
    this.#dispatcher = dispatcher
    this.#options = options
    this.#budget = new RequestBudget(options.maxHeldBytes)
  }

  /**
   * Binds all listeners; answers them with the ports that they got. Connections are accepted from then on.
   * @throws {ListenError} that names the address which cannot be bound, and why; nothing stays bound then
   */
  async listen(listeners: readonly Listener[]): Promise<Listener[]> {
    const bound: Listener[] = []
    try {
      for (const listener of listeners) bound.push(await this.#bind(listener))
    } catch (error) {
      await this.close()
      throw error
    }
    return bound
  }

  async #bind(listener: Listener): Promise<Listener> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#accept(socket, listener.name))
    const { host, port } = listener
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(listener, error)))
      server.listen({ port, backlog: this.#options.backlog, ...(host === '' ? {} : { host }) }, () => resolve())
    })
    server.removeAllListeners('error')
    server.on('error', (error) =>
      this.#options.logger.error({ err: error, listener: listener.name }, 'A listener failed'),
    )
    this.#servers.push(server)
    const address = server.address()
    return { ...listener, port: typeof address === 'object' && address !== null ? address.port : port }
  }

  #accept(socket: Socket, listener: string): void {
    if (this.#isFull(socket)) {
      this.#options.logger.warn({ host: socket.remoteAddress }, 'Connection refused: max.connections is reached')
      socket.destroy()
      return
    }
    const connection = new Connection(socket, listener, {
      dispatcher: this.#dispatcher,
      budget: this.#budget,
      responses: this.#options.responses,
      memory: this.#options.memory,
      maxFrameBytes: this.#options.maxRequestBytes,
      idleMs: this.#options.idleMs,
      logger: this.#options.logger,
    })
    this.#connections.add(connection)
    connection.onClose(() => this.#connections.delete(connection))
  }

  #isFull(socket: Socket): boolean {
    const { maxConnections, maxConnectionsPerIp } = this.#options
    if (this.#connections.size >= maxConnections) return true
    if (this.#connections.size < maxConnectionsPerIp) return false
    let same = 0
    for (const other of this.#connections) if (other.peer.host === socket.remoteAddress) same++
    return same >= maxConnectionsPerIp
  }

  /** Stops accepting and closes every connection. */
  async close(): Promise<void> {
    const closing = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    for (const connection of this.#connections) connection.close()
    await Promise.all(closing)
    this.#servers.length = 0
  }
}

function bindError({ name, host, port }: Listener, error: NodeJS.ErrnoException): ListenError {
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} is in use by another process; stop that one, or choose another port`,
    EADDRNOTAVAIL: `this machine has no address ${host}; choose one of its own, or 127.0.0.1`,
    EACCES: `this user may not listen on port ${port}; choose a port above 1023`,
    ENOTFOUND: `the host name ${host} is not known`,
  }
  const reason = reasons[error.code ?? ''] ?? error.message
  return new ListenError(`listeners: cannot listen on ${name}://${host}:${port}: ${reason}`, { cause: error })
}
