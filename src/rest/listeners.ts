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
  readonly host: string
  readonly port: number
}

/** Splits `http://host:port`; an empty host means all interfaces. Throws for what is not of that form. */
export function parseListener(text: string): Listener {
  const match = /^http:\/\/(\[[^\]]*\]|[^/:]*):(\d+)\/?$/.exec(text.trim())
  if (match === null) throw new RuntimeError(`listeners: ${text} is not of the form http://host:port`)
  const [, host = '', port = ''] = match
  return { text: text.trim(), host: host.replace(/^\[|\]$/g, '') || '0.0.0.0', port: Number(port) }
}

/**
 * The address that this worker tells the others (with a slash at the end): `rest.advertised.*`, else the first
 * listener with the port that it was bound to.
 */
export function advertisedUrl(config: WorkerConfig, bound: { host: string; port: number }): string {
  const host = config.advertisedHost ?? reachable(bound.host)
  const scheme = config.advertisedListener ?? 'http'
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${config.advertisedPort ?? bound.port}/`
}

/** An address that others can use, for a worker that listens on all interfaces. */
function reachable(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host
  const external = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')
  return external?.address ?? '127.0.0.1'
}
