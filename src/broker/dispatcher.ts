import type { Logger } from '../base/logger.ts'
import { decodeRequestBody, encodeResponse } from '../protocol/codec.ts'
import { ErrorCode, ProtocolError } from '../protocol/errors.ts'
import { ApiVersions } from '../protocol/messages/index.ts'
import type { RequestHeader } from '../protocol/request-header.ts'
import { handlers } from './handlers/registry.ts'
import { failureOf, type Handler, type RequestContext } from './handlers/handler.ts'
import type { Answer, Peer, RequestDispatcher } from './server/connection.ts'
import type { ApiRange, BrokerServices } from './services.ts'

/** The versions that this broker offers, by key. */
export const apiRanges: readonly ApiRange[] = handlers
  .map(({ api, minVersion, maxVersion }) => ({ apiKey: api.key, minVersion, maxVersion }))
  .sort((a, b) => a.apiKey - b.apiKey)

/** A request that no offered API can serve; the connection is closed without an answer. */
class UnservableRequestError extends Error {
  override get name(): string {
    return 'UnservableRequestError'
  }
}

/** Finds the handler of each request, decodes, handles and encodes. */
export class Dispatcher implements RequestDispatcher {
  readonly #services: BrokerServices
  readonly #logger: Logger
  readonly #handlers = new Map<number, Handler>(handlers.map((handler) => [handler.api.key, handler]))

  constructor(services: BrokerServices) {
    this.#services = services
    this.#logger = services.logger
  }

  isPipelined(apiKey: number): boolean {
    return this.#handlers.get(apiKey)?.isPipelined ?? false
  }

  forgetsFrame(apiKey: number): boolean {
    return this.#handlers.get(apiKey)?.forgetsFrame ?? false
  }

  dispatch(frame: Uint8Array, header: RequestHeader, peer: Peer, abort: AbortSignal): Answer {
    const { apiKey, apiVersion, correlationId, clientId, bodyPosition } = header
    const handler = this.#handlers.get(apiKey)
    if (handler === undefined) throw new UnservableRequestError(`API key ${apiKey} is not offered`)
    if (apiVersion < handler.minVersion || apiVersion > handler.maxVersion) {
      if (apiKey === ApiVersions.key && apiVersion > handler.maxVersion)
        return this.#answerNewerApiVersions(correlationId)
      throw new UnservableRequestError(`${handler.api.name} version ${apiVersion} is not offered`)
    }
    if (apiVersion < handler.api.minVersion) {
      // Produce 0 to 2: see its handler.
      throw new UnservableRequestError(`${handler.api.name} version ${apiVersion} cannot be read`)
    }
    const context: RequestContext = {
      broker: this.#services,
      apiVersion,
      clientId,
      clientHost: peer.host,
      listener: peer.listener,
      signal: abort,
    }
    const request = decodeRequestBody(handler.api, apiVersion, frame, bodyPosition)
    return this.#serve(handler, request, context, correlationId)
  }

  async #serve(
    handler: Handler,
    request: Parameters<Handler['handle']>[0],
    context: RequestContext,
    correlationId: number,
  ): Answer {
    let response: Awaited<ReturnType<Handler['handle']>>
    try {
      response = await handler.handle(request, context)
    } catch (error) {
      let refusal: ProtocolError
      if (error instanceof ProtocolError) refusal = error
      else {
        this.#logger.error({ err: error, api: handler.api.name, version: context.apiVersion }, 'A request failed')
        refusal = failureOf(error)
      }
      response = handler.refuse(request, refusal, context)
    }
    return response === null ? null : encodeResponse(handler.api, context.apiVersion, correlationId, response)
  }

  /** KIP-511: the client is newer than this broker; it is told our range in the form that every client can read. */
  async #answerNewerApiVersions(correlationId: number): Answer {
    const own = apiRanges.filter(({ apiKey }) => apiKey === ApiVersions.key)
    return encodeResponse(ApiVersions, 0, correlationId, { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: own })
  }
}
