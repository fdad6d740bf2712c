import type { CompressionType } from '../../protocol/records/index.ts'
import { ClientConfigError } from '../errors.ts'

/** Settings of a producer; the defaults are Kafka's. Times in milliseconds, sizes in bytes. */
export interface ProducerOptions {
  /** -1: all in-sync replicas have it (default), 1: the leader has it, 0: nobody is asked. */
  acks?: -1 | 0 | 1
  /** Retries can neither duplicate nor reorder. Default: true if the other settings allow it. */
  enableIdempotence?: boolean
  /** For `send`; batches of `sendBatch` bring their own. Default `none`. */
  compressionType?: CompressionType
  /** How long `send` waits for more records to share a batch, default 5. */
  lingerMs?: number
  /** Size at which a batch of `send` is closed, default 16384. */
  batchSize?: number
  /** Most bytes of one Produce request, hence of a batch; default 1048576. */
  maxRequestSize?: number
  /** Requests on their way to one broker at a time, default 5 (the most that idempotence allows). */
  maxInFlight?: number
  /** How often a batch is sent again at most; default as often as the delivery timeout allows. */
  retries?: number
  /** Bound on a batch's life from the call to the acknowledgement, default 120000. */
  deliveryTimeoutMs?: number
  /** Default: that of the cluster. */
  requestTimeoutMs?: number
  /** Records that are not acknowledged may take this much before `send` waits; default 33554432. */
  bufferMemory?: number
  /** How long `send` may wait for metadata or buffer memory, default 60000. */
  maxBlockMs?: number
}

export type ResolvedProducerOptions = Required<ProducerOptions>

/** Fills in the defaults and checks what cannot work together. @throws ClientConfigError */
export function resolveProducerOptions(options: ProducerOptions, requestTimeoutMs: number): ResolvedProducerOptions {
  const { acks = -1, maxInFlight = 5 } = options
  const idempotencePossible = acks === -1 && maxInFlight <= 5 && options.retries !== 0
  if (options.enableIdempotence === true && acks !== -1) {
    throw new ClientConfigError('acks', `enable.idempotence needs acks=all, not ${acks}`)
  }
  if (options.enableIdempotence === true && options.retries === 0) {
    throw new ClientConfigError('retries', 'enable.idempotence needs at least 1')
  }
  if (options.enableIdempotence === true && maxInFlight > 5) {
    const name = 'max.in.flight.requests.per.connection'
    throw new ClientConfigError(name, `enable.idempotence allows at most 5, not ${maxInFlight}`)
  }
  const resolved: ResolvedProducerOptions = {
    acks,
    enableIdempotence: options.enableIdempotence ?? idempotencePossible,
    compressionType: options.compressionType ?? 'none',
    lingerMs: options.lingerMs ?? 5,
    batchSize: options.batchSize ?? 16384,
    maxRequestSize: options.maxRequestSize ?? 1048576,
    maxInFlight,
    retries: options.retries ?? 0x7fffffff,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120000,
    requestTimeoutMs: options.requestTimeoutMs ?? requestTimeoutMs,
    bufferMemory: options.bufferMemory ?? 33554432,
    maxBlockMs: options.maxBlockMs ?? 60000,
  }
  if (resolved.deliveryTimeoutMs < resolved.lingerMs + resolved.requestTimeoutMs) {
    if (options.deliveryTimeoutMs !== undefined) {
      const least = `linger.ms + request.timeout.ms = ${resolved.lingerMs + resolved.requestTimeoutMs}`
      throw new ClientConfigError('delivery.timeout.ms', `${resolved.deliveryTimeoutMs} is less than ${least}`)
    }
    resolved.deliveryTimeoutMs = resolved.lingerMs + resolved.requestTimeoutMs
  }
  return resolved
}
