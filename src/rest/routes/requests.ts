import type { FastifyRequest } from 'fastify'
import { type ConnectorTaskId, NotFoundError } from '../../runtime/index.ts'
import { baseUrl } from '../forwarding.ts'

export function query(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://self').searchParams
}

/** Only `true`, in any case, is true. */
export function flag(request: FastifyRequest, name: string): boolean {
  return query(request).get(name)?.toLowerCase() === 'true'
}

export function connectorOf(request: FastifyRequest): string {
  return (request.params as { connector: string }).connector
}

/** Throws {@link NotFoundError} for what is no number of Java's `int`. */
export function taskOf(request: FastifyRequest): ConnectorTaskId {
  const { connector, task } = request.params as { connector: string; task: string }
  const number = /^[+-]?\d+$/.test(task) ? Number(task) : Number.NaN
  if (!(number >= -(2 ** 31) && number < 2 ** 31)) throw new NotFoundError('HTTP 404 Not Found')
  return { connector, task: number }
}

/** Address of a connector. Kafka Connect leaves `/` and `;` as they are too, but then it leads elsewhere. */
export function locationOf(request: FastifyRequest, name: string): string {
  const encoded = encodeURIComponent(name).replace(/%(?:2B|24|26|2C|3D|3A|40)/g, decodeURIComponent)
  return `${baseUrl(request)}connectors/${encoded}`
}
