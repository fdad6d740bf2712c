import type { FastifyInstance } from 'fastify'
import type { Logger } from '../base/logger.ts'

/** One line a request, with what an access log has: who, what, the answer and how long it took. No query, no headers. */
export function addAccessLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    logger.info(
      {
        remote: request.ip,
        method: request.method,
        path: request.url.split('?', 1)[0],
        status: reply.statusCode,
        bytes: Number(reply.getHeader('content-length') ?? 0),
        ms: Math.round(reply.elapsedTime),
        agent: request.headers['user-agent'],
      },
      'Request',
    )
    done()
  })
}
