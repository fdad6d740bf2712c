import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from '../base/logger.ts'
import type { Herder, MetricsSource } from '../runtime/index.ts'
import { createApp } from './app.ts'
import { ListenError, type Listener, parseListener } from './listeners.ts'

export interface RestServerOptions {
  /** `http://host:port` each; port 0 takes a free one. */
  readonly listeners: readonly string[]
  readonly logger: Logger
  readonly metrics?: MetricsSource
  readonly requestTimeoutMs?: number
}

export interface RestServer {
  /** Base addresses that it listens on, with the real ports and a slash at the end. */
  readonly urls: readonly string[]
  readonly bound: readonly { readonly host: string; readonly port: number }[]
  /** Lets running requests end for a moment, then closes all connections. */
  close(): Promise<void>
}

const CLOSE_GRACE_MS = 5_000

/** Serves the REST API on all listeners. Rejects, naming listener and setting, when one cannot be bound. */
export async function createRestServer(herder: Herder, options: RestServerOptions): Promise<RestServer> {
  const { logger, metrics, requestTimeoutMs } = options
  const app = await createApp({
    herder,
    logger,
    ...(metrics === undefined ? {} : { metrics }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
  })
  await app.ready()
  const servers: Server[] = []
  const bound: { host: string; port: number }[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer))
    await app.close()
  }
  try {
    for (const listener of options.listeners.map(parseListener)) {
      const server = createServer((request, response) => app.routing(request, response))
      bound.push({ host: listener.host, port: await listen(server, listener) })
      servers.push(server)
    }
  } catch (error) {
    await close()
    throw error
  }
  const urls = bound.map(({ host, port }) => `http://${host.includes(':') ? `[${host}]` : host}:${port}/`)
  return { urls, bound, close }
}

function listen(server: Server, listener: Listener): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, listener)))
    server.listen(listener.port, listener.host, () => resolve((server.address() as AddressInfo).port))
  })
}

function listenError(error: NodeJS.ErrnoException, { text, port }: Listener): ListenError {
  const what = `Cannot listen on ${text} (setting "listeners")`
  if (error.code === 'EADDRINUSE') {
    return new ListenError(
      `${what}: port ${port} is in use. Stop what uses it, or choose another port, e.g. listeners=${text.replace(/:\d+\/?$/, `:${port + 1}`)}`,
      { cause: error },
    )
  }
  if (error.code === 'EACCES') {
    return new ListenError(`${what}: not allowed to use port ${port}. Choose one above 1023.`, { cause: error })
  }
  return new ListenError(`${what}: ${error.message}`, { cause: error })
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  await closed
  clearTimeout(timer)
}
