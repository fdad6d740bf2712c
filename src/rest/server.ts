import dns from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { Logger } from '../base/logger.ts'
import { createApp, type RestOptions } from './app.ts'
import { OpenServer } from './open-server.ts'
import { type BoundListener, ListenError, type Listener, parseListener } from './listeners.ts'

export interface RestServerOptions extends Omit<RestOptions, 'resources'> {
  /** `http://host:port` or `https://host:port` each; port 0 takes a free one. */
  readonly listeners: readonly string[]
  /** Listeners of the administration endpoints alone; empty: there are none; null (default): they are at `listeners`. */
  readonly adminListeners?: readonly string[] | null
  /** For https listeners; asked when there is one. */
  readonly tls?: () => TlsOptions
  readonly adminTls?: () => TlsOptions
}

export interface RestServer {
  /** Base addresses that it listens on, with the real ports and a slash at the end; without those of admin listeners. */
  readonly urls: readonly string[]
  readonly adminUrls: readonly string[]
  readonly bound: readonly BoundListener[]
  /** Accepts nothing more, lets the requests under way end (for a minute at most), and closes all connections. */
  close(): Promise<void>
}

/** Those who ask once a minute keep their connection. Closed earlier, it may be while the next request is on its way. */
const IDLE_CONNECTION_MS = 65_000

/** Serves the REST API on all listeners. Rejects, naming listener and setting, when one cannot be bound. */
export async function createRestServer(options: RestServerOptions): Promise<RestServer> {
  const { listeners, adminListeners = null, tls, adminTls, ...appOptions } = options
  const apps: FastifyInstance[] = []
  const servers: OpenServer[] = []
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()))
    await Promise.all(apps.map((app) => app.close()))
  }
  const serve = async (
    resources: 'all' | 'main' | 'admin',
    setting: string,
    addresses: readonly string[],
    tlsOptions: (() => TlsOptions) | undefined,
  ): Promise<BoundListener[]> => {
    // Admin listeners of their own have no extensions, as with Kafka Connect.
    const { extensions, ...others } = appOptions
    const own = resources === 'admin' || extensions === undefined ? {} : { extensions }
    const app = await createApp({ ...others, ...own, resources })
    apps.push(app)
    await app.ready()
    const bound: BoundListener[] = []
    for (const listener of addresses.map((address) => parseListener(address, setting))) {
      const { scheme } = listener
      const server: Server =
        scheme === 'https'
          ? createHttpsServer(tlsOptions?.() ?? {}, (request, response) => app.routing(request, response))
          : createServer((request, response) => app.routing(request, response))
      server.keepAliveTimeout = IDLE_CONNECTION_MS
      const opened = new OpenServer(server)
      bound.push({ scheme, ...(await listen(server, listener, setting, appOptions.logger)) })
      servers.push(opened)
    }
    return bound
  }
  try {
    const bound = await serve(adminListeners === null ? 'all' : 'main', 'listeners', listeners, tls)
    const separate = (adminListeners ?? []).filter((address) => address.trim() !== '')
    const admin = separate.length === 0 ? [] : await serve('admin', 'admin.listeners', separate, adminTls)
    return { urls: bound.map(urlOf), adminUrls: admin.map(urlOf), bound, close }
  } catch (error) {
    await close()
    throw error
  }
}

function urlOf({ scheme, host, port }: BoundListener): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}/`
}

async function listen(
  server: Server,
  listener: Listener,
  setting: string,
  logger: Logger,
): Promise<Omit<BoundListener, 'scheme'>> {
  const { host, port } = listener
  try {
    // Without a host Node.js takes the addresses of both IPv6 and IPv4, or of IPv4 alone where there is no IPv6.
    server.listen(host === '' ? { port } : { host: await addressToBind(host), port })
    await once(server, 'listening')
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, listener, setting)
  }
  // A connection that cannot be taken, for want of file descriptors say, must not end the worker.
  server.on('error', (error) => logger.error({ err: error }, `The listener ${listener.text} has an error`))
  const bound = server.address() as AddressInfo
  return { host: host === '' ? bound.address : host, port: bound.port }
}

/** That of IPv4 for a name that has both, as with a JVM: `localhost` is where `127.0.0.1` is. */
export async function addressToBind(host: string): Promise<string> {
  const { address } = await dns.lookup(host, { order: 'ipv4first' })
  return address
}

function listenError(error: NodeJS.ErrnoException, { text, port }: Listener, setting: string): ListenError {
  const what = `Cannot listen on ${text} (setting "${setting}")`
  if (error.code === 'EADDRINUSE') {
    return new ListenError(
      `${what}: port ${port} is in use. Stop what uses it, or choose another port, e.g. ${setting}=${text.replace(/:\d+\/?$/, `:${port + 1}`)}`,
      { cause: error },
    )
  }
  if (error.code === 'EACCES') {
    return new ListenError(`${what}: not allowed to use port ${port}. Choose one above 1023.`, { cause: error })
  }
  return new ListenError(`${what}: ${error.message}`, { cause: error })
}
