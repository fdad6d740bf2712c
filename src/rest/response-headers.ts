import type { FastifyInstance } from 'fastify'
import type { ResponseHeaderRule } from '../runtime/index.ts'

/**
 * Puts the headers of `response.http.headers.config` on every answer. `setDate` and `addDate` take milliseconds that are
 * added to the present time.
 */
export function addResponseHeaders(app: FastifyInstance, rules: readonly ResponseHeaderRule[]): void {
  if (rules.length === 0) return
  app.addHook('onRequest', (_request, reply, done) => {
    for (const { action, name, value } of rules) {
      const isDate = action === 'setDate' || action === 'addDate'
      const text = isDate ? new Date(Date.now() + Number(value)).toUTCString() : value
      if (action === 'set' || action === 'setDate') reply.raw.removeHeader(name)
      const before = reply.getHeader(name)
      const isFirst = before === undefined || action === 'set' || action === 'setDate'
      void reply.header(name, isFirst ? text : [...[before].flat().map(String), text])
    }
    done()
  })
}
