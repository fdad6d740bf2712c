import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { expositionType, MetricsPage, type MetricsSource, type NameStyle, nameStyles } from '../../runtime/index.ts'
import { sendError } from '../errors.ts'
import type { DocumentedOperation } from '../openapi/document.ts'

export const metricsPath = '/metrics'

export const metricsOperation: DocumentedOperation = {
  method: 'GET',
  path: metricsPath,
  summary: 'Metrics of this worker for Prometheus: [metrics](metrics.md).',
  query: {
    names: {
      description: 'Styles of names, separated by commas; default all.',
      schema: { type: 'array', items: { type: 'string', enum: nameStyles } },
    },
  },
  answers: { 200: { type: 'string' } },
  errors: [400],
  mediaType: 'text/plain',
}

/**
 * `GET /metrics`: the page for Prometheus, of this worker alone. Metrics have the names of every style unless `?names=`
 * lists some, e.g. `names=confluent`; 400 for a style that is not known.
 */
export function addMetricsRoute(app: FastifyInstance, source: MetricsSource): void {
  const page = new MetricsPage(source)
  app.get(metricsPath, { config: { anyMediaType: true } }, async (request, reply) => {
    const styles = requestedStyles(request)
    const unknown = styles.find((style) => !isStyle(style))
    if (unknown !== undefined) {
      return sendError(reply, 400, `Unknown names=${unknown}: use one or more of ${nameStyles.join(', ')}`)
    }
    const chunks = await page.render(styles as NameStyle[])
    return reply.type(expositionType).send(Readable.from(chunks, { objectMode: false, highWaterMark: 65_536 }))
  })
  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: metricsPath,
    config: { anyMediaType: true, isFallback: true },
    handler: (request, reply) => otherMethod(request, reply),
  })
  app.addHook('onClose', (_app, done) => {
    page.close()
    done()
  })
}

function requestedStyles(request: FastifyRequest): readonly string[] {
  const { names } = request.query as { names?: string | string[] }
  if (names === undefined) return nameStyles
  return [names].flat().flatMap((list) => list.split(',').map((name) => name.trim()))
}

function isStyle(name: string): name is NameStyle {
  return (nameStyles as readonly string[]).includes(name)
}

function otherMethod(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.header('allow', 'GET,HEAD,OPTIONS')
  if (request.method === 'OPTIONS') return reply.type('text/plain').send('GET, HEAD, OPTIONS')
  return sendError(reply, 405, 'HTTP 405 Method Not Allowed')
}
