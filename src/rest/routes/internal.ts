import type { FastifyRequest } from 'fastify'
import type { Herder, RequestSignature } from '../../runtime/index.ts'
import { BodyError, parseSettings, stringMap } from '../bodies.ts'
import { list, ref } from '../openapi/schemas.ts'
import { connectorOf } from './requests.ts'
import type { Route } from './route.ts'

/** What only other workers ask for, signed. */
export function internalRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'POST',
      path: '/connectors/:connector/tasks',
      summary: 'Between workers only, signed: the owner gives the leader task configurations.',
      body: list(ref('NewConfig')),
      answers: { 204: null },
      errors: [400, 403, 404, 409, 503],
      forwarded: true,
      internal: true,
      handle: async (request, reply) => {
        const body = parseSettings(request.rawBody)
        if (!Array.isArray(body))
          throw new BodyError('Cannot deserialize value: an array of task configurations is expected')
        const configs = body.map((config) => stringMap(config, 'a task configuration'))
        await herder.putTaskConfigs(connectorOf(request), configs, signatureOf(request, request.rawBody))
        void reply.code(204)
      },
    },
    {
      method: 'PUT',
      path: '/connectors/:connector/fence',
      summary: 'Between workers only, signed: fences out older source tasks.',
      answers: { 204: null },
      errors: [400, 403, 404, 409, 503],
      forwarded: true,
      internal: true,
      handle: async (request, reply) => {
        await herder.fenceZombies(connectorOf(request), signatureOf(request, new Uint8Array(0)))
        void reply.code(204)
      },
    },
  ]
}

function signatureOf(request: FastifyRequest, body: Uint8Array): RequestSignature {
  const header = (name: string): string | undefined => [request.headers[name]].flat()[0]
  return {
    signature: header('x-connect-authorization'),
    algorithm: header('x-connect-request-signature-algorithm'),
    body,
  }
}
