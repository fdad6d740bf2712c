import type { FastifyReply } from 'fastify'
import { withoutSecrets } from '../base/secrets.ts'
import {
  AlreadyExistsError,
  BadRequestError,
  ForbiddenError,
  ForwardError,
  NotFoundError,
  PeerError,
  RebalanceNeededError,
  UnavailableError,
} from '../runtime/index.ts'

/** The body of every error answer. */
export interface ErrorBody {
  readonly error_code: number
  readonly message: string | null
}

const statuses: readonly (readonly [new (...args: never[]) => Error, number])[] = [
  [NotFoundError, 404],
  [AlreadyExistsError, 409],
  [BadRequestError, 400],
  [RebalanceNeededError, 409],
  [ForwardError, 409],
  [ForbiddenError, 403],
  [UnavailableError, 503],
]

/** Status of an error; what is not known is a failure of ours. */
export function statusOf(error: unknown): number {
  if (error instanceof PeerError) return error.status
  return statuses.find(([type]) => error instanceof type)?.[1] ?? 500
}

/** Statuses whose messages are our own and quote nothing but names, which clients match: these stay as they are. */
const ownMessages = new Set([403, 404, 405, 406, 409, 415])

/** Secrets that the message quotes are hidden. */
export function sendError(reply: FastifyReply, status: number, message: string | null): FastifyReply {
  const isOwn = message === null || ownMessages.has(status)
  const body: ErrorBody = { error_code: status, message: isOwn ? message : withoutSecrets(message) }
  return sendJson(reply.code(status), JSON.stringify(body))
}

/** Sends JSON text. As bytes, since fastify would say `charset=utf-8` of a text, which some clients do not expect. */
export function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json').send(Buffer.from(text, 'utf8'))
}
