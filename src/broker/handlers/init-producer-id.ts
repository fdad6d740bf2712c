import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { InitProducerId } from '../../protocol/messages/index.ts'
import { defineHandler } from './handler.ts'

/** Gives idempotent producers an id. Transactional ids are refused: transactions are not served. */
export const initProducerId = defineHandler(InitProducerId, [0, 5], {
  async handle(request, { broker }) {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId === '') throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'the transactional id is empty')
    if (transactionalId !== null) {
      throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'This broker does not serve transactions')
    }
    if ((producerId === -1) !== (producerEpoch === -1)) throw new ProtocolError(ErrorCode.INVALID_REQUEST)
    return { errorCode: ErrorCode.NONE, producerId: await broker.producerIds.next(), producerEpoch: 0 }
  },
  refuse: (_request, { code }) => ({ errorCode: code, producerId: -1, producerEpoch: -1 }),
})
