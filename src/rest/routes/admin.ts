import type { FastifyRequest } from 'fastify'
import type { Logger } from '../../base/logger.ts'
import { BadRequestError, type Herder, type LoggerScope } from '../../runtime/index.ts'
import { parseSettings, stringMap } from '../bodies.ts'
import type { Route } from './route.ts'

/** `/admin/loggers` (KIP-495, KIP-976). */
export function adminRoutes(herder: Herder, logger: Logger): Route[] {
  return [
    { method: 'GET', path: '/admin/loggers', handle: () => herder.loggers() },
    { method: 'GET', path: '/admin/loggers/:logger', handle: (request) => herder.loggerLevel(nameOf(request)) },
    {
      method: 'PUT',
      path: '/admin/loggers/:logger',
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
  const scope = new URL(request.url, 'http://self').searchParams.get('scope')
  switch (scope?.toLowerCase()) {
    case 'cluster':
      return 'cluster'
    case undefined:
    case 'worker':
      return 'worker'
    default:
      logger.warn({ scope }, 'Received an unknown scope for a logging level; worker is taken for it')
      return 'worker'
  }
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { logger: string }).logger
}
