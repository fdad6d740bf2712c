import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ForwardError, PeerClient } from '../runtime/index.ts'
import { sendError, sendJson } from './errors.ts'

/**
 * Sends a request on to the worker that an error names, at most twice in a row (follower → leader → owner): the first
 * hop goes with `forward=true`, the second with `forward=false`, and such a one is refused when it is wrong again.
 */
export async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  error: ForwardError,
  peers: PeerClient,
  timeoutMs: number,
): Promise<FastifyReply> {
  const asked = new URL(request.url, 'http://self')
  const allowed = asked.searchParams.get('forward')
  if (allowed !== null && allowed.toLowerCase() !== 'true') {
    return sendError(reply, 409, 'Cannot complete request because of a conflicting operation (e.g. worker rebalance)')
  }
  if (error.url === null || error.url === '') {
    return sendError(
      reply,
      409,
      'Cannot complete request momentarily due to no known leader URL, likely because a rebalance was underway.',
    )
  }
  const target = new URL(asked.pathname.replace(/^\//, ''), error.url)
  target.search = asked.search
  target.searchParams.set('forward', allowed === null ? 'true' : 'false')
  const body = request.rawBody.length === 0 ? {} : { body: Buffer.from(request.rawBody).toString('utf8') }
  const { authorization } = request.headers
  const response = await peers.call({
    method: request.method,
    url: target.href,
    ...body,
    headers: authorization === undefined ? {} : { authorization },
    timeoutMs,
  })
  if (response.location !== null) {
    void reply.header('location', new URL(new URL(response.location).pathname, baseUrl(request)).href)
  }
  void reply.code(response.status)
  return response.body === '' ? reply.send() : sendJson(reply, response.body)
}

/** The address that the client used, with a slash at the end. */
export function baseUrl(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}/`
}
