import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendError } from './errors.ts'

const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:;.*)?$/

/**
 * Refuses what is not JSON: 406 for an `Accept` that leaves it out, 415 for another `Content-Type` (also on requests
 * without a body), 400 for one that is no media type. True when the request was answered.
 */
export function refuseMediaType(request: FastifyRequest, reply: FastifyReply): boolean {
  const { accept, 'content-type': contentType } = request.headers
  if (accept !== undefined && !acceptsJson(accept)) {
    void sendError(reply, 406, 'HTTP 406 Not Acceptable')
    return true
  }
  if (contentType === undefined) {
    if (!hasBody(request)) return false
    void sendError(reply, 415, 'HTTP 415 Unsupported Media Type')
    return true
  }
  if (!mediaType.test(contentType.trim())) {
    void reply.code(400).send()
    return true
  }
  if (/^application\/json\s*(?:;|$)/i.test(contentType.trim())) return false
  void sendError(reply, 415, 'HTTP 415 Unsupported Media Type')
  return true
}

function acceptsJson(accept: string): boolean {
  const types = accept.split(',').map((entry) => (entry.split(';')[0] ?? '').trim().toLowerCase())
  return types.some(
    (type) => type === '' || type === '*/*' || type === '*' || type === 'application/*' || type === 'application/json',
  )
}

function hasBody(request: FastifyRequest): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  return encoding !== undefined || (length !== undefined && length !== '0')
}
