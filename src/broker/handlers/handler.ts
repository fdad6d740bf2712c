import type { ApiDefinition, RequestOf, ResponseInput } from '../../protocol/messages/index.ts'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { StorageError } from '../log/errors.ts'
import type { BrokerServices } from '../services.ts'

/** One request's surroundings. */
export interface RequestContext {
  readonly broker: BrokerServices
  readonly apiVersion: number
  readonly clientId: string | null
  readonly clientHost: string
  /** Name of the listener that the client came through. */
  readonly listener: string
  /** Fires when the client is gone. */
  readonly signal: AbortSignal
}

/** How one API is served. */
export interface Handler<Api extends ApiDefinition = ApiDefinition> {
  readonly api: Api
  /** The offered range; may be narrower than what the codec knows. */
  readonly minVersion: number
  readonly maxVersion: number
  /** Whether a request may begin before the one ahead of it, of the same API, is answered. What must keep its order has to
   * happen before `handle` first waits. */
  readonly isPipelined?: boolean
  /** Whether nothing refers to the bytes of a request once `handle` has settled, so that their memory may serve the next one. */
  readonly forgetsFrame?: boolean
  /** Serves a request. Null = the client expects no answer. */
  handle(
    request: RequestOf<Api>,
    context: RequestContext,
  ): Promise<ResponseInput<Api> | null> | ResponseInput<Api> | null
  /** The answer that says of everything that was asked for: this error. */
  refuse(request: RequestOf<Api>, error: ProtocolError, context: RequestContext): ResponseInput<Api> | null
}

/** Gives a handler its types; `versions` is the offered range. */
export function defineHandler<Api extends ApiDefinition>(
  api: Api,
  versions: readonly [min: number, max: number],
  behaviour: Pick<Handler<Api>, 'handle' | 'refuse' | 'isPipelined' | 'forgetsFrame'>,
): Handler<Api> {
  return { api, minVersion: versions[0], maxVersion: versions[1], ...behaviour }
}

/**
 * The error with a Kafka code behind anything thrown. What is not one already is logged and becomes KAFKA_STORAGE_ERROR, which
 * clients try again, when the disk is at fault, and else UNKNOWN_SERVER_ERROR.
 */
export function toProtocolError(error: unknown, { broker, clientId }: RequestContext, what: string): ProtocolError {
  if (error instanceof ProtocolError) return error
  broker.logger.error({ err: error, clientId }, `${what} failed`)
  return failureOf(error)
}

/** The answer to what nobody expected, without logging it. */
export function failureOf(error: unknown): ProtocolError {
  if (error instanceof StorageError) {
    return new ProtocolError(ErrorCode.KAFKA_STORAGE_ERROR, error.message, { cause: error })
  }
  return new ProtocolError(ErrorCode.UNKNOWN_SERVER_ERROR, null, { cause: error })
}

/** What stands in an answer for authorised operations that were not asked for. */
export const NO_OPERATIONS = -2147483648

/** Names that occur more than once. */
export function duplicatesOf(names: Iterable<string>): Set<string> {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) twice.add(name)
    seen.add(name)
  }
  return twice
}
