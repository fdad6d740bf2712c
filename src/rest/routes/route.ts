import type { FastifyReply, FastifyRequest } from 'fastify'

export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a request may carry, and what comes back: one operation of the OpenAPI document. */
export interface Operation {
  /** One or two sentences. */
  readonly summary: string
  /** Parameters of the query by name; all are optional. */
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>
  /** Schema of the JSON body, which is required. */
  readonly body?: JsonSchema
  /** Schema of the JSON that a status comes with; null for an empty body. */
  readonly answers: Readonly<Record<number, JsonSchema | null>>
  /** Statuses of error answers besides 500. */
  readonly errors?: readonly number[]
  /** Another worker may have to do it: the request is sent on, and may carry `forward`. */
  readonly forwarded?: true
  /** Only other workers call it, with a signature. */
  readonly internal?: true
}

/** One method of one path, with its documentation. Gives the JSON to answer with, or undefined for an empty body. */
export interface Route extends Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** fastify's syntax. */
  readonly path: string
  /** It answers in time by itself. */
  readonly ownDeadline?: true
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>
}
