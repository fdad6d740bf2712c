import type { Herder } from '../../runtime/index.ts'
import { offsetsRequest, parseOffsets } from '../bodies.ts'
import { ref } from '../openapi/schemas.ts'
import { connectorOf } from './requests.ts'
import type { Route } from './route.ts'

/** `/connectors/{connector}/offsets` (KIP-875). */
export function offsetRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:connector/offsets',
      summary: 'Offsets of a source, or of the consumer group of a sink.',
      answers: { 200: ref('Offsets') },
      errors: [404],
      handle: async (request) => ({ offsets: await herder.connectorOffsets(connectorOf(request)) }),
    },
    {
      method: 'PATCH',
      path: '/connectors/:connector/offsets',
      summary: 'Alters offsets of a stopped connector.',
      body: ref('Offsets'),
      answers: { 200: ref('Message') },
      errors: [400, 404, 409],
      forwarded: true,
      handle: (request) => herder.alterOffsets(connectorOf(request), offsetsRequest(parseOffsets(request.rawBody))),
    },
    {
      method: 'DELETE',
      path: '/connectors/:connector/offsets',
      summary: 'Resets the offsets of a stopped connector.',
      answers: { 200: ref('Message') },
      errors: [400, 404, 409],
      forwarded: true,
      handle: (request) => herder.resetOffsets(connectorOf(request)),
    },
  ]
}
