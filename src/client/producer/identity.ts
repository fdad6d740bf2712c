import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { InitProducerId } from '../../protocol/messages/init-producer-id.ts'
import type { Cluster } from '../cluster.ts'
import { noIdentity, type ProducerIdentity } from './producer-batch.ts'

const MAX_EPOCH = 32767

/** The producer id of an idempotent producer: asked for once, its epoch raised whenever a partition lost its sequence. */
export class IdentityKeeper {
  readonly #cluster: Cluster
  #current: ProducerIdentity = noIdentity
  #asking: Promise<void> | null = null

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** The present identity, `noIdentity` until there is one. */
  get current(): ProducerIdentity {
    return this.#current
  }

  /** Asks a broker for a producer id; concurrent calls share the request. @throws what makes it impossible */
  acquire(signal: AbortSignal): Promise<void> {
    this.#asking ??= this.#ask(signal).finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  /** An identity newer than `old` (KIP-360: the next epoch of the same id), or null when an id has to be acquired first. */
  newerThan(old: ProducerIdentity): ProducerIdentity | null {
    const { producerId, epoch } = this.#current
    if (producerId === -1) return null
    if (producerId === old.producerId && epoch <= old.epoch) {
      this.#current = epoch >= MAX_EPOCH ? noIdentity : { producerId, epoch: epoch + 1 }
    }
    return this.#current.producerId === -1 ? null : this.#current
  }

  /** The broker does not know the id any more. */
  discard(old: ProducerIdentity): void {
    if (this.#current.producerId === old.producerId) this.#current = noIdentity
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const ask = async (timeoutMs: number): Promise<void> => {
      const body = { transactionalId: null, transactionTimeoutMs: 0x7fffffff }
      const limits = { node: 'any', timeoutMs, signal, resend: 'always', maxVersion: 5 } as const
      const answer = await this.#cluster.request(InitProducerId, body, limits)
      if (answer.errorCode !== ErrorCode.NONE) throw new ProtocolError(answer.errorCode)
      this.#current = { producerId: answer.producerId, epoch: answer.producerEpoch }
    }
    await this.#cluster.retry(ask, { what: 'getting a producer id', signal })
  }
}
