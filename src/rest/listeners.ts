import { networkInterfaces } from 'node:os'
import { RuntimeError, type WorkerConfig } from '../runtime/index.ts'

/** The REST server cannot listen where `listeners` tells it to. */
export class ListenError extends RuntimeError {
  override readonly code = 'MILL_LISTEN'
}

/** Where to listen: one entry of `listeners`. */
export interface Listener {
  /** As the user wrote it. */
  readonly text: string
  readonly scheme: 'http' | 'https'
  /** Empty for all interfaces, those of IPv6 too where there is IPv6. */
  readonly host: string
  readonly port: number
}

/** Where a listener was bound to. */
export interface BoundListener {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
}

/** Splits `http://host:port` or `https://host:port`; an empty host means all interfaces. Throws for other forms. */
export function parseListener(text: string, setting: string): Listener {
  const match = /^(https?):\/\/(\[[^\]]*\]|[^/:]*):(\d+)\/?$/i.exec(text.trim())
  if (match === null) throw new RuntimeError(`${setting}: ${text} is not of the form http://host:port`)
  const [, scheme = '', host = '', port = ''] = match
  if (Number(port) > 65_535) throw new RuntimeError(`${setting}: ${text} has a port beyond 65535`)
  return {
    text: text.trim(),
    scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http',
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
  }
}

/**
 * The address that this worker tells the others (with a slash at the end): `rest.advertised.*`, else the first listener of
 * the advertised scheme (http when there is one, else https) with the port that it was bound to.
 */
export function advertisedUrl(config: WorkerConfig, listeners: readonly BoundListener[]): string {
  const scheme =
    config.advertisedListener?.toLowerCase() ?? (listeners.some((bound) => bound.scheme === 'http') ? 'http' : 'https')
  const bound = listeners.find((listener) => listener.scheme === scheme) ?? listeners[0]
  if (bound === undefined) throw new RuntimeError('The REST server listens nowhere')
  const host = config.advertisedHost ?? reachable(bound.host)
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${config.advertisedPort ?? bound.port}/`
}

const loopback = /^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/i

/**
 * A warning for workers that others on other machines cannot reach: by what they tell them, or since they listen on the
 * loopback alone. Null when there is nothing to say, as when the brokers are on this machine too.
 */
export function unreachableNotice(
  url: string,
  listeners: readonly BoundListener[],
  bootstrapServers: readonly string[],
): string | null {
  const isLocalAddress = loopback.test(new URL(url).hostname)
  const hosts = bootstrapServers.map((server) => server.replace(/^\w+:\/\//, '').replace(/:\d+$/, ''))
  if (isLocalAddress && hosts.every((host) => loopback.test(host))) return null
  if (listeners.every(({ host }) => loopback.test(host)))
    return `Workers on other machines cannot reach this one: it listens on the loopback alone. Set listeners, e.g. to http://:8083`
  if (!isLocalAddress) return null
  return `Workers on other machines cannot reach this one: it tells them ${url} as its address. Set rest.advertised.host.name`
}

/** An address that others can use, for a worker that listens on all interfaces. */
function reachable(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host
  const external = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal)
  // A link-local address means nothing without the interface, which is another one on each machine.
  const usable = external.filter(({ family, scopeid = 0 }) => family === 'IPv4' || scopeid === 0)
  return (usable.find(({ family }) => family === 'IPv4') ?? usable[0])?.address ?? '127.0.0.1'
}
