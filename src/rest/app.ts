import type { FastifyInstance, FastifyReply, HTTPMethods } from 'fastify'
import type { Logger } from '../base/logger.ts'
import { withDeadline, DeadlineExceededError } from '../base/deadline.ts'
import {
  describeStage,
  ForwardError,
  type Herder,
  type MetricsSource,
  PeerClient,
  RequestTimeoutError,
  type RestConfig,
} from '../runtime/index.ts'
import { addAccessLog } from './access-log.ts'
import { refuseMediaType } from './content-negotiation.ts'
import { addCors } from './cors.ts'
import { sendError, sendJson, statusOf } from './errors.ts'
import type { RestExtensions } from './extensions/rest-extensions.ts'
import { forward } from './forwarding.ts'
import { addResponseHeaders } from './response-headers.ts'
import { type Resources, routesOf } from './routes/index.ts'
import { addMetricsRoute } from './routes/metrics.ts'
import type { Route } from './routes/route.ts'
import { restTimeouts, type RestTimeouts } from './timeouts.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The body's bytes as they came; empty when there was none. */
    rawBody: Uint8Array
  }
  interface FastifyContextConfig {
    /** Answers methods that the path does not have. */
    isFallback?: boolean
    /** Not everything here is JSON. */
    anyMediaType?: boolean
  }
}

export interface RestOptions {
  readonly herder: Herder
  readonly logger: Logger
  /** Served at `GET /metrics`; without it there is no such path. */
  readonly metrics?: MetricsSource
  /** Which endpoints to serve. Default: all. */
  readonly resources?: Resources
  /** What others add to it. */
  readonly extensions?: RestExtensions
  /** CORS and headers of answers; default: none. */
  readonly rest?: Pick<RestConfig, 'allowOrigin' | 'allowMethods' | 'responseHeaders'>
  /** Sends requests on to other workers; default: without settings for https. */
  readonly peers?: PeerClient
  /** When requests are given up. Default: as with Kafka Connect. */
  readonly timeouts?: RestTimeouts
}

const MAX_BODY_BYTES = 64 * 1024 * 1024
const allMethods: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** As `Allow` lists them with Kafka Connect. */
const answeredOrder: readonly HTTPMethods[] = ['HEAD', 'DELETE', 'POST', 'GET', 'OPTIONS', 'PUT', 'PATCH']

/** Kafka Connect's REST API as a fastify application; not listening yet. */
export async function createApp(options: RestOptions): Promise<FastifyInstance> {
  const { fastify } = await import('fastify')
  const { herder, logger, rest, resources = 'all', peers = new PeerClient(), timeouts = restTimeouts } = options
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 16_384 },
    // Matrix parameters are cut off, as the JAX-RS server of Kafka Connect does.
    rewriteUrl: (request) => (request.url ?? '/').replace(/^[^?]*/, (path) => path.replace(/;[^/]*/g, '')),
    frameworkErrors: (error, _request, reply) => {
      void sendError(reply as FastifyReply, error.statusCode ?? 500, error.message)
    },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body as Buffer
    done(null, undefined)
  })
  app.decorateRequest('rawBody', null as unknown as Uint8Array)
  addAccessLog(app, logger)
  if (rest !== undefined) {
    addResponseHeaders(app, rest.responseHeaders)
    addCors(app, rest.allowOrigin, rest.allowMethods)
  }
  app.addHook('onRequest', (request, reply, done) => {
    request.rawBody = new Uint8Array(0)
    if (request.routeOptions.config.anyMediaType === true || !refuseMediaType(request, reply)) done()
  })
  options.extensions?.addTo(app)
  app.setNotFoundHandler((_request, reply) => sendError(reply, 404, 'HTTP 404 Not Found'))
  app.setErrorHandler(async (error, request, reply) => {
    if (error instanceof ForwardError) {
      try {
        return await forward(request, reply, error, peers, timeouts.requestMs)
      } catch (failure) {
        return sendError(reply, statusOf(failure), messageOf(failure))
      }
    }
    const status = statusOf(error)
    const known = (error as { statusCode?: number }).statusCode
    if (status === 500 && known === undefined) {
      logger.error({ err: error, method: request.method, path: request.routeOptions.url }, 'A request failed')
    }
    return sendError(reply, status === 500 ? (known ?? 500) : status, messageOf(error))
  })
  const metrics = resources === 'admin' ? undefined : options.metrics
  addRoutes(app, routesOf(herder, logger, resources, metrics !== undefined, timeouts), herder, timeouts)
  if (metrics !== undefined) addMetricsRoute(app, metrics)
  return app
}

/** Registers the routes, and 405 and OPTIONS for the other methods of their paths. */
function addRoutes(app: FastifyInstance, routes: readonly Route[], herder: Herder, timeouts: RestTimeouts): void {
  for (const [path, methods] of Map.groupBy(routes, (route) => route.path)) {
    for (const { method, handle, ownDeadline = false } of methods) {
      app.route({
        method,
        url: path,
        handler: async (request, reply) => {
          const work = handle(request, reply)
          const answer = await (ownDeadline ? work : inTime(work, herder, timeouts.requestMs))
          return answer === undefined ? reply.send() : sendJson(reply, JSON.stringify(answer))
        },
      })
    }
    const allowed = methods.map(({ method }) => method as HTTPMethods)
    const answered = answeredOrder.filter(
      (method) => method === 'OPTIONS' || allowed.includes(method === 'HEAD' ? 'GET' : method),
    )
    const others = allMethods.filter((method) => !allowed.includes(method))
    app.route({
      method: [...others],
      url: path,
      config: { isFallback: true },
      handler: (request, reply) => {
        void reply.header('allow', answered.join(','))
        if (request.method !== 'OPTIONS') return sendError(reply, 405, 'HTTP 405 Method Not Allowed')
        return reply.header('content-type', 'text/plain').send(Buffer.from(answered.join(', ')))
      },
    })
  }
}

async function inTime(answer: Promise<unknown>, herder: Herder, timeoutMs: number): Promise<unknown> {
  try {
    return await withDeadline(answer, timeoutMs, 'The request')
  } catch (error) {
    if (!(error instanceof DeadlineExceededError)) throw error
    const stage = describeStage(herder.stage())
    throw new RequestTimeoutError(`Request timed out${stage === '' ? '' : `.${stage}`}`, { cause: error })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
