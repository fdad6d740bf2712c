import type { FastifyInstance } from 'fastify'
import { inTime } from '../base/bounded-call.ts'
import { RuntimeError } from '../runtime/index.ts'

const DEFAULT_METHODS = 'GET,POST,HEAD'
const PREFLIGHT_MAX_AGE_S = 60
/** Longer than any address can be: a pattern must not have to search more than that. */
const LONGEST_ORIGIN = 300

/**
 * Lets pages of other origins call: `access.control.allow.origin` holds origins separated by commas, each a regular
 * expression or `*`; `access.control.allow.methods` what they may use (default GET, POST, HEAD). A pre-flight request is
 * answered like any other, also with 404, but carries the headers, as with Kafka Connect's server.
 */
export function addCors(app: FastifyInstance, origins: string, methods: string): void {
  if (origins.trim() === '') return
  const allowed = origins.split(',').map((origin) => originPattern(origin.trim()))
  const allowedMethods = methods.trim() === '' ? DEFAULT_METHODS : methods.replaceAll(/\s/g, '')
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || origin.length > LONGEST_ORIGIN) return done()
    // Some expressions take for ever with an origin that is made for that.
    if (inTime(() => allowed.some((pattern) => pattern.test(origin))) !== true) return done()
    void reply.header('access-control-allow-origin', origin)
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined) {
      void reply.headers({
        'access-control-max-age': PREFLIGHT_MAX_AGE_S,
        'access-control-allow-methods': allowedMethods,
        'access-control-allow-headers': 'Content-Type',
      })
    }
    done()
  })
}

/** An address with `*` for any text, or a regular expression: what has any other sign of one, `.*` among them. */
function originPattern(origin: string): RegExp {
  const isExpression = /[\\[({^$|+?]|\.\*/.test(origin)
  const source = isExpression ? origin : origin.replaceAll('.', '\\.').replaceAll('*', '.*')
  try {
    return new RegExp(`^(?:${source})$`)
  } catch (error) {
    throw new RuntimeError(
      `access.control.allow.origin: ${origin} is no regular expression: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
}
