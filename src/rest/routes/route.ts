import type { FastifyReply, FastifyRequest } from 'fastify'

/** One method of one path. Gives the JSON to answer with, or undefined for an empty body. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** fastify's syntax. */
  readonly path: string
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}
