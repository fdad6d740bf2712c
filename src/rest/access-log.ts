import type { FastifyInstance } from 'fastify'
import type { Logger } from '../base/logger.ts'

/** One line a request, with what an access log has: who, what, the answer and how long it took. No query, no headers. */
export function addAccessLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onResponse', (request, reply, done) => {
    logger.info(
      {
        // A listener for both kinds of addresses gives those of IPv4 in the form of IPv6.
        remote: request.ip.replace(/^::ffff:(?=[\d.]+$)/, ''),
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
