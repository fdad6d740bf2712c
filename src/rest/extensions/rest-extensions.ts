import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { withDeadline } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import type {
  RestClusterState,
  RestExtension,
  RestExtensionAnswer,
  RestExtensionContext,
  RestExtensionPlugin,
  RestExtensionRequest,
  RestMethod,
} from '../../connect/index.ts'
import { RuntimeError, WorkerConfigError } from '../../runtime/index.ts'
import { sendJson } from '../errors.ts'

export interface RestExtensionsOptions {
  readonly plugins: readonly RestExtensionPlugin[]
  /** The worker's. */
  readonly properties: Readonly<Record<string, string>>
  readonly clusterState: RestClusterState
  readonly logger: Logger
  /** Whether the worker itself has such a path. */
  readonly isTaken: (path: string) => boolean
}

type Hook = Parameters<RestExtensionContext['beforeRequest']>[0]
type Handler = Parameters<RestExtensionContext['route']>[2]

/** How long an extension has to be made, to register and to close, in milliseconds. */
const EXTENSION_TIMEOUT_MS = 30_000

/** The extensions of a worker, made and registered, to be put into its main listeners. */
export class RestExtensions {
  readonly #instances: { readonly name: string; readonly extension: RestExtension }[] = []
  readonly #hooks: Hook[] = []
  readonly #routes: { readonly method: RestMethod; readonly path: string; readonly handler: Handler }[] = []
  readonly #logger: Logger

  private constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Rejects, after closing those that were made, when one cannot be made or registered. */
  static async create(options: RestExtensionsOptions): Promise<RestExtensions> {
    const extensions = new RestExtensions(options.logger)
    try {
      for (const plugin of options.plugins) await extensions.#add(plugin, options)
    } catch (error) {
      await extensions.close()
      throw error
    }
    return extensions
  }

  async #add(plugin: RestExtensionPlugin, options: RestExtensionsOptions): Promise<void> {
    const name = plugin.class
    const logger = options.logger.child({ logger: name })
    try {
      const extension = await inTime(async () => plugin.create(plugin.config.parse(options.properties)), name)
      this.#instances.push({ name, extension })
      await inTime(async () => extension.register(this.#contextFor(logger, options)), name)
    } catch (error) {
      throw new WorkerConfigError({
        'rest.extension.classes': [`rest.extension.classes: ${name} cannot be used: ${(error as Error).message}`],
      })
    }
    logger.info({}, 'REST extension registered')
  }

  #contextFor(logger: Logger, { clusterState, isTaken }: RestExtensionsOptions): RestExtensionContext {
    return {
      clusterState,
      logger,
      beforeRequest: (hook) => void this.#hooks.push(hook),
      route: (method, path, handler) => {
        if (!path.startsWith('/')) throw new RuntimeError(`the path ${path} does not begin with /`)
        const isOwn = this.#routes.some((route) => route.method === method && route.path === path)
        if (isOwn || isTaken(path)) throw new RuntimeError(`there is ${method} ${path} already`)
        this.#routes.push({ method, path, handler })
      },
    }
  }

  /** Lets the hooks see every request to a path that is there, and adds the routes. */
  addTo(app: FastifyInstance): void {
    if (this.#hooks.length > 0) {
      app.addHook('onRequest', async (request, reply) => {
        // Answered already, no such path, or no such method of it.
        if (reply.sent || request.is404) return
        if (request.routeOptions.config.isFallback === true && request.method !== 'OPTIONS') return
        const seen = seenBy(request, new Uint8Array(0))
        for (const hook of this.#hooks) {
          const answer = await hook(seen)
          if (answer !== undefined) return send(reply, answer)
        }
      })
    }
    for (const { method, path, handler } of this.#routes) {
      app.route({
        method,
        url: path,
        config: { anyMediaType: true },
        handler: async (request, reply) => send(reply, await handler(seenBy(request, request.rawBody))),
      })
    }
  }

  async close(): Promise<void> {
    const all = this.#instances.splice(0).toReversed()
    for (const { name, extension } of all) {
      try {
        await inTime(async () => extension.close?.(), name)
      } catch (error) {
        this.#logger.warn({ err: error, extension: name }, 'A REST extension did not close')
      }
    }
  }
}

function inTime<T>(work: () => Promise<T>, name: string): Promise<T> {
  return withDeadline(work(), EXTENSION_TIMEOUT_MS, `REST extension ${name}`)
}

function seenBy(request: FastifyRequest, body: Uint8Array): RestExtensionRequest {
  // As it was routed: with its dots resolved it could look like another path.
  const [path = '', query] = request.url.split(/\?(.*)/s, 2)
  return {
    method: request.method,
    path,
    query: new URLSearchParams(query),
    headers: request.headers,
    params: request.params as Record<string, string>,
    body,
  }
}

function send(reply: FastifyReply, { status = 200, headers = {}, body }: RestExtensionAnswer): FastifyReply {
  void reply.code(status)
  if (typeof body === 'string') void reply.header('content-type', 'text/plain')
  if (body instanceof Uint8Array) void reply.header('content-type', 'application/octet-stream')
  if (body === undefined) return reply.headers(headers).send()
  if (typeof body === 'string') return reply.headers(headers).send(Buffer.from(body, 'utf8'))
  if (body instanceof Uint8Array) return reply.headers(headers).send(Buffer.from(body))
  return sendJson(reply.headers(headers), JSON.stringify(body))
}
