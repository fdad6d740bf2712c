import type { FastifyRequest } from 'fastify'
import type { Logger } from '../../base/logger.ts'
import { BadRequestError, type Herder, type LoggerScope } from '../../runtime/index.ts'
import { parseSettings, stringMap } from '../bodies.ts'
import { list, map, oneOf, ref } from '../openapi/schemas.ts'
import { query } from './requests.ts'
import type { Route } from './route.ts'

/** `/admin/loggers` (KIP-495, KIP-976). */
export function adminRoutes(herder: Herder, logger: Logger): Route[] {
  return [
    {
      method: 'GET',
      path: '/admin/loggers',
      summary: 'Levels of all loggers, and when they were changed.',
      answers: { 200: map(ref('LoggerLevel')) },
      handle: () => herder.loggers(),
    },
    {
      method: 'GET',
      path: '/admin/loggers/:logger',
      summary: 'Level of a logger.',
      answers: { 200: ref('LoggerLevel') },
      errors: [404],
      handle: (request) => herder.loggerLevel(nameOf(request)),
    },
    {
      method: 'PUT',
      path: '/admin/loggers/:logger',
      summary: 'Sets the level of a logger and of all below it; with `?scope=cluster` on all workers.',
      query: { scope: { description: 'Default worker.', schema: oneOf('worker', 'cluster') } },
      body: {
        type: 'object',
        properties: { level: { type: 'string' } },
        required: ['level'],
        additionalProperties: true,
      },
      answers: { 200: list({ type: 'string' }), 204: null },
      errors: [400, 404],
      handle: async (request, reply) => {
        const { level } = stringMap(parseSettings(request.rawBody), 'the request')
        if (level === undefined || level === null) {
          throw new BadRequestError("Desired 'level' parameter was not specified in request.")
        }
        const touched = await herder.setLoggerLevel(nameOf(request), level, scopeOf(request, logger))
        if (touched === null) void reply.code(204)
        return touched ?? undefined
      },
    },
  ]
}

function scopeOf(request: FastifyRequest, logger: Logger): LoggerScope {
  const scope = query(request).get('scope')
  switch (scope?.toLowerCase()) {
    case 'cluster':
      return 'cluster'
    case 'worker':
      return 'worker'
    case undefined:
      return 'worker'
    default:
      logger.warn({ scope }, 'Received an unknown scope for a logging level; worker is taken for it')
      return 'worker'
  }
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { logger: string }).logger
}
